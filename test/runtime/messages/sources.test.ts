import { describe, expect, it } from 'vitest';
import { readEnvelope } from '../../../lib/contracts/events/envelope.ts';
import { ItemChanged } from '../../../lib/contracts/events/item-change.ts';
import { aggregated } from '../../../lib/runtime/messages/aggregated-record.ts';
import { checkpointOf, type Message, positionOf } from '../../../lib/runtime/messages/message.ts';
import { readBatch } from '../../../lib/runtime/messages/sources.ts';
import { kinesisEvent, QUEUE_ARN, STREAM_ARN, sqsEvent } from '../lambda-events.ts';

describe('readBatch', () => {
  it('reads messages of a queue', () => {
    const batch = readBatch(
      sqsEvent([{ body: 'hello', id: 'm-1', receives: 3, receiptHandle: 'r', attributes: { type: 't' } }]),
    );
    expect(batch).toEqual({
      stops: 'unit',
      messages: [
        {
          id: 'm-1',
          body: 'hello',
          unit: undefined,
          source: QUEUE_ARN,
          receives: 3,
          firstReceived: 1_763_625_600_100,
          receiptHandle: 'r',
          attributes: {
            type: expect.objectContaining({ dataType: 'String', stringValue: 't' }),
            picture: expect.objectContaining({ dataType: 'Binary', binaryValue: 'AQI=' }),
          },
        },
      ],
    });
  });

  it('takes the message group of a FIFO queue as unit', () => {
    const [message] = readBatch(sqsEvent([{ body: '', group: 'g-1' }])).messages;
    expect(message).toMatchObject({ unit: 'g-1', group: 'g-1' });
  });

  it('reads records of a log', () => {
    const batch = readBatch(kinesisEvent([{ body: 'grüße', sequenceNumber: '495', partitionKey: 'T-1' }]));
    expect(batch).toEqual({
      stops: 'batch',
      messages: [
        {
          id: '495',
          body: 'grüße',
          unit: 'T-1',
          record: { shard: 'shardId-000000000000', sequenceNumber: '495', partitionKey: 'T-1' },
          source: STREAM_ARN,
          receives: undefined,
          firstReceived: 1_763_625_600_250,
          attributes: {},
        },
      ],
      shard: 'shardId-000000000000',
    });
  });

  it('takes an empty batch', () => {
    expect(readBatch({ Records: [] })).toEqual({ stops: 'unit', messages: [] });
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['an event of another kind', { detail: {} }],
    ['records that are no list', { Records: {} }],
  ])('refuses %s', (_, event) => {
    expect(() => readBatch(event)).toThrow(
      new TypeError(
        'the event has no Records: this function consumes a queue or a stream through an event source mapping',
      ),
    );
  });

  it('refuses a source that it does not know', () => {
    expect(() => readBatch({ Records: [{ eventSource: 'aws:s3' }] })).toThrow(
      new TypeError("event source 'aws:s3' cannot be consumed (known: aws:sqs, aws:kinesis, aws:dynamodb)"),
    );
  });

  it('takes the message group of a standard queue as tenant: it orders nothing', () => {
    const [message] = readBatch(sqsEvent([{ body: '', group: 'tenant-1' }], true)).messages;
    expect(message).toMatchObject({ unit: undefined, tenant: 'tenant-1' });
    expect(message?.group).toBeUndefined();
  });
});

describe('aggregated records', () => {
  const record = aggregated('T-1', [Buffer.from('one'), Buffer.from('grüße')]);
  const event = kinesisEvent([
    { body: 'before', sequenceNumber: '494' },
    { body: record, sequenceNumber: '495' },
    { body: 'after', sequenceNumber: '496' },
  ]);

  it('are one message per event, with the event’s own key as unit', () => {
    const { messages } = readBatch(event);
    expect(messages.map(({ id, body, unit }) => ({ id, body, unit }))).toEqual([
      { id: '494', body: 'before', unit: 'key' },
      { id: '495.0', body: 'one', unit: 'T-1' },
      { id: '495.1', body: 'grüße', unit: 'T-1' },
      { id: '496', body: 'after', unit: 'key' },
    ]);
  });

  it('are reported as the record, and have positions that sort', () => {
    const { messages } = readBatch(event);
    expect(messages.map(checkpointOf)).toEqual(['494', '495', '495', '496']);
    const positions = messages.map(positionOf);
    expect(positions.toSorted()).toEqual(positions);
    expect(new Set(positions).size).toBe(4);
  });

  it('sort beyond the length of a number: 99 before 100, part 9 before part 10', () => {
    const at = (sequenceNumber: string, part: number) => positionOf({ id: '', within: { sequenceNumber, part } });
    const ordered = [at('99', 0), at('100', 9), at('100', 10), positionOf({ id: '101' })];
    expect(ordered.toSorted()).toEqual(ordered);
  });
});

