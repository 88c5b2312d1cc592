import { GetAccountSettingsCommand, InvokeCommand } from '@aws-sdk/client-lambda';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import { NEW_ACCOUNT } from '../../../lib/local/account/account.ts';
import { startEngine } from '../../../lib/local/engine.ts';
import type { JsonObject } from '../../../lib/local/json.ts';
import { lambda, queue } from '../engine/support.ts';
import { conformanceApp, failure, until } from './app.ts';
import { assemblyOf } from './assembly.ts';
import { conforms } from './conforms.ts';

/** A new account that was given two executions more, so that there is something to reserve. */
const CONCURRENCY = 12;
const UNRESERVED = 10;
const account = { ...NEW_ACCOUNT, lambda: { ...NEW_ACCOUNT.lambda, concurrency: CONCURRENCY, freezes: false } };
const app = conformanceApp({ account });
const gate = app.id('Gate');
app.add(queue(gate));
const HOLD =
  "see('holding'); await aws('sqs', 'AmazonSQS.ReceiveMessage', { QueueUrl: event.hold, WaitTimeSeconds: 20 });";
const holding = app.lambda(HOLD, { Timeout: 30 });
const other = app.lambda("return 'in';");
const reserved = app.lambda("return 'in';", { ReservedConcurrentExecutions: CONCURRENCY - UNRESERVED });
const invoke = (FunctionName: string, event: JsonObject = {}) =>
  app.clients.lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) }));

conforms(
  'Lambda: when what is not reserved of the account is used up, functions without a reservation are throttled, others run',
  { source: 'lambda-concurrency' },
  async () => {
    const held = Array.from({ length: UNRESERVED }, () => invoke(holding.name, { hold: app.physical(gate) }));
    await until('all places to be taken', () => holding.seen().length === UNRESERVED);
    expect(await failure(invoke(other.name))).toMatchObject({
      name: 'TooManyRequestsException',
      Reason: 'ConcurrentInvocationLimitExceeded',
      $metadata: { httpStatusCode: 429 },
    });
    expect((await invoke(reserved.name)).Payload?.transformToString()).toBe('"in"');
    expect(app.engine.notices.join('\n')).toContain(`what the account lets them (${CONCURRENCY}`);
    const body = { QueueUrl: app.physical(gate), MessageBody: 'go on' };
    for (const _ of held) await app.clients.sqs.send(new SendMessageCommand(body));
    await Promise.all(held);
    expect((await invoke(other.name)).Payload?.transformToString()).toBe('"in"');
  },
);
conforms('Lambda: GetAccountSettings tells what the account grants', { source: 'lambda-concurrency' }, async () => {
  expect((await app.clients.lambda.send(new GetAccountSettingsCommand())).AccountLimit).toMatchObject({
    ConcurrentExecutions: CONCURRENCY,
    UnreservedConcurrentExecutions: UNRESERVED,
  });
});
conforms(
  'Lambda: a template that reserves more than the account can spare fails',
  { source: 'lambda-concurrency' },
  async () => {
    const assembly = assemblyOf(
      lambda('Greedy', 'exports.handler = async () => 1;', { ReservedConcurrentExecutions: 1 }),
    );
    const start = (concurrency: number) =>
      startEngine({ assembly, port: 0, account: { ...account, lambda: { ...account.lambda, concurrency } } });
    expect((await failure(start(UNRESERVED))).message).toContain(
      "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [10].",
    );
    await (await start(UNRESERVED + 1)).close();
  },
);
conforms(
  'Lambda: the environment of a function has at most 4 KB, names included',
  { source: 'lambda-environment', faithful: 'partly', remark: 'Counted as the JSON text that the error of AWS shows.' },
  async () => {
    const start = (LONG: string) => {
      const Environment = { Variables: { LONG } };
      const assembly = assemblyOf(lambda('Verbose', 'exports.handler = async () => 1;', { Environment }));
      return startEngine({ assembly, port: 0 });
    };
    const most = 4_096 - '{"LONG":""}'.length;
    expect((await failure(start('x'.repeat(most + 1)))).message).toContain(
      'environment variables you have provided exceeded the 4KB limit',
    );
    await (await start('x'.repeat(most))).close();
  },
);
