import { describe, expect, it } from 'vitest';
import { describeFailure, sendDeadLetter } from '../../../lib/runtime/dead-letters/dead-letters.ts';
import type { KeptMessages } from '../../../lib/runtime/dead-letters/kept-messages.ts';
import type { Message } from '../../../lib/runtime/messages/message.ts';
import { text } from '../../../lib/runtime/messages/wrapped-message.ts';
import { opened } from '../../contracts/sample-declarations.ts';

const event = opened('T-1', 'e-1');
const message: Message = {
  id: 'm-1',
  body: JSON.stringify(event),
  unit: undefined,
  source: 'arn:queue',
  receives: 3,
  firstReceived: Date.parse('2026-11-20T08:00:00Z'),
  attributes: {},
};
const noBucket = () => Promise.reject(new Error('there is no bucket'));
const NO_BUCKET: KeptMessages = { keep: noBucket, fetch: noBucket, forget: noBucket };
const FAILED_AT = Date.parse('2026-11-20T08:05:00Z');

const failing = (text: string) =>
  Object.assign(new Error(text), { stack: `Error: ${text}\n    at work (worker.ts:1:1)` });

const letterOf = (text: string, more: Partial<Message> = {}, consumer = 'worker', reason = 'broken') =>
  describeFailure(consumer, { ...message, ...more }, reason, failing(text), FAILED_AT);

