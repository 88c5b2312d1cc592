import {
  DeleteFunctionConcurrencyCommand,
  GetAccountSettingsCommand,
  GetFunctionConcurrencyCommand,
  InvokeCommand,
  type InvokeCommandInput,
  PutFunctionConcurrencyCommand,
} from '@aws-sdk/client-lambda';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import type { JsonObject } from '../../../lib/local/json.ts';
import { queue } from '../engine/support.ts';
import { conformanceApp, type DeployedFunction, failure, until } from './app.ts';
import { conforms } from './conforms.ts';
import { depth, take } from './sqs-client.ts';

const app = conformanceApp();
const MIB = 1024 * 1024;

async function invoke(target: DeployedFunction, event: unknown = {}, more: Partial<InvokeCommandInput> = {}) {
  const Payload = typeof event === 'string' ? event : JSON.stringify(event);
  const answer = await app.clients.lambda.send(new InvokeCommand({ FunctionName: target.name, Payload, ...more }));
  const text = Buffer.from(answer.Payload ?? []).toString();
  return { ...answer, text, payload: text === '' ? undefined : JSON.parse(text) };
}
const EVENT = { InvocationType: 'Event' } as const;

const echo = app.lambda('return event;');
conforms(
  'Lambda: a synchronous invocation answers what the handler returned',
  { source: 'lambda-invoke' },
  async () => {
    const answer = await invoke(echo, { a: [1, 'x', null] });
    expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST', payload: { a: [1, 'x', null] } });
    expect(answer.FunctionError).toBeUndefined();
  },
);
const silent = app.lambda('');
conforms('Lambda: a handler that returns nothing answers null', { source: 'lambda-node' }, async () => {
  expect((await invoke(silent)).text).toBe('null');
});
const throwing = app.lambda("throw new TypeError('no such thing');");
conforms(
  'Lambda: an exception is a 200 with FunctionError and type, message and trace of the error',
  { source: 'lambda-invoke' },
  async () => {
    const answer = await invoke(throwing);
    expect(answer).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' });
    expect(answer.payload).toMatchObject({ errorType: 'TypeError', errorMessage: 'no such thing' });
    expect(answer.payload.trace[0]).toBe('TypeError: no such thing');
  },
);
const slow = app.lambda('await sleep(60_000);', { Timeout: 1 });
conforms(
  'Lambda: a timeout kills the invocation; the next one gets a new instance',
  { source: 'recorded' },
  async () => {
    const answer = await invoke(slow);
    expect(answer.FunctionError).toBe('Unhandled');
    expect(answer.payload).toMatchObject({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringMatching(/^RequestId: [0-9a-f-]{36} Error: Task timed out after 1\.00 seconds$/),
    });
  },
);
const exiting = app.lambda('process.exit(3);');
conforms('Lambda: a handler that ends the process fails as Runtime.ExitError', { source: 'recorded' }, async () => {
  const { payload } = await invoke(exiting);
  expect(payload).toMatchObject({
    errorType: 'Runtime.ExitError',
    errorMessage: expect.stringMatching(/^RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 3$/),
  });
});
const unloadable = app.id('Unloadable');
app.add({
  [`${unloadable}Role`]: {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      },
    },
  },
  [unloadable]: {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Code: { ZipFile: "throw new Error('not today');" },
      Handler: 'index.handler',
      Runtime: 'nodejs24.x',
      Role: { 'Fn::GetAtt': [`${unloadable}Role`, 'Arn'] },
    },
  },
});
conforms(
  'Lambda: an error while the module loads is the answer to every invocation',
  { source: 'lambda-node' },
  async () => {
    for (let time = 0; time < 2; time++) {
      const answer = await app.clients.lambda.send(new InvokeCommand({ FunctionName: app.physical(unloadable) }));
      expect(answer.FunctionError).toBe('Unhandled');
      expect(JSON.parse(Buffer.from(answer.Payload ?? []).toString())).toMatchObject({
        errorType: 'Error',
        errorMessage: 'not today',
      });
    }
  },
);
const sized = app.lambda("return typeof event === 'number' ? 'x'.repeat(event) : 'ok';", { MemorySize: 512 });
conforms('Lambda: a synchronous request holds up to 6 MB', { source: 'lambda-limits' }, async () => {
  expect((await invoke(sized, JSON.stringify('x'.repeat(6 * MIB - 2)))).payload).toBe('ok');
  const error = await failure(invoke(sized, JSON.stringify('x'.repeat(6 * MIB - 1))));
  expect(error).toMatchObject({ name: 'RequestTooLargeException', $metadata: { httpStatusCode: 413 } });
});
conforms(
  'Lambda: a response above 6 MB fails as Function.ResponseSizeTooLarge',
  { source: 'lambda-limits' },
  async () => {
    expect((await invoke(sized, 6 * MIB)).FunctionError).toBeUndefined();
    const answer = await invoke(sized, 6 * MIB + 200);
    expect(answer).toMatchObject({
      FunctionError: 'Unhandled',
      payload: { errorType: 'Function.ResponseSizeTooLarge' },
    });
  },
);
conforms('Lambda: an event holds up to 1 MB', { source: 'lambda-limits' }, async () => {
  expect((await invoke(sized, JSON.stringify('x'.repeat(MIB - 2)), EVENT)).StatusCode).toBe(202);
  const error = await failure(invoke(sized, JSON.stringify('x'.repeat(MIB - 1)), EVENT));
  expect(error).toMatchObject({ name: 'RequestTooLargeException', $metadata: { httpStatusCode: 413 } });
});
conforms(
  'Lambda: a payload that is not JSON is InvalidRequestContentException',
  { source: 'lambda-invoke' },
  async () => {
    const error = await failure(invoke(echo, '{"a":'));
    expect(error).toMatchObject({ name: 'InvalidRequestContentException', $metadata: { httpStatusCode: 400 } });
    expect(error.message).toContain('Could not parse request body into json');
  },
);
conforms('Lambda: a function that is not there is ResourceNotFoundException', { source: 'lambda-invoke' }, async () => {
  const error = await failure(app.clients.lambda.send(new InvokeCommand({ FunctionName: 'nobody' })));
  expect(error).toMatchObject({ name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 404 } });
  expect(error.message).toBe('Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody');
});
conforms('Lambda: a dry run answers 204 and runs nothing', { source: 'lambda-invoke' }, async () => {
  expect((await invoke(echo, {}, { InvocationType: 'DryRun' })).StatusCode).toBe(204);
});
const logging = app.lambda("console.log('hello from', context.awsRequestId); return context.awsRequestId;");
conforms(
  'Lambda: LogType Tail answers the last lines of the log, from START to REPORT',
  { source: 'lambda-invoke' },
  async () => {
    const answer = await invoke(logging, {}, { LogType: 'Tail' });
    const log = Buffer.from(answer.LogResult ?? '', 'base64').toString();
    expect(log).toMatch(new RegExp(`START RequestId: ${answer.payload} Version: \\$LATEST`));
    expect(log).toContain(`hello from ${answer.payload}`);
    expect(log).toMatch(new RegExp(`REPORT RequestId: ${answer.payload}\\s+Duration: [\\d.]+ ms`));
  },
);
const contextual = app.lambda(
  'return { left: context.getRemainingTimeInMillis(), ...Object.fromEntries(["functionName", "functionVersion", "memoryLimitInMB", "invokedFunctionArn", "awsRequestId", "logGroupName", "logStreamName"].map((name) => [name, context[name]])) };',
  { Timeout: 20, MemorySize: 256 },
);
conforms(
  'Lambda: the context tells name, limits, request and the time that is left',
  { source: 'lambda-node' },
  async () => {
    const { payload, $metadata } = await invoke(contextual);
    expect(payload).toEqual({
      left: expect.any(Number),
      functionName: contextual.name,
      functionVersion: '$LATEST',
      memoryLimitInMB: '256',
      invokedFunctionArn: contextual.arn,
      awsRequestId: $metadata.requestId,
      logGroupName: `/aws/lambda/${contextual.name}`,
      logStreamName: expect.stringMatching(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/),
    });
    expect(payload.left).toBeLessThanOrEqual(20_000);
  },
);
const environment = app.lambda('return process.env;', { Environment: { Variables: { OWN: 'value' } } });
conforms(
  'Lambda: the environment holds the function variables and those of the runtime, and nothing of the host',
  { source: 'lambda-node' },
  async () => {
    process.env.CONFORMANCE_SECRET = 'hush';
    const { payload } = await invoke(environment);
    expect(payload).toMatchObject({
      OWN: 'value',
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: environment.name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      _HANDLER: 'index.handler',
      LAMBDA_TASK_ROOT: expect.any(String),
      AWS_ACCESS_KEY_ID: expect.any(String),
      AWS_SESSION_TOKEN: expect.any(String),
    });
    expect(payload).not.toHaveProperty('CONFORMANCE_SECRET');
  },
);
const counting = app.lambda('globalThis.count = (globalThis.count ?? 0) + 1; return globalThis.count;', {
  ReservedConcurrentExecutions: 1,
});
conforms(
  'Lambda: an instance is used again, with what it keeps in memory',
  { source: 'lambda-concurrency' },
  async () => {
    const counts = [
      (await invoke(counting)).payload,
      (await invoke(counting)).payload,
      (await invoke(counting)).payload,
    ];
    expect(counts).toEqual([1, 2, 3]);
  },
);
const exclusive = app.lambda(
  'const busy = globalThis.busy; globalThis.busy = true; await sleep(100); globalThis.busy = false; return busy ?? false;',
);
conforms('Lambda: an instance works on one event at a time', { source: 'lambda-concurrency' }, async () => {
  const answers = await Promise.all(Array.from({ length: 6 }, () => invoke(exclusive)));
  expect(answers.map(({ payload }) => payload)).toEqual(Array.from({ length: 6 }, () => false));
});
const gate = app.id('Gate');
app.add(queue(gate));
const reserved = app.lambda(
  "if (!event.hold) return 'in'; see('holding'); await aws('sqs', 'AmazonSQS.ReceiveMessage', { QueueUrl: event.hold, WaitTimeSeconds: 20 });",
  { ReservedConcurrentExecutions: 1, Timeout: 30 },
);
conforms(
  'Lambda: beyond its reserved concurrency a function is throttled',
  { source: 'lambda-concurrency' },
  async () => {
    const holding = invoke(reserved, { hold: app.physical(gate) });
    await until('the only place to be taken', () => reserved.seen().includes('holding'));
    const error = await failure(invoke(reserved));
    expect(error).toMatchObject({
      name: 'TooManyRequestsException',
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
      $metadata: { httpStatusCode: 429 },
    });
    expect(error.message).toBe('Rate Exceeded.');
    await app.clients.sqs.send(new SendMessageCommand({ QueueUrl: app.physical(gate), MessageBody: 'go on' }));
    await holding;
    expect((await invoke(reserved)).payload).toBe('in');
  },
);

