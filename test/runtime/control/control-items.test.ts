import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { breaker, type SubscriptionOptions, subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { AwsError } from '../../../lib/runtime/aws/calls/call.ts';
import {
  breakerKey,
  parkedKeysKey,
  parkedLotKey,
  parkedMessageKey,
  readControl,
  wasRefused,
} from '../../../lib/runtime/control/control-items.ts';
import { tableGivenUp } from '../../../lib/runtime/control/given-up.ts';
import { lambda, type Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import type { Message } from '../../../lib/runtime/messages/message.ts';
import { orderedQueue } from '../../contracts/sample-declarations.ts';
import { createInboxTable, itemsOf, useLocalServices } from '../local-services.ts';

useLocalServices();

const TABLE = 'control';
const NOW = 1_763_625_600_900;
let count = 0;
let name: string;

beforeAll(() => createInboxTable(TABLE));
beforeEach(() => {
  count += 1;
  name = `worker-${count}`;
});

describe('what a batch has to know', () => {
  const asked: unknown[] = [];
  const runtime: Runtime = {
    ...lambda,
    aws(service, operation, input) {
      asked.push(Object.values((input as { RequestItems: object }).RequestItems)[0]);
      return lambda.aws(service, operation, input);
    },
  };
  const message = (within?: Message['within']): Message => ({
    ...{ id: 'm', body: '', unit: 'K', source: 'test', receives: 1, firstReceived: 0, attributes: {} },
    ...(within === undefined ? {} : { within }),
  });
  const read = async (
    options: Partial<SubscriptionOptions<typeof orderedQueue>>,
    messages: readonly Message[] = [],
  ) => {
    const state = await readControl(runtime, TABLE, subscription(name, { to: orderedQueue, ...options }), messages);
    return {
      state,
      asked: asked.splice(0).flatMap((one) => (one as { Keys: { pk: { S: string } }[] }).Keys.map(({ pk }) => pk.S)),
    };
  };

  it('is not asked for where there is nothing to know', async () => {
    const { state, asked: keys } = await read({}, [message()]);
    expect(keys).toEqual([]);
    expect(state).toMatchObject({ openUntil: undefined, failing: false, parkedKeys: new Set() });
    expect(state.wasGivenUp(message())).toBe(false);
  });

  it.each([
    ['the breaker', { breaker: breaker() }, () => [breakerKey({ name })]],
    ['the parked keys', { failedKey: 'park' as const }, () => [parkedKeysKey({ name })]],
    ['both', { breaker: breaker(), failedKey: 'park' as const }, () => [breakerKey({ name }), parkedKeysKey({ name })]],
  ])('is %s, in one request', async (_, options, keys) => {
    const { state, asked: found } = await read(options);
    expect(found).toEqual(keys());
    expect(state).toMatchObject({ openUntil: undefined, failing: false, parkedKeys: new Set() });
  });

  it('says which events of a record were given up, until the record cannot come again', async () => {
    const [one, two] = [0, 1].map((part) => message({ sequenceNumber: '8', part }));
    const givenUp = tableGivenUp(TABLE, { name }, 1_000, { ...lambda, now: () => NOW });
    await givenUp.note(one as Message);
    await givenUp.note(message());
    const { state } = await read({}, [one as Message, two as Message, message()]);
    expect([one, two, message()].map((each) => state.wasGivenUp(each as Message))).toEqual([true, false, false]);
    const other = message({ sequenceNumber: '9', part: 0 });
    expect((await read({}, [other])).state.wasGivenUp(other)).toBe(false);
    const items = (await itemsOf(TABLE)).filter(({ pk }) => String(pk).startsWith(`given-up!${name}`));
    expect(items).toEqual([{ pk: `given-up!${name}!8`, parts: new Set(['0']), expiresAt: 1_763_625_600 + 1_000 }]);
  });

  it('is what was given up of the aggregated records that came again', async () => {
    const parts = [0, 1].map((part) => message({ sequenceNumber: '7', part }));
    expect((await read({}, parts)).asked).toEqual([`given-up!${name}!7`]);
  });
});

it.each([
  ['ConditionalCheckFailedException', [], true],
  ['TransactionCanceledException', ['None', 'ConditionalCheckFailed'], true],
  ['TransactionCanceledException', ['TransactionConflict', 'ConditionalCheckFailed'], true],
  ['TransactionCanceledException', ['None', 'TransactionConflict'], false],
  ['TransactionCanceledException', ['ThrottlingError'], false],
  ['ThrottlingException', [], false],
])('%s %j is a refusal of a condition: %s', (code, reasons, expected) => {
  const CancellationReasons = reasons.map((Code) => ({ Code }));
  expect(wasRefused(new AwsError(code, 'no', 400, { CancellationReasons }))).toBe(expected);
});

describe('keys of items', () => {
  const s = { name: 'worker' };
  const HASH = /sha256:[0-9a-f]{64}$/;
  it.each<[string, string, boolean]>([
    ['1,024 bytes', 'x'.repeat(1_024), true],
    ['a byte more', 'x'.repeat(1_025), false],
    ['1,024 bytes of fewer characters', 'é'.repeat(512), true],
    ['more bytes, of fewer characters', 'é'.repeat(513), false],
    ['what looks like a hash', 'sha256:x', false],
    ['what has a hash in it', 'x-sha256:x', true],
    ['nothing', '', true],
  ])('are read as they are, or hashed: %s', (_, key, readable) => {
    for (const item of [parkedLotKey(s, key), parkedMessageKey(s, key, 7)]) {
      expect(readable ? item.endsWith(`!${key}`) : HASH.test(item)).toBe(true);
      expect(Buffer.byteLength(item)).toBeLessThan(2_048);
    }
    expect(parkedLotKey(s, key)).not.toBe(parkedLotKey(s, `${key}x`));
  });
});
