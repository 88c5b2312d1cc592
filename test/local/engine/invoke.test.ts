import {
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  ListFunctionsCommand,
} from '@aws-sdk/client-lambda';
import { expect, onTestFinished, test } from 'vitest';
import type { Json, JsonObject } from '../../../lib/local/json.ts';
import type { TestEngine } from './support.ts';
import { lambda, mapping, queue, REGION, send, start, takeMessages, until, writeAssembly } from './support.ts';

/** A stock SDK client at the engine's endpoint. */
function client({ engine }: TestEngine): LambdaClient {
  const lambdaClient = new LambdaClient({
    endpoint: engine.url,
    region: REGION,
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  onTestFinished(() => lambdaClient.destroy());
  return lambdaClient;
}

interface Answer {
  readonly payload: Json;
  readonly error: string | undefined;
  readonly log: string;
}

async function invoke(sdk: LambdaClient, FunctionName: string, event: Json = {}): Promise<Answer> {
  const answer = await sdk.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(event), LogType: 'Tail' }));
  return {
    payload: JSON.parse(Buffer.from(answer.Payload ?? []).toString('utf8')) as Json,
    error: answer.FunctionError,
    log: Buffer.from(answer.LogResult ?? '', 'base64').toString('utf8'),
  };
}

/** Starts an engine with functions by logical id. */
async function functions(codes: Record<string, string | [string, JsonObject]>, more: JsonObject = {}) {
  const resources = Object.entries(codes).map(([id, code]) =>
    typeof code === 'string' ? lambda(id, code) : lambda(id, ...code),
  );
  const running = await start(writeAssembly(Object.assign({}, more, ...resources)));
  return { ...running, sdk: client(running) };
}