const stopped = app.lambda("return 'in';");
conforms(
  'Lambda: PutFunctionConcurrency 0 throttles every call, DeleteFunctionConcurrency lets the function run again',
  { source: 'lambda-concurrency' },
  async () => {
    const { lambda } = app.clients;
    const FunctionName = stopped.name;
    await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }));
    expect(await lambda.send(new GetFunctionConcurrencyCommand({ FunctionName }))).toMatchObject({
      ReservedConcurrentExecutions: 0,
    });
    expect(await failure(invoke(stopped))).toMatchObject({
      name: 'TooManyRequestsException',
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
    });
    await lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
    expect((await invoke(stopped)).payload).toBe('in');
  },
);
const greedy = app.lambda("return 'in';");
conforms(
  'Lambda: reservations leave 100 executions of the account to the functions that have none',
  { source: 'lambda-concurrency' },
  async () => {
    const { lambda } = app.clients;
    const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand());
    const left = AccountLimit?.UnreservedConcurrentExecutions ?? 0;
    const reserve = (ReservedConcurrentExecutions: number) =>
      lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: greedy.name, ReservedConcurrentExecutions }));
    expect(await failure(reserve(left - 99))).toMatchObject({
      name: 'InvalidParameterValueException',
      message:
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].",
    });
    await reserve(1);
    expect((await lambda.send(new GetAccountSettingsCommand())).AccountLimit).toMatchObject({
      ConcurrentExecutions: 1000,
      UnreservedConcurrentExecutions: left - 1,
    });
    await lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName: greedy.name }));
  },
);

