import type { KinesisStreamRecord, SQSRecord } from 'aws-lambda';
import type { Message } from './message.ts';

/**
 * The sources a consumer can have, one row each. A row says how to read a record and what a failure stops:
 * `unit` - only what follows in the same unit; `batch` - everything that has not started, because a stream's checkpoint is one number.
 */
interface Source<Record> {
  readonly stops: 'unit' | 'batch';
  readonly read: (record: Record) => Message;
}

function stringAttributes(record: SQSRecord): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, attribute] of Object.entries(record.messageAttributes)) {
    if (attribute.stringValue !== undefined) found[name] = attribute.stringValue;
  }
  return found;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
const sqs: Source<SQSRecord> = {
  stops: 'unit',
  read: (record) => ({
    id: record.messageId,
    body: record.body,
    unit: record.attributes.MessageGroupId,
    source: record.eventSourceARN,
    receives: Number(record.attributes.ApproximateReceiveCount),
    firstReceived: Number(record.attributes.ApproximateFirstReceiveTimestamp),
    receiptHandle: record.receiptHandle,
    attributes: stringAttributes(record),
    ...(record.attributes.MessageGroupId === undefined ? {} : { group: record.attributes.MessageGroupId }),
  }),
};

const MILLIS_PER_SECOND = 1_000;

/** https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html */
const kinesis: Source<KinesisStreamRecord> = {
  stops: 'batch',
  read: ({ kinesis: record, eventSourceARN }) => ({
    id: record.sequenceNumber,
    body: Buffer.from(record.data, 'base64').toString('utf8'),
    unit: record.partitionKey,
    source: eventSourceARN,
    receives: undefined,
    firstReceived: record.approximateArrivalTimestamp * MILLIS_PER_SECOND,
    attributes: {},
  }),
};

const SOURCES: Readonly<Record<string, Source<never>>> = { 'aws:sqs': sqs, 'aws:kinesis': kinesis };

export interface Batch {
  readonly stops: 'unit' | 'batch';
  readonly messages: readonly Message[];
}

/**
 * Reads an event source mapping's event.
 * @throws TypeError when the function was invoked with anything else
 */
export function readBatch(event: unknown): Batch {
  const records = (event as { Records?: unknown[] } | null)?.Records;
  if (!Array.isArray(records)) {
    throw new TypeError(
      'the event has no Records: this function consumes a queue or a stream through an event source mapping',
    );
  }
  const first = records[0] as { eventSource?: string } | undefined;
  if (first === undefined) return { stops: 'unit', messages: [] };
  const source = SOURCES[first.eventSource ?? ''];
  if (source === undefined) {
    throw new TypeError(
      `event source '${first.eventSource}' cannot be consumed (known: ${Object.keys(SOURCES).join(', ')})`,
    );
  }
  return { stops: source.stops, messages: records.map((record) => source.read(record as never)) };
}