describe('changes of a table', () => {
  const record = (change: object, more: object = {}) => ({
    eventID: 'c4ca4238',
    eventName: 'MODIFY',
    eventSource: 'aws:dynamodb',
    eventSourceARN: 'arn:aws:dynamodb:us-east-1:000000000000:table/orders/stream/2026-11-20T08:00:00.000',
    dynamodb: {
      ApproximateCreationDateTime: 1_763_625_600,
      Keys: { pk: { S: 'o-1' }, sk: { N: '7' } },
      SequenceNumber: '111',
      ...change,
    },
    ...more,
  });
  const read = (...records: object[]): readonly Message[] => readBatch({ Records: records }).messages;

  it('are events: the item’s key is the unit, the stream’s number the id', () => {
    const batch = readBatch({ Records: [record({ NewImage: { pk: { S: 'o-1' }, n: { N: '2' } } })] });
    expect(batch.stops).toBe('batch');
    expect(batch.messages[0]).toMatchObject({
      id: '111',
      unit: 'o-1/7',
      receives: undefined,
      firstReceived: 1_763_625_600_000,
    });
    const event = readEnvelope(batch.messages[0]?.body ?? '', [ItemChanged]);
    expect(event).toMatchObject({
      id: 'orders/c4ca4238',
      type: 'dynamodb.item-changed',
      subject: 'o-1/7',
      time: '2025-11-20T08:00:00.000Z',
      data: {
        change: 'modify',
        table: 'orders',
        keys: { pk: 'o-1', sk: 7 },
        after: { pk: 'o-1', n: 2 },
        expired: false,
      },
    });
  });

  it.each([
    ['INSERT', 'insert'],
    ['MODIFY', 'modify'],
    ['REMOVE', 'remove'],
  ])('%s is %s', (eventName, change) => {
    expect(JSON.parse(read(record({}, { eventName }))[0]?.body ?? '').data.change).toBe(change);
  });

  it('that time to live made say so', () => {
    const userIdentity = { type: 'Service', principalId: 'dynamodb.amazonaws.com' };
    const [message] = read(record({ OldImage: { pk: { S: 'o-1' } } }, { eventName: 'REMOVE', userIdentity }));
    expect(JSON.parse(message?.body ?? '').data).toMatchObject({ expired: true, before: { pk: 'o-1' } });
  });

  it.each([
    ['1732812345.123456', 1_732_812_345.123456],
    ['-1732812345.123456', -1_732_812_345.123456],
    ['0.1', 0.1],
    ['9007199254740992', 9_007_199_254_740_992],
    ['9007199254740993', '9007199254740993'],
    ['100000000000000000000', 1e20],
    ['1E+125', 1e125],
    ['1.5e-7', 1.5e-7],
    ['12345678901234567890123456789012345678', '12345678901234567890123456789012345678'],
    ['0.30000000000000004', 0.30000000000000004],
    ['0.300000000000000040', 0.30000000000000004],
    ['0.30000000000000001', '0.30000000000000001'],
    ['-0.0', 0],
    ['007.50', 7.5],
  ])('keep the number %s where a number gives it back', (N, expected) => {
    const image = { one: { N }, set: { NS: [N] }, deep: { L: [{ M: { inner: { N } } }] } };
    const [message] = read(record({ NewImage: image }));
    expect(JSON.parse(message?.body ?? '').data.after).toEqual({
      one: expected,
      set: [expected],
      deep: [{ inner: expected }],
    });
  });

  it('keep attributes of any name', () => {
    const [message] = read(record({ NewImage: JSON.parse('{"__proto__":{"S":"x"},"constructor":{"S":"y"}}') }));
    expect(JSON.stringify(JSON.parse(message?.body ?? '').data.after)).toBe('{"__proto__":"x","constructor":"y"}');
  });

  it('hold what JSON can: sets are lists, bytes base64, long numbers text', () => {
    const image = {
      set: { SS: ['a', 'b'] },
      bytes: { B: 'aGk=' },
      long: { N: '12345678901234567890' },
      exact: { N: '1234567890.12' },
      fine: { N: '0.1234567890123456789' },
      list: { L: [{ NULL: true }, { M: { deep: { BOOL: true } } }] },
    };
    const [message] = read(record({ NewImage: image }));
    expect(JSON.parse(message?.body ?? '').data.after).toEqual({
      set: ['a', 'b'],
      bytes: 'aGk=',
      long: '12345678901234567890',
      exact: 1_234_567_890.12,
      fine: '0.1234567890123456789',
      list: [null, { deep: true }],
    });
  });
});
