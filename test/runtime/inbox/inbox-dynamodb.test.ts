import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AwsError } from '../../../lib/runtime/aws/calls/call.ts';
import { type Inbox, type Write, WriteRefused } from '../../../lib/runtime/inbox/inbox.ts';
import { dynamodbInbox } from '../../../lib/runtime/inbox/inbox-dynamodb.ts';
import { lambda } from '../../../lib/runtime/invocation/runtime.ts';
import { createBusinessTable, createInboxTable, itemsOf, useLocalServices } from '../local-services.ts';

const INBOX = 'inbox';
const BUSINESS = 'business';
const KEEP_SECONDS = 1_000;
const NOW = 1_763_625_600_000;

useLocalServices();

let now = NOW;
let inbox: Inbox;
let counter = 0;
let key: { key: string; fingerprint: string };

beforeAll(async () => {
  await createInboxTable(INBOX);
  await createBusinessTable(BUSINESS);
  inbox = dynamodbInbox(INBOX, KEEP_SECONDS, { ...lambda, now: () => now });
});

beforeEach(() => {
  now = NOW;
  counter += 1;
  key = { key: `worker#${counter}`, fingerprint: 'print' };
});

const put = (pk: string): Write => ({ Put: { TableName: BUSINESS, Item: { pk } } });
const putOnce = (pk: string): Write => ({
  Put: { TableName: BUSINESS, Item: { pk }, ConditionExpression: 'attribute_not_exists(pk)' },
});

const business = async () =>
  (await itemsOf(BUSINESS)).map(({ pk }) => pk).filter((pk) => String(pk).startsWith(`${counter}/`));
const mine = (name: string) => `${counter}/${name}`;

describe('commit', () => {
  it('commits writes and record together, and keeps the record for the deduplication window', async () => {
    expect(await inbox.commit(key, [put(mine('a')), put(mine('b'))])).toBe(undefined);
    expect((await business()).sort()).toEqual([mine('a'), mine('b')]);
    expect(await inbox.find(key.key)).toEqual({
      pk: key.key,
      state: 'done',
      fingerprint: 'print',
      doneAt: new Date(NOW).toISOString(),
      expiresAt: NOW / 1_000 + KEEP_SECONDS,
    });
  });

  it('commits an effect without writes', async () => {
    expect(await inbox.commit(key, [])).toBe(undefined);
    expect(await inbox.find(key.key)).toMatchObject({ state: 'done' });
  });

  it('returns the record that was there, and writes nothing', async () => {
    await inbox.commit(key, []);
    const again = await inbox.commit({ ...key, fingerprint: 'another' }, [put(mine('a'))]);
    expect(again).toMatchObject({ state: 'done', fingerprint: 'print' });
    expect(await business()).toEqual([]);
  });

  it('prefers the record over refused writes: the first commit is why they are refused', async () => {
    await inbox.commit(key, [putOnce(mine('a'))]);
    expect(await inbox.commit(key, [putOnce(mine('a'))])).toMatchObject({ state: 'done' });
  });

  it('names the writes whose condition does not hold, and records nothing', async () => {
    await inbox.commit({ ...key, key: `${key.key}-before` }, [put(mine('a')), put(mine('c'))]);
    const refused = inbox.commit(key, [putOnce(mine('a')), putOnce(mine('b')), putOnce(mine('c'))]);
    await expect(refused).rejects.toThrow(WriteRefused);
    await expect(refused).rejects.toMatchObject({ refused: [0, 2], message: expect.stringContaining('write 0, 2') });
    expect(await inbox.find(key.key)).toBe(undefined);
    expect((await business()).sort()).toEqual([mine('a'), mine('c')]);
  });

  it.each([
    [99, true],
    [100, false],
  ])('with %d writes fits a transaction: %s', async (count, fits) => {
    const writes = Array.from({ length: count }, (_, i) => put(mine(String(i))));
    const committed = inbox.commit(key, writes);
    if (fits) expect(await committed).toBe(undefined);
    else {
      await expect(committed).rejects.toThrow(
        new RangeError('an effect has 100 writes; with its inbox record a transaction takes 100. Split it with part()'),
      );
    }
    expect(await business()).toHaveLength(fits ? count : 0);
  });

  it('lets one of many at the same time through', async () => {
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, i) => inbox.commit(key, [put(mine(String(i)))]).catch((error: Error) => error)),
    );
    expect(results.filter((result) => result === undefined)).toHaveLength(1);
    expect(await business()).toHaveLength(1);
  });
});

