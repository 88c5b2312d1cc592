import { InvokeCommand, PutFunctionConcurrencyCommand } from '@aws-sdk/client-lambda';
import { expect } from 'vitest';
import { NEW_ACCOUNT } from '../../../lib/local/account/account.ts';
import { startEngine } from '../../../lib/local/engine.ts';
import type { JsonObject } from '../../../lib/local/json.ts';
import { lambda, queue } from '../engine/support.ts';
import { conformanceApp, until } from './app.ts';
import { assemblyOf } from './assembly.ts';
import { conforms } from './conforms.ts';
import { take } from './sqs-client.ts';

/** An account in which idle connections are closed soon, and events wait as on AWS: scaled, a minute is a second. */
const IDLE_SECONDS = 2;
const TIME_SCALE = 60;
const account = {
  ...NEW_ACCOUNT,
  lambda: { ...NEW_ACCOUNT.lambda, concurrency: 1_000 },
  http: { idleSeconds: IDLE_SECONDS },
};
const app = conformanceApp({ account, timeScale: TIME_SCALE });
const invoke = async (FunctionName: string, event: JsonObject = {}) => {
  const { Payload } = await app.clients.lambda.send(
    new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) }),
  );
  return JSON.parse(Payload?.transformToString() ?? 'null');
};
const send = (FunctionName: string, event: JsonObject) =>
  app.clients.lambda.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload: JSON.stringify(event) }));

const ticking = app.lambda(
  'globalThis.ticks ??= 0; globalThis.timer ??= setInterval(() => globalThis.ticks++, 5); const { ticks } = globalThis; await sleep(event.ms ?? 0); return ticks;',
  { ReservedConcurrentExecutions: 1 },
);
conforms(
  'Lambda: between its events an instance stands still: no timer of it fires',
  { source: 'lambda-lifecycle' },
  async () => {
    await invoke(ticking.name, { ms: 50 });
    const before = await invoke(ticking.name);
    expect(before).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 500));
    // A tick that was due when it was frozen comes when it is thawed; those in between never were.
    expect(await invoke(ticking.name)).toBeLessThanOrEqual(before + 2);
  },
);

/** Calls the engine over connections that are kept, as every SDK does. */
const CONNECTED = `
const { Agent, request } = require('node:http');
globalThis.agent ??= new Agent({ keepAlive: true });
const call = () => new Promise((resolve) => {
  const { hostname, port } = new URL(process.env.AWS_ENDPOINT_URL);
  const outgoing = request({ agent: globalThis.agent, hostname, port, path: '/_sluice/health' }, (response) => {
    response.resume();
    response.on('end', () => resolve(String(response.statusCode)));
  });
  outgoing.on('error', (error) => resolve(error.code + (outgoing.reusedSocket ? ' on a reused socket' : '')));
  outgoing.end();
});
const first = await Promise.all([call(), call(), call()]);
return [first, await call()];
`;
const connected = app.lambda(CONNECTED, { ReservedConcurrentExecutions: 1 });
conforms(
  'Lambda: connections that the services closed while an instance was frozen are reset when it uses them again',
  {
    source: 'lambda-lifecycle',
    faithful: 'partly',
    remark: 'HTTP/1.1 only. When a service closes an idle connection AWS does not say; here the account does.',
  },
  async () => {
    expect(await invoke(connected.name)).toEqual([['200', '200', '200'], '200']);
    // The connections of the call before are still there at once.
    expect(await invoke(connected.name)).toEqual([['200', '200', '200'], '200']);
    const dead = await until('the connections to be closed', async () => {
      await new Promise((resolve) => setTimeout(resolve, 2 * IDLE_SECONDS * 1_000));
      const answers = await invoke(connected.name);
      return answers[0].some((answer: string) => answer !== '200') && answers;
    });
    expect(dead[0]).toContain('ECONNRESET on a reused socket');
    expect(dead[1]).toBe('200');
  },
);

const [lost, aged, stopped] = [app.id('Lost'), app.id('Aged'), app.id('Stopped')];
app.add({ ...queue(lost), ...queue(aged), ...queue(stopped) });
const configured = (code: string, queueId: string, properties: JsonObject = {}) => {
  const target = app.lambda(code, {});
  app.add({
    [`${target.id}Config`]: {
      Type: 'AWS::Lambda::EventInvokeConfig',
      Properties: {
        FunctionName: { Ref: target.id },
        Qualifier: '$LATEST',
        DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [queueId, 'Arn'] } } },
        ...properties,
      },
    },
  });
  return target;
};
const failing = configured("see(Date.now()); throw new Error('never');", lost);
conforms(
  'Lambda: an event that fails is tried again after a minute, and after two more',
  { source: 'lambda-async' },
  async () => {
    await send(failing.name, { order: 1 });
    const [message] = await take(app.clients.sqs, app.physical(lost), 1);
    expect(JSON.parse(message?.Body ?? '')).toMatchObject({
      requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
    });
    const [first = 0, second = 0, third = 0] = failing.seen().map(Number);
    const minute = 60_000 / TIME_SCALE;
    expect(second - first).toBeGreaterThanOrEqual(minute);
    expect(third - second).toBeGreaterThanOrEqual(2 * minute);
  },
);
const busy = configured("if (event.hold) { see('held'); await sleep(8_000); }", aged, { MaximumEventAgeInSeconds: 60 });
conforms(
  'Lambda: an event that is throttled until it is too old goes to the on-failure destination, without an answer of the function',
  { source: 'lambda-async' },
  async () => {
    const { lambda } = app.clients;
    await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: busy.name, ReservedConcurrentExecutions: 1 }));
    const held = invoke(busy.name, { hold: true });
    await until('the only place to be taken', () => busy.seen().includes('held'));
    await send(busy.name, { order: 2 });
    const [message] = await take(app.clients.sqs, app.physical(aged), 1);
    const record = JSON.parse(message?.Body ?? '');
    expect(record).toMatchObject({
      requestContext: { condition: 'EventAgeExceeded', approximateInvokeCount: 0 },
      requestPayload: { order: 2 },
    });
    expect(record).not.toHaveProperty('responseContext');
    await held;
  },
);
const off = configured("see('ran');", stopped);
conforms(
  'Lambda: events for a function whose reserved concurrency is 0 go to the on-failure destination at once',
  {
    source: 'lambda-async',
    faithful: 'partly',
    remark: 'The documentation does not say which condition the record has.',
  },
  async () => {
    const { lambda } = app.clients;
    await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: off.name, ReservedConcurrentExecutions: 0 }));
    await send(off.name, { order: 3 });
    const [message] = await take(app.clients.sqs, app.physical(stopped), 1);
    expect(JSON.parse(message?.Body ?? '')).toMatchObject({ requestPayload: { order: 3 } });
    expect(off.seen()).toEqual([]);
  },
);
conforms(
  'Lambda: an event may be retried twice and be 6 hours old at most; other settings are refused',
  { source: 'lambda-async' },
  async () => {
    for (const [name, value] of [
      ['MaximumRetryAttempts', 3],
      ['MaximumEventAgeInSeconds', 59],
    ] as const) {
      const Config = {
        Type: 'AWS::Lambda::EventInvokeConfig',
        Properties: { FunctionName: { Ref: 'Target' }, Qualifier: '$LATEST', [name]: value },
      };
      const assembly = assemblyOf({ ...lambda('Target', 'exports.handler = async () => 1;'), Config });
      await expect(startEngine({ assembly, port: 0 })).rejects.toThrow(`its ${name} is ${value}; it must be from`);
    }
  },
);
