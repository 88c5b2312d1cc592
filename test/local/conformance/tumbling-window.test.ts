import { SplitShardCommand } from '@aws-sdk/client-kinesis';
import { expect } from 'vitest';
import { type ConsumerSettings, conformanceApp, type StreamConsumer, until } from './app.ts';
import { conforms } from './conforms.ts';
import { MIDDLE_HASH, put, shardsOf } from './kinesis-client.ts';
import { take } from './sqs-client.ts';

interface Seen {
  readonly data: string[];
  readonly state: Record<string, unknown>;
  readonly window: { readonly start: string; readonly end: string };
  readonly final: boolean;
  readonly early: boolean;
  readonly source: string;
  readonly shard: string;
}

const app = conformanceApp();
const SECONDS = 2;
/** Notes the event and adds the records to the state. */
const NOTE =
  'see({ data, state: { ...event.state, filler: undefined }, window: event.window, final: event.isFinalInvokeForWindow, early: event.isWindowTerminatedEarly, source: event.eventSourceARN, shard: event.shardId });';
const ADD = 'const state = { all: [...(event.state.all ?? []), ...data] };';
const windowed = (code: string, settings: ConsumerSettings = {}) =>
  app.streamConsumer(`${NOTE} ${ADD} ${code}`, {
    ...settings,
    mapping: { BatchSize: 2, TumblingWindowInSeconds: SECONDS, ...settings.mapping },
  });
const seen = (consumer: StreamConsumer) => consumer.seen() as unknown as Seen[];
const finals = (consumer: StreamConsumer) => seen(consumer).filter(({ final }) => final);
/** What the windows ended with, together. */
const gathered = (consumer: StreamConsumer) => finals(consumer).flatMap(({ state }) => state.all as string[]);

/** Puts texts in one request early in a window, so that they belong to the same one. */
async function putInOneWindow(consumer: StreamConsumer, texts: readonly string[]): Promise<void> {
  const length = SECONDS * 1000;
  await new Promise((resolve) => setTimeout(resolve, length - (Date.now() % length) + 50));
  await put(app.clients.kinesis, consumer.streamName, texts);
}

const summing = windowed('return { state };');
conforms(
  'Tumbling windows: the state passes from invocation to invocation, and the last one of a window is marked',
  { source: 'lambda-windows' },
  async () => {
    await putInOneWindow(summing, ['1', '2', '3', '4']);
    await until('the end of the window', () => finals(summing).length === 1);
    const [first, second, last] = seen(summing);
    expect(first).toMatchObject({ data: ['1', '2'], state: {}, final: false, early: false });
    expect(second).toMatchObject({ data: ['3', '4'], state: { all: ['1', '2'] }, final: false });
    expect(last).toMatchObject({ data: [], state: { all: ['1', '2', '3', '4'] }, final: true, early: false });
    expect(first).toMatchObject({ source: summing.streamArn, shard: 'shardId-000000000000' });
    expect(new Set(seen(summing).map(({ window }) => JSON.stringify(window))).size).toBe(1);
  },
);

const bounded = windowed('return { state };');
conforms(
  'Tumbling windows: windows follow the arrival times, side by side without gaps, and each begins with an empty state',
  { source: 'lambda-windows' },
  async () => {
    await putInOneWindow(bounded, ['a']);
    await putInOneWindow(bounded, ['b']);
    await until('two windows', () => gathered(bounded).length === 2);
    const [one, two] = finals(bounded);
    expect([one?.state, two?.state]).toEqual([{ all: ['a'] }, { all: ['b'] }]);
    for (const { window } of finals(bounded)) {
      expect(window.start).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(Date.parse(window.start) % (SECONDS * 1000)).toBe(0);
      expect(Date.parse(window.end) - Date.parse(window.start)).toBe(SECONDS * 1000);
    }
    expect(Date.parse(two?.window.start ?? '')).toBeGreaterThanOrEqual(Date.parse(one?.window.end ?? ''));
  },
);