describe('what DynamoDB answers', () => {
  const answering = (error: Error) =>
    dynamodbInbox(INBOX, KEEP_SECONDS, { ...lambda, aws: () => Promise.reject(error) });
  const cancelled = (...codes: string[]) =>
    new AwsError('TransactionCanceledException', 'cancelled', 400, {
      CancellationReasons: codes.map((Code) => ({ Code })),
    });

  it.each([
    ['another transaction at the same item', cancelled('None', 'TransactionConflict')],
    ['a record in the way that it does not show', cancelled('ConditionalCheckFailed', 'None')],
    ['no reasons at all', cancelled()],
    ['another error', new AwsError('ThrottlingException', 'slow down', 400)],
    ['nothing', new Error('no answer')],
  ])('is handed on, to be tried again: %s', async (_, error) => {
    await expect(answering(error).commit(key, [put(mine('a'))])).rejects.toBe(error);
  });

  it('is kept as the cause of a refused write', async () => {
    const error = cancelled('None', 'ConditionalCheckFailed');
    await expect(answering(error).commit(key, [put(mine('a'))])).rejects.toMatchObject({
      name: 'WriteRefused',
      refused: [0],
      cause: error,
    });
  });

  it('is not taken for a lost lease when it is another error', async () => {
    const error = new AwsError('ThrottlingException', 'slow down', 400);
    await expect(answering(error).renew(key.key, 'one', NOW)).rejects.toBe(error);
    await expect(answering(error).complete(key, 'one')).rejects.toBe(error);
    await expect(answering(error).lease(key, 'one', NOW)).rejects.toBe(error);
  });

  it('may be our own lease, when the first answer was lost', async () => {
    await inbox.lease(key, 'one', NOW + 10_000);
    await inbox.keepStep(key.key, 'one', 'charge', '1');
    expect(await inbox.lease(key, 'one', NOW + 10_000)).toEqual({ taken: true, steps: { charge: '1' } });
  });
});

it('is read consistently', async () => {
  const reads: object[] = [];
  const aws = async (_service: string, _operation: string, input: object) => {
    reads.push(input);
    return {};
  };
  await dynamodbInbox(INBOX, KEEP_SECONDS, { ...lambda, aws }).find(key.key);
  expect(reads).toEqual([expect.objectContaining({ ConsistentRead: true })]);
});

describe('lease', () => {
  const UNTIL = NOW + 10_000;

  it('is taken by one, and the others see it', async () => {
    expect(await inbox.lease(key, 'one', UNTIL)).toEqual({ taken: true, steps: {} });
    expect(await inbox.lease(key, 'two', UNTIL)).toMatchObject({
      taken: false,
      record: { state: 'leased', owner: 'one', leaseUntil: UNTIL, fingerprint: 'print' },
    });
  });

  it('cannot be taken in its last millisecond, but after it', async () => {
    await inbox.lease(key, 'one', UNTIL);
    now = UNTIL;
    expect(await inbox.lease(key, 'two', UNTIL + 1)).toMatchObject({ taken: false, record: { owner: 'one' } });
    now = UNTIL + 1;
    expect(await inbox.lease(key, 'two', UNTIL + 9_000)).toEqual({ taken: true, steps: {} });
  });

  it('cannot be taken when the work is done, however old', async () => {
    await inbox.lease(key, 'one', UNTIL);
    expect(await inbox.complete(key, 'one')).toBe(true);
    now = UNTIL + 1_000_000;
    const found = await inbox.lease(key, 'two', now + 1);
    expect(found).toEqual({
      taken: false,
      record: {
        pk: key.key,
        state: 'done',
        fingerprint: 'print',
        doneAt: new Date(NOW).toISOString(),
        expiresAt: NOW / 1_000 + KEEP_SECONDS,
      },
    });
  });

  it('is renewed by its owner', async () => {
    await inbox.lease(key, 'one', UNTIL);
    expect(await inbox.renew(key.key, 'one', UNTIL + 5)).toBe(true);
    expect(await inbox.find(key.key)).toMatchObject({ owner: 'one', leaseUntil: UNTIL + 5 });
  });

  it('is released by its owner', async () => {
    await inbox.lease(key, 'one', UNTIL);
    await inbox.release(key.key, 'one', false);
    expect(await inbox.find(key.key)).toBe(undefined);
  });

  it('keeps what its steps came to for the next holder, until the work is done', async () => {
    await inbox.lease(key, 'one', UNTIL);
    expect(await inbox.keepStep(key.key, 'one', 'charge', '{"receipt":1}')).toBe(true);
    await inbox.release(key.key, 'one', true);
    expect(await inbox.lease(key, 'two', UNTIL)).toEqual({ taken: true, steps: { charge: '{"receipt":1}' } });
    expect(await inbox.complete(key, 'two')).toBe(true);
    expect(Object.keys((await inbox.find(key.key)) ?? {})).not.toContain('step:charge');
  });

  it('goes to no other payload when it has run out', async () => {
    await inbox.lease(key, 'one', UNTIL);
    now = UNTIL + 1;
    expect(await inbox.lease({ ...key, fingerprint: 'another' }, 'two', UNTIL)).toMatchObject({
      taken: false,
      record: { fingerprint: 'print' },
    });
  });

  it.each([
    ['keep a step of', async () => inbox.keepStep(key.key, 'one', 'charge', '1')],
    ['renew', async () => inbox.renew(key.key, 'one', UNTIL + 99_000)],
    ['complete', async () => inbox.complete(key, 'one')],
    ['release', async () => inbox.release(key.key, 'one', false).then(() => false)],
  ])('is fenced: who has lost it cannot %s it', async (_, act) => {
    await inbox.lease(key, 'one', UNTIL);
    now = UNTIL + 1;
    await inbox.lease(key, 'two', UNTIL + 10_000);
    expect(await act()).toBe(false);
    expect(await inbox.find(key.key)).toMatchObject({ state: 'leased', owner: 'two', leaseUntil: UNTIL + 10_000 });
  });

  it('is fenced against nobody at all: nothing to complete, nothing appears', async () => {
    expect(await inbox.complete(key, 'one')).toBe(false);
    expect(await inbox.renew(key.key, 'one', UNTIL)).toBe(false);
    expect(await inbox.find(key.key)).toBe(undefined);
  });
});
