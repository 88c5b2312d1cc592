import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { MessageAttributes, WrappedReference } from '../../../lib/contracts/agreed/dead-letter.ts';
import { ENV } from '../../../lib/contracts/agreed/environment.ts';
import { immediate } from '../../../lib/contracts/declaring/retry.ts';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { noticeIn } from '../../../lib/operations/dead-letters/dead-letter-queue.ts';
import { consume } from '../../../lib/runtime/consuming/consume.ts';
import { keptMessages } from '../../../lib/runtime/dead-letters/kept-messages.ts';
import { Reject } from '../../../lib/runtime/invocation/outcomes.ts';
import { bodyOfBytes, type Message } from '../../../lib/runtime/messages/message.ts';
import { fitted, isWrapped, SQS_ROOM, sha256, text, unwrap } from '../../../lib/runtime/messages/wrapped-message.ts';
import { opened, workQueue } from '../../contracts/sample-declarations.ts';
import { lambdaContext, sqsEvent } from '../lambda-events.ts';
import { letterIn, letterWorld } from '../letter-world.ts';
import { memoryInbox } from '../memory-inbox.ts';
import { memoryS3 } from '../memory-s3.ts';

const messageOf = (data: Buffer, attributes: MessageAttributes = {}): Message => ({
  ...{ id: 'm-1', unit: undefined, source: 'arn', receives: 1, firstReceived: 0, attributes },
  ...bodyOfBytes(data),
});
const noBucket = () => Promise.reject(new Error('nothing was to be kept'));
const reason = { deadLetter: text('because') };
const asFitted = (data: Buffer, attributes?: MessageAttributes) =>
  fitted(messageOf(data, attributes), SQS_ROOM, reason, noBucket);
const ten: MessageAttributes = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`a${i}`, text('x')]));

describe('a message that is given up', () => {
  /** Name, type and value of the reason. */
  const BESIDE = 'deadLetter'.length + 'String'.length + 'because'.length;

  it.each([
    ['text', Buffer.from('grüße 🙂')],
    ['as much as there is room for', Buffer.alloc(1_048_576 - BESIDE, 'x')],
    ['DEL and the last characters of all planes', Buffer.from('\x7f\uFFFD\u{1FFFF}')],
  ])('stays as it is: %s', async (_, data) => {
    expect(await asFitted(data)).toEqual({ body: data.toString(), attributes: reason });
  });

  it.each([
    ['one byte more than there is room for', Buffer.alloc(1_048_576 - BESIDE + 1, 'x'), 'gzip'],
    ['nothing at all', Buffer.alloc(0), 'utf8'],
    ['a control character', Buffer.from('\u0001'), 'utf8'],
    ['a noncharacter', Buffer.from('\uFFFF'), 'utf8'],
    ['Latin-1', Buffer.from('caf\xe9', 'latin1'), 'base64'],
    ['compressed', gzipSync('x'.repeat(1_000)), 'base64'],
  ])('is wrapped: %s', async (_, data, encoding) => {
    const { body, attributes } = await asFitted(data);
    expect(attributes).toEqual(reason);
    const value = JSON.parse(body);
    expect(value).toMatchObject({ wrappedMessage: { encoding } });
    expect((await unwrap(value, noBucket)).content.equals(data)).toBe(true);
  });

  it('keeps nine attributes beside it, and more in it', async () => {
    const { a9: _, ...nine } = ten;
    expect(await asFitted(Buffer.from('x'), nine)).toEqual({ body: 'x', attributes: { ...nine, ...reason } });
    const { body, attributes } = await asFitted(Buffer.from('x'), ten);
    expect(attributes).toEqual(reason);
    expect(await unwrap(JSON.parse(body), noBucket)).toEqual({ content: Buffer.from('x'), attributes: ten });
  });

  it('has the newest reason in the place of an earlier one', async () => {
    const before: MessageAttributes = { ...ten, deadLetter: text('earlier') };
    const { a9: _, ...own } = before;
    expect((await asFitted(Buffer.from('x'), own)).attributes.deadLetter).toEqual(text('because'));
    const { body } = await asFitted(Buffer.from('x'), before);
    expect(body).not.toContain('earlier');
  });

  it('that fails always is tried as often as declared, and leaves with its reason, whatever its size', async () => {
    const world = letterWorld();
    const worker = subscription('worker', {
      ...{ to: workQueue, guarantee: 'effectively-once', retry: immediate({ attempts: 2 }) },
    });
    let tries = 0;
    const handle = () => {
      tries += 1;
      throw new Error('a bug');
    };
    const inbox = memoryInbox(() => 0);
    const handlers = { 'tickets.ticket-opened': handle, 'tickets.ticket-closed': handle };
    const handler = consume(worker, handlers as never, { runtime: world.runtime, inbox });
    const short = JSON.stringify(opened('T-1', 'e-1'));
    const body = JSON.stringify(opened('T-1', 'e-1', 'x'.repeat(1_048_566 - short.length)));
    expect(body).toHaveLength(1_048_566);
    const deliver = (receives: number) => handler(sqsEvent([{ body, receives }]), lambdaContext());
    expect(await deliver(1)).toEqual({ batchItemFailures: [{ itemIdentifier: 'message-0' }] });
    expect(await deliver(2)).toEqual({ batchItemFailures: [] });
    expect(tries).toBe(2);
    const [letter] = world.letters;
    expect(letter && letterIn(letter)).toMatchObject({ reason: 'attempts-exhausted', eventId: 'e-1' });
    expect((letter && (await world.open(letter)))?.body === body).toBe(true);
  });
});