describe('describeFailure', () => {
  it('says what, why, where, how often and when', () => {
    expect(letterOf('no such street')).toEqual({
      reason: 'broken',
      message: 'no such street',
      frames: ['work (worker.ts:1:1)'],
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      consumer: 'worker',
      source: 'arn:queue',
      attempts: 3,
      firstReceived: '2026-11-20T08:00:00.000Z',
      failedAt: '2026-11-20T08:05:00.000Z',
      traceId: event.traceparent.slice(3, 35),
      eventId: 'e-1',
      eventType: 'tickets.ticket-opened',
    });
  });

  it.each([
    ['quoted values', "order 'A1' is unknown", "order 'B-22' is unknown"],
    ['numbers', 'line 7 of 12 is wrong', 'line 1 of 3 is wrong'],
    ['hexadecimal ids', 'lock deadbeef00 is held', 'lock 0123456789abcdef is held'],
    ['long lists of values', `unknown: ${"'a', ".repeat(400)}end`, `unknown: ${"'bbbbbb', ".repeat(400)}end`],
  ])('gives failures that differ in %s one fingerprint', (_, one, other) => {
    expect(letterOf(one).fingerprint).toBe(letterOf(other).fingerprint);
  });

  it.each([
    ['message', () => letterOf('no street')],
    ['consumer', () => letterOf('no such street', {}, 'other')],
    ['reason', () => letterOf('no such street', {}, 'worker', 'other')],
  ])('gives another %s another fingerprint', (_, other) => {
    expect(other().fingerprint).not.toBe(letterOf('no such street').fingerprint);
  });

  it('cuts the message at 1,000 characters', () => {
    expect(letterOf('x'.repeat(1_000)).message).toHaveLength(1_000);
    expect(letterOf('x'.repeat(1_001)).message).toHaveLength(1_000);
  });

  const thrown = (stack: unknown, words = 'broken') =>
    describeFailure('worker', message, 'broken', Object.assign(new Error(words), { stack }), FAILED_AT).frames;
  const frames = (count: number, place = 'f (a.ts:1:1)') =>
    Array.from({ length: count }, () => `    at ${place}`).join('\n');

  it('names the innermost five places of the stack', () => {
    const places = [1, 2, 3, 4, 5, 6].map((line) => `f (lambdas/orders/a.ts:${line}:1)`);
    const stack = `Error: broken\n${places.map((place) => `    at ${place}`).join('\n')}`;
    expect(thrown(stack)).toEqual(places.slice(0, 5));
  });

  it.each([
    [
      'a message with lines like frames',
      `Error: broken\n    at (body)\n${frames(1)}`,
      'broken\n    at (body)',
      ['f (a.ts:1:1)'],
    ],
    ['a message of another error', `Error: other\n${frames(1)}`, 'broken', ['f (a.ts:1:1)']],
    [
      'frames of 1,000 characters',
      `Error: broken\n${frames(2, 'x'.repeat(500))}`,
      'broken',
      ['x'.repeat(500), 'x'.repeat(500)],
    ],
    ['frames of more', `Error: broken\n${frames(2, 'x'.repeat(501))}`, 'broken', ['x'.repeat(501)]],
    ['no frame', 'Error: broken', 'broken', undefined],
    ['no stack', undefined, 'broken', undefined],
    ['a stack that is no text', 7, 'broken', undefined],
  ])('bears %s', (_, stack, text, expected) => {
    expect(thrown(stack, text)).toEqual(expected);
  });

  it('cuts what the body calls itself, too', () => {
    expect(letterOf('broken', { body: JSON.stringify({ id: 'x'.repeat(1_001) }) }).eventId).toHaveLength(1_000);
  });

  it('prefers the routing attributes, which are there for bodies that cannot be read', () => {
    const attributes = { type: text('tickets.other'), traceparent: text(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`) };
    expect(letterOf('broken', { body: '{', attributes })).toMatchObject({
      eventType: 'tickets.other',
      traceId: 'a'.repeat(32),
      eventId: undefined,
    });
  });

  it.each(['{', 'null', '7', '[]', '{"id":7,"type":{},"traceparent":null}'])('bears the body %s', (body) => {
    expect(letterOf('broken', { body })).toMatchObject({
      eventId: undefined,
      eventType: undefined,
      traceId: undefined,
    });
  });

  it('counts one attempt where the source does not count', () => {
    expect(letterOf('broken', { receives: undefined }).attempts).toBe(1);
  });
});

describe('sendDeadLetter', () => {
  const sent = async (more: Partial<Message>) => {
    const calls: unknown[][] = [];
    const aws = async (...call: unknown[]) => void calls.push(call);
    await sendDeadLetter(aws, 'dead-url', { ...message, ...more }, letterOf('no such street'), NO_BUCKET);
    expect(calls).toHaveLength(1);
    const [service, operation, input] = calls[0] ?? [];
    expect([service, operation]).toEqual(['sqs', 'SendMessage']);
    return input as { MessageAttributes: Record<string, unknown> };
  };
  const sentText = (StringValue: string) => ({ DataType: 'String', StringValue });

  it('leaves the body as it is and puts the reason beside what came with it', async () => {
    expect(await sent({ attributes: { type: text('a') } })).toEqual({
      QueueUrl: 'dead-url',
      MessageBody: message.body,
      MessageAttributes: { type: sentText('a'), deadLetter: sentText(JSON.stringify(letterOf('no such street'))) },
    });
  });

  it('keeps all attributes with their types', async () => {
    const attributes = {
      picture: { dataType: 'Binary.png', binaryValue: 'AQI=' },
      price: { dataType: 'Number.eur', stringValue: '7.50' },
      note: { dataType: 'String.note', stringValue: 'soon' },
    };
    const { MessageAttributes } = await sent({ attributes });
    expect(MessageAttributes).toMatchObject({
      picture: { DataType: 'Binary.png', BinaryValue: 'AQI=' },
      price: { DataType: 'Number.eur', StringValue: '7.50' },
      note: { DataType: 'String.note', StringValue: 'soon' },
    });
  });

  it('stays in its group, once, in a FIFO queue', async () => {
    expect(await sent({ group: 'g' })).toMatchObject({ MessageGroupId: 'g', MessageDeduplicationId: 'm-1' });
  });

  it('stays with its tenant in a standard queue, which takes no deduplication id', async () => {
    const input = await sent({ tenant: 't' });
    expect(input).toMatchObject({ MessageGroupId: 't' });
    expect(input).not.toHaveProperty('MessageDeduplicationId');
  });
});