const FIRST_TRY = 'globalThis.tries = (globalThis.tries ?? 0) + 1; const first = globalThis.tries === 1;';
const forgetful = windowed(`${FIRST_TRY} return first ? {} : { state };`);
conforms('Tumbling windows: an answer without a state is a failure', { source: 'lambda-windows' }, async () => {
  await putInOneWindow(forgetful, ['x']);
  await until('the end of the window', () => gathered(forgetful).length === 1);
  expect(seen(forgetful).map(({ data, state }) => [data, state])).toEqual([
    [['x'], {}],
    [['x'], {}],
    [[], { all: ['x'] }],
  ]);
});

const growing = windowed(
  "return { state: data.includes('big') ? { all: ['too big'], filler: 'x'.repeat(1_100_000) } : state };",
);
conforms(
  'Tumbling windows: a state of more than 1 MB ends the window early; the rest of the window begins anew',
  { source: 'lambda-windows' },
  async () => {
    await putInOneWindow(growing, ['small', 'big', 'after']);
    await until('both ends', () => finals(growing).length === 2);
    const [early, regular] = finals(growing);
    expect([early?.early, early?.state.all]).toEqual([true, ['too big']]);
    expect([regular?.early, regular?.state]).toEqual([false, { all: ['after'] }]);
    expect(early?.window).toEqual(regular?.window);
  },
);

const partly = windowed(
  `${FIRST_TRY} if (!first) return { state };
   return { state: { all: data.slice(0, 2) }, batchItemFailures: [{ itemIdentifier: event.Records[2].kinesis.sequenceNumber }] };`,
  { mapping: { BatchSize: 4, FunctionResponseTypes: ['ReportBatchItemFailures'] } },
);
conforms(
  'Tumbling windows: a partial response keeps its state; what it reports is redelivered with that state',
  { source: 'lambda-windows' },
  async () => {
    await putInOneWindow(partly, ['a', 'b', 'c', 'd']);
    await until('the end of the window', () => gathered(partly).length === 4);
    expect(seen(partly).map(({ data, state }) => [data, state])).toEqual([
      [['a', 'b', 'c', 'd'], {}],
      [['c', 'd'], { all: ['a', 'b'] }],
      [[], { all: ['a', 'b', 'c', 'd'] }],
    ]);
  },
);

const stubborn = windowed(
  `if (event.isFinalInvokeForWindow) { ${FIRST_TRY} if (first) throw new Error('not yet'); } return { state };`,
);
conforms(
  'Tumbling windows: a failing final invocation is repeated, and the shard waits for it',
  { source: 'lambda-windows' },
  async () => {
    await putInOneWindow(stubborn, ['one']);
    await putInOneWindow(stubborn, ['two']);
    await until('two windows', () => gathered(stubborn).includes('two'));
    expect(seen(stubborn).map(({ data, final }) => (final ? 'final' : data.join()))).toEqual([
      'one',
      'final',
      'final',
      'two',
      'final',
    ]);
  },
);

const poisoned = windowed("if (data.includes('poison')) throw new Error('no'); return { state };", {
  mapping: { BatchSize: 1, MaximumRetryAttempts: 1, DestinationConfig: true },
});
conforms(
  'Tumbling windows: retries and destinations work as without; what is given up is not in the state',
  { source: 'lambda-windows' },
  async () => {
    await putInOneWindow(poisoned, ['1', 'poison', '2']);
    const [message] = await take(app.clients.sqs, poisoned.failedUrl, 1);
    expect(JSON.parse(message?.Body ?? '')).toMatchObject({
      requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 2 },
      KinesisBatchInfo: { batchSize: 1 },
    });
    await until('the end of the window', () => gathered(poisoned).length === 2);
    expect(gathered(poisoned)).toEqual(['1', '2']);
  },
);

const resharded = windowed('return { state };', { mapping: { TumblingWindowInSeconds: 900 } });
conforms('Tumbling windows: the end of a shard ends its window', { source: 'lambda-windows' }, async () => {
  const StreamName = resharded.streamName;
  await put(app.clients.kinesis, StreamName, ['last words']);
  await until('the record', () => seen(resharded).length === 1);
  const [shard] = await shardsOf(app.clients.kinesis, StreamName);
  await app.clients.kinesis.send(
    new SplitShardCommand({ StreamName, ShardToSplit: shard?.ShardId, NewStartingHashKey: MIDDLE_HASH }),
  );
  await until('the end of the window', () => finals(resharded).length === 1);
  expect(gathered(resharded)).toEqual(['last words']);
});