const SEE_ID = 'see([context.awsRequestId, event]);';
const [dead, lost, won] = [app.id('Dead'), app.id('Lost'), app.id('Won')];
app.add({ ...queue(dead), ...queue(lost), ...queue(won) });
const destination = (id: string) => ({ Destination: { 'Fn::GetAtt': [id, 'Arn'] } });
const invokeConfig = (target: DeployedFunction, properties: JsonObject) =>
  app.add({
    [`${target.id}Config`]: {
      Type: 'AWS::Lambda::EventInvokeConfig',
      Properties: { FunctionName: { Ref: target.id }, Qualifier: '$LATEST', ...properties },
    },
  });

const failing = app.lambda(`${SEE_ID} throw new Error('never');`, {
  DeadLetterConfig: { TargetArn: { 'Fn::GetAtt': [dead, 'Arn'] } },
});
conforms(
  'Lambda: an event is tried three times under one request id, then goes to the dead-letter queue with error attributes',
  {
    source: 'recorded',
    faithful: 'partly',
    remark: 'Retries wait half a second and a second; on AWS a minute and two.',
  },
  async () => {
    const { StatusCode, $metadata, text } = await invoke(failing, { order: 7 }, EVENT);
    expect([StatusCode, text]).toEqual([202, '']);
    const [letter] = await take(app.clients.sqs, app.physical(dead), 1);
    expect(JSON.parse(letter?.Body ?? '')).toEqual({ order: 7 });
    expect(letter?.MessageAttributes).toEqual({
      RequestID: { DataType: 'String', StringValue: $metadata.requestId },
      ErrorCode: { DataType: 'Number', StringValue: '200' },
      ErrorMessage: { DataType: 'String', StringValue: 'never' },
    });
    expect(failing.seen()).toEqual(Array.from({ length: 3 }, () => [$metadata.requestId, { order: 7 }]));
  },
);
const losing = app.lambda("see(1); throw new RangeError('lost');");
invokeConfig(losing, { MaximumRetryAttempts: 0, DestinationConfig: { OnFailure: destination(lost) } });
conforms(
  'Lambda: an on-failure destination gets the event, the error and the number of attempts',
  { source: 'lambda-destinations' },
  async () => {
    await invoke(losing, { order: 8 }, EVENT);
    const [message] = await take(app.clients.sqs, app.physical(lost), 1);
    expect(JSON.parse(message?.Body ?? '')).toEqual({
      version: '1.0',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      requestContext: {
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        functionArn: `${losing.arn}:$LATEST`,
        condition: 'RetriesExhausted',
        approximateInvokeCount: 1,
      },
      requestPayload: { order: 8 },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: { errorType: 'RangeError', errorMessage: 'lost', trace: expect.any(Array) },
    });
    expect(losing.seen()).toHaveLength(1);
  },
);
const winning = app.lambda('return { done: event.order };');
invokeConfig(winning, { DestinationConfig: { OnSuccess: destination(won), OnFailure: destination(lost) } });
conforms(
  'Lambda: an on-success destination gets the event and the answer',
  { source: 'lambda-destinations' },
  async () => {
    await invoke(winning, { order: 9 }, EVENT);
    const [message] = await take(app.clients.sqs, app.physical(won), 1);
    expect(JSON.parse(message?.Body ?? '')).toMatchObject({
      requestContext: { condition: 'Success', approximateInvokeCount: 1 },
      requestPayload: { order: 9 },
      responseContext: { statusCode: 200, executedVersion: '$LATEST' },
      responsePayload: { done: 9 },
    });
  },
);
const unheard = app.id('Unheard');
app.add(queue(unheard));
const synchronous = app.lambda("throw new Error('heard');", {
  DeadLetterConfig: { TargetArn: { 'Fn::GetAtt': [unheard, 'Arn'] } },
});
conforms(
  'Lambda: a synchronous failure is neither retried nor sent to the dead-letter queue',
  { source: 'lambda-async' },
  async () => {
    expect((await invoke(synchronous)).payload.errorMessage).toBe('heard');
    expect(await depth(app.clients.sqs, app.physical(unheard))).toBe(0);
  },
);
const recovering = app.lambda(
  "globalThis.tries = (globalThis.tries ?? 0) + 1; see(globalThis.tries); if (globalThis.tries < 3) throw new Error('not yet');",
);
conforms('Lambda: an event that succeeds at a retry is done', { source: 'lambda-async' }, async () => {
  await invoke(recovering, {}, EVENT);
  await until('the third attempt', () => recovering.seen().includes(3));
  expect(recovering.seen()).toEqual([1, 2, 3]);
});