test("a function gets Lambda's contract: event, context, environment, warm state, and its answer comes back", async () => {
  process.env.HOST_SECRET = 'do not leak';
  onTestFinished(() => void delete process.env.HOST_SECRET);
  const code = `let calls = 0; exports.handler = async (event, context) => { console.log('working'); return {
    event, calls: ++calls, env: process.env,
    context: { ...context, left: context.getRemainingTimeInMillis() } }; };`;
  const { sdk, physical } = await functions({
    Echo: [code, { Environment: { Variables: { COLOUR: 'blue' } }, Timeout: 7 }],
  });
  const FunctionName = physical('Echo');
  const { payload, error, log } = await invoke(sdk, FunctionName, { hello: 'world' });
  expect(error).toBeUndefined();
  expect(payload).toMatchObject({
    event: { hello: 'world' },
    calls: 1,
    env: {
      COLOUR: 'blue',
      AWS_REGION: REGION,
      AWS_DEFAULT_REGION: REGION,
      AWS_LAMBDA_FUNCTION_NAME: FunctionName,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_ENDPOINT_URL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      AWS_ACCESS_KEY_ID: expect.stringMatching(/^ASIA/),
      AWS_SESSION_TOKEN: expect.any(String),
      _X_AMZN_TRACE_ID: expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/),
    },
    context: {
      functionName: FunctionName,
      functionVersion: '$LATEST',
      invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${FunctionName}`,
      memoryLimitInMB: '256',
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      logGroupName: `/aws/lambda/${FunctionName}`,
      logStreamName: expect.stringContaining('[$LATEST]'),
    },
  });
  const { context, env } = payload as { context: { left: number }; env: object };
  expect(context.left).toBeGreaterThan(5000);
  expect(context.left).toBeLessThanOrEqual(7000);
  expect(env).not.toHaveProperty('HOST_SECRET');
  expect(log).toMatch(/^START RequestId: [\s\S]*working\nEND RequestId: [\s\S]*REPORT RequestId: /);
  expect((await invoke(sdk, FunctionName)).payload).toMatchObject({ calls: 2 });
  expect(
    (await invoke(sdk, `arn:aws:lambda:us-east-1:000000000000:function:${FunctionName}:live`)).payload,
  ).toMatchObject({ calls: 3 });
});

test('every way to fail answers as Lambda does, and the next event finds a working instance', async () => {
  const { sdk, physical } = await functions({
    Throws: "exports.handler = async () => { throw new RangeError('too far'); };",
    Callback:
      "exports.handler = (event, context, callback) => { setTimeout(() => (event.fail ? callback(new Error('called back')) : callback(null, 'fine')), 5); };",
    Slow: ['exports.handler = async (event) => { if (event.sleep) await sleep(5000); return 1; };', { Timeout: 1 }],
    Spins: ['exports.handler = async () => { for (;;); };', { Timeout: 1 }],
    Broken: "throw new SyntaxError('not today'); ",
    NoHandler: 'exports.other = 1;',
    Exits: 'exports.handler = async () => process.exit(7);',
    Rejects: "exports.handler = async () => { Promise.reject(new Error('forgotten')); await sleep(1000); };",
    Large: "exports.handler = async () => 'x'.repeat(7 * 1024 * 1024);",
  });
  const failure = async (id: string, event: Json = {}): Promise<Json> => {
    const { payload, error } = await invoke(sdk, physical(id), event);
    expect([id, error]).toEqual([id, 'Unhandled']);
    return payload;
  };
  expect(await failure('Throws')).toMatchObject({
    errorType: 'RangeError',
    errorMessage: 'too far',
    trace: expect.arrayContaining(['RangeError: too far']),
  });
  expect(await failure('Callback', { fail: true })).toMatchObject({ errorType: 'Error', errorMessage: 'called back' });
  expect((await invoke(sdk, physical('Callback'))).payload).toBe('fine');
  expect(await failure('Slow', { sleep: true })).toEqual({
    errorType: 'Sandbox.Timedout',
    errorMessage: expect.stringMatching(/^RequestId: [0-9a-f-]{36} Error: Task timed out after 1\.00 seconds$/),
  });
  expect((await invoke(sdk, physical('Slow'))).payload).toBe(1);
  expect(await failure('Spins')).toMatchObject({ errorType: 'Sandbox.Timedout' });
  expect(await failure('Broken')).toMatchObject({ errorType: 'SyntaxError', errorMessage: 'not today' });
  expect(await failure('NoHandler')).toMatchObject({
    errorType: 'Runtime.HandlerNotFound',
    errorMessage: 'index.handler is undefined or not exported',
  });
  expect(await failure('Exits')).toMatchObject({
    errorType: 'Runtime.ExitError',
    errorMessage: expect.stringMatching(/Runtime exited with error: exit status 7$/),
  });
  expect(await failure('Rejects')).toMatchObject({
    errorType: 'Runtime.UnhandledPromiseRejection',
    errorMessage: 'Error: forgotten',
  });
  expect(await failure('Large')).toMatchObject({ errorType: 'Function.ResponseSizeTooLarge' });
});

test('an event is retried twice, then goes to the dead-letter queue and the on-failure destination', async () => {
  const { sdk, physical, calls, seen } = await functions(
    {
      Fails: [
        "exports.handler = async (event) => { see(event); throw new Error('never'); };",
        { DeadLetterConfig: { TargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] } } },
      ],
      Works: 'exports.handler = async (event) => { see(event); };',
    },
    {
      ...queue('Dead'),
      ...queue('Failed'),
      Destinations: {
        Type: 'AWS::Lambda::EventInvokeConfig',
        Properties: {
          FunctionName: { Ref: 'Fails' },
          Qualifier: '$LATEST',
          DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Failed', 'Arn'] } } },
        },
      },
    },
  );
  const event = async (id: string) =>
    (await sdk.send(new InvokeCommand({ FunctionName: physical(id), InvocationType: 'Event', Payload: '{"n":1}' })))
      .StatusCode;
  expect(await event('Works')).toBe(202);
  expect(await event('Fails')).toBe(202);
  expect(await takeMessages(calls, physical('Dead'), 1)).toMatchObject([{ Body: '{"n":1}' }]);
  const [failed] = await takeMessages(calls, physical('Failed'), 1);
  expect(JSON.parse(String((failed as JsonObject).Body))).toMatchObject({
    requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
    requestPayload: { n: 1 },
    responsePayload: { errorMessage: 'never' },
  });
  expect(seen('Fails')).toHaveLength(3);
  expect(seen('Works')).toEqual([{ n: 1 }]);
});

test('reserved concurrency throttles; an unknown function, bad JSON and a dry run answer as AWS does', async () => {
  const { sdk, physical } = await functions({
    One: ['exports.handler = async () => { await sleep(300); return 1; };', { ReservedConcurrentExecutions: 1 }],
    None: ['exports.handler = async () => 1;', { ReservedConcurrentExecutions: 0 }],
  });
  const results = await Promise.allSettled([1, 2].map(() => invoke(sdk, physical('One'))));
  expect(results.map((result) => result.status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(results.find((result) => result.status === 'rejected')?.reason).toMatchObject({
    name: 'TooManyRequestsException',
    Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
  });
  await expect(invoke(sdk, physical('None'))).rejects.toMatchObject({ name: 'TooManyRequestsException' });
  await expect(invoke(sdk, 'nobody')).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: 'Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody',
  });
  await expect(sdk.send(new InvokeCommand({ FunctionName: physical('One'), Payload: '{oops' }))).rejects.toMatchObject({
    name: 'InvalidRequestContentException',
  });
  expect(
    (await sdk.send(new InvokeCommand({ FunctionName: physical('One'), InvocationType: 'DryRun' }))).StatusCode,
  ).toBe(204);
});

test('the Lambda API lists functions and mappings', async () => {
  const { sdk, physical } = await functions(
    { Worker: 'exports.handler = async () => 1;' },
    {
      ...queue('Work'),
      ...mapping('Feed', 'Worker', 'Work', { BatchSize: 7, ScalingConfig: { MaximumConcurrency: 2 } }),
    },
  );
  const listed = await sdk.send(new ListFunctionsCommand({}));
  expect(listed.Functions).toMatchObject([
    { FunctionName: physical('Worker'), Runtime: 'nodejs24.x', Timeout: 10, MemorySize: 256 },
  ]);
  expect(await sdk.send(new GetFunctionCommand({ FunctionName: physical('Worker') }))).toMatchObject({
    Configuration: { State: 'Active', Handler: 'index.handler' },
  });
  const { EventSourceMappings } = await sdk.send(
    new ListEventSourceMappingsCommand({ FunctionName: physical('Worker') }),
  );
  expect(EventSourceMappings).toMatchObject([
    { UUID: physical('Feed'), BatchSize: 7, State: 'Enabled', ScalingConfig: { MaximumConcurrency: 2 } },
  ]);
});

test('a worker killed after its effect fails the batch; the message comes back to a new worker', async () => {
  const code = `exports.handler = async (event) => { for (const record of event.Records) {
    see(record.attributes.ApproximateReceiveCount);
    await aws('sqs', 'AmazonSQS.SendMessage', { QueueUrl: process.env.DONE, MessageBody: record.body }); } };`;
  const { calls, physical, seen, engine, logs } = await functions(
    { Consumer: [code, { Timeout: 4, Environment: { Variables: { DONE: { Ref: 'Done' } } } }] },
    { ...queue('Done'), ...queue('Work', { VisibilityTimeout: 4 }), ...mapping('Feed', 'Consumer', 'Work') },
  );
  engine.services.faults.add({
    service: 'sqs',
    operation: 'SendMessage',
    functionName: physical('Consumer'),
    when: 'after',
    action: 'kill',
  });
  await send(calls, physical('Work'), 'once');
  expect(await takeMessages(calls, physical('Done'), 2)).toMatchObject([{ Body: 'once' }, { Body: 'once' }]);
  expect(seen('Consumer')).toEqual(['1', '2']);
  expect(logs.filter(({ line }) => line.startsWith('ERROR')).map(({ line }) => line)).toEqual([
    expect.stringMatching(/^ERROR Runtime\.ExitError: .* signal: killed$/),
  ]);
});

test('a call that the role does not allow is refused', async () => {
  const statements = [{ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: { 'Fn::GetAtt': ['Mine', 'Arn'] } }];
  const code = `exports.handler = async (url) => { await aws('sqs', 'AmazonSQS.SendMessage', { QueueUrl: url, MessageBody: 'x' }); return 'sent'; };`;
  const running = await start(
    writeAssembly({ ...queue('Mine'), ...queue('Other'), ...lambda('Sender', code, {}, statements) }),
  );
  const sdk = client(running);
  const { physical } = running;
  expect((await invoke(sdk, physical('Sender'), physical('Mine'))).payload).toBe('sent');
  expect((await invoke(sdk, physical('Sender'), physical('Other'))).payload).toMatchObject({
    errorType: expect.stringMatching(/^AccessDenied/),
    errorMessage: expect.stringMatching(
      /is not authorized to perform: sqs:SendMessage on resource: arn:aws:sqs:us-east-1:000000000000:app-Other-/,
    ),
  });
});

test('a function URL answers with what the function returns', async () => {
  const { engine } = await functions(
    {
      Web: "exports.handler = async (event) => ({ statusCode: 201, headers: { 'X-Kind': 'test' }, body: event.requestContext.http.method + event.rawPath + event.body });",
    },
    {
      Url: {
        Type: 'AWS::Lambda::Url',
        Properties: { AuthType: 'NONE', TargetFunctionArn: { 'Fn::GetAtt': ['Web', 'Arn'] } },
      },
      Public: {
        Type: 'AWS::Lambda::Permission',
        Properties: {
          Action: 'lambda:InvokeFunctionUrl',
          FunctionName: { Ref: 'Web' },
          Principal: '*',
          FunctionUrlAuthType: 'NONE',
        },
      },
      PublicToo: {
        Type: 'AWS::Lambda::Permission',
        Properties: {
          Action: 'lambda:InvokeFunction',
          FunctionName: { Ref: 'Web' },
          Principal: '*',
          InvokedViaFunctionUrl: true,
        },
      },
    },
  );
  const response = await fetch(`${engine.stacks[0]?.resources.Url?.attributes.FunctionUrl}orders`, {
    method: 'POST',
    body: 'hi',
  });
  expect([response.status, response.headers.get('x-kind'), await response.text()]).toEqual([
    201,
    'test',
    'POST/ordershi',
  ]);
});

test('idle instances make room when all workers are taken', async () => {
  const code = 'exports.handler = async () => { await sleep(20); return 1; };';
  const resources = ['A', 'B', 'C', 'D'].map((id) => lambda(id, code));
  const running = await start(writeAssembly(Object.assign({}, ...resources)), { maxWorkers: 2 });
  const sdk = client(running);
  const ids = ['A', 'B', 'C', 'D', 'A', 'B', 'C', 'D'];
  const answers = await Promise.all(ids.map((id) => invoke(sdk, running.physical(id))));
  expect(answers.map(({ payload }) => payload)).toEqual(ids.map(() => 1));
  await until('rest', () => running.engine.busy === 0);
});