describe('a wrapped message', () => {
  const inner = { encoding: 'utf8', bytes: 5, sha256: sha256(Buffer.from('hello')), content: 'hello', attributes: {} };
  const open = (change: object) => unwrap({ wrappedMessage: { ...inner, ...change } as never }, noBucket);

  it.each([
    ['another size', { bytes: 4 }],
    ['a size that is none', { bytes: -1 }],
    ['a size beyond memory', { bytes: 67_108_865 }],
    ['another hash', { sha256: 'x' }],
    ['no content', { content: undefined }],
    ['an encoding that nobody knows', { encoding: 'rot13' }],
    ['something that is not compressed', { encoding: 'gzip' }],
    ['more than it says', { encoding: 'gzip', content: gzipSync(Buffer.alloc(1_000)).toString('base64') }],
    ['attributes that are none', { attributes: { a: 7 } }],
    ['attributes without a value', { attributes: { a: { dataType: 'String' } } }],
    ['a reference without a key', { bucket: 'b' }],
    ['a reference without a bucket', { key: 'k' }],
  ])('with %s is damaged', async (_, change) => {
    await expect(open(change)).rejects.toMatchObject({ reason: 'wrapped-damaged' });
  });

  it('is told by its one member', () => {
    expect(isWrapped({ wrappedMessage: null })).toBe(true);
    for (const value of [null, 7, [], {}, { wrappedMessage: {}, data: 1 }]) expect(isWrapped(value)).toBe(false);
  });
});

describe('what is kept in the bucket', () => {
  const s3 = memoryS3();
  const variables: Record<string, string> = { [ENV.deadLetterBucket]: 'bodies' };
  const runtime = { ...s3.runtime, env: (name: string) => variables[name] };
  const kept = keptMessages({ name: 'worker' }, runtime);
  const data = randomBytes(2_000_000);
  const keep = (whole: Buffer) => kept.keep(whole);
  const referenceOf = async () => {
    const { body } = await fitted(messageOf(data, ten), SQS_ROOM, reason, keep);
    return JSON.parse(body) as { wrappedMessage: WrappedReference };
  };

  it('is what no message holds, named by consumer and contents, and comes back whole', async () => {
    const value = await referenceOf();
    const { key, sha256: hash } = value.wrappedMessage;
    expect(key).toBe(`dead-letters/worker/${hash}`);
    const { content, attributes } = await unwrap(value, kept.fetch);
    expect([content.equals(data), attributes]).toEqual([true, ten]);
  });

  it.each([
    ['another bucket', { bucket: 'theirs' }, 'wrapped-elsewhere'],
    ["another consumer's", { key: 'dead-letters/other/x' }, 'wrapped-elsewhere'],
    ['what has expired', { key: 'dead-letters/worker/gone' }, 'wrapped-missing'],
    ['another object', { sha256: 'x' }, 'wrapped-damaged'],
    ['a shorter object', { bytes: 1 }, 'wrapped-damaged'],
  ])('is not read from %s', async (_, change, expected) => {
    const { wrappedMessage } = await referenceOf();
    const opening = unwrap({ wrappedMessage: { ...wrappedMessage, ...change } }, kept.fetch);
    await expect(opening).rejects.toBeInstanceOf(Reject);
    await expect(opening).rejects.toMatchObject({ reason: expected });
  });

  it('for a parked message is its own, and goes with it only', async () => {
    const item = { number: 1, messageId: 'm-1' };
    const others = [
      { ...item, number: 2 },
      { ...item, messageId: 'm-2' },
    ];
    const bodyOf = (wrappedMessage: WrappedReference) => JSON.stringify({ wrappedMessage });
    const ours = await kept.keep(data, item);
    const theirs = await Promise.all([keep(data), ...others.map((other) => kept.keep(data, other))]);
    expect(new Set([ours, ...theirs].map(({ key }) => key)).size).toBe(4);
    expect(ours.key).toMatch(/^parked\/worker\//);
    // What a message itself says must not decide what is deleted.
    for (const one of theirs) await kept.forget(bodyOf(one), item);
    await kept.forget(bodyOf({ ...ours, bucket: 'theirs' }), item);
    for (const body of ['{', '{}', '{"wrappedMessage":{}}', '']) await kept.forget(body, item);
    for (const one of [ours, ...theirs]) expect((await kept.fetch(one)).equals(data)).toBe(true);
    await kept.forget(bodyOf(ours), item);
    await expect(kept.fetch(ours)).rejects.toMatchObject({ reason: 'wrapped-missing' });
    for (const one of theirs) expect((await kept.fetch(one)).equals(data)).toBe(true);
  });

  it('without a bucket is an error that says so', async () => {
    const none = keptMessages({ name: 'worker' }, { ...runtime, env: () => undefined });
    await expect(none.keep(data)).rejects.toThrow('SLUICE_DEAD_LETTER_BUCKET is not set');
  });
});

it("Lambda's notice of records that it gave up names them", () => {
  const batch = {
    ...{ shardId: 'shardId-0', startSequenceNumber: '1', endSequenceNumber: '9', batchSize: 3, streamArn: 'arn:s' },
  };
  const requestContext = { condition: 'InvokePayloadTooLarge' };
  const notice = { stream: 'arn:s', shard: 'shardId-0', firstSequenceNumber: '1', lastSequenceNumber: '9', records: 3 };
  for (const name of ['KinesisBatchInfo', 'DDBStreamBatchInfo'])
    expect(noticeIn(JSON.stringify({ [name]: batch, requestContext }))).toEqual({
      ...notice,
      condition: 'InvokePayloadTooLarge',
    });
  for (const body of ['', '{', '7', 'null', '{"KinesisBatchInfo":7}', '{"KinesisBatchInfo":{"streamArn":7}}'])
    expect(noticeIn(body)).toBeUndefined();
});
