import { describe, expect, it } from 'vitest';
import { readBatch } from '../../lib/runtime/sources.ts';
import { kinesisEvent, QUEUE_ARN, STREAM_ARN, sqsEvent } from './lambda-events.ts';

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
          attributes: { type: 't' },
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
          source: STREAM_ARN,
          receives: undefined,
          firstReceived: 1_763_625_600_250,
          attributes: {},
        },
      ],
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
});
