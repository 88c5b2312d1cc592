import type { DynamoDBRecord, KinesisStreamRecord, SQSRecord } from 'aws-lambda';
import type { MessageAttributes } from '../../contracts/agreed/dead-letter.ts';
import { deaggregated } from './aggregated-record.ts';
import { itemChange } from './item-change.ts';
import { bodyOfBytes, type Message } from './message.ts';

/**
 * The sources a consumer can have, one row each. A row says how to read a record and what a failure stops:
 * `unit` - only what follows in the same unit; `batch` - everything that has not started, because a stream's checkpoint is one number.
 *
 * | source          | a message is         | its unit is                   | a failure is reported as      | receives | stops |
 * |-----------------|----------------------|-------------------------------|-------------------------------|----------|-------|
 * | SQS, standard   | a message            | none                          | message id                    | counted  | unit  |
 * | SQS, FIFO       | a message            | the message group             | message id                    | counted  | unit  |
 * | Kinesis         | a record             | the partition key             | sequence number               | unknown  | batch |
 * | Kinesis, KPL    | an event in a record | the event's own partition key | sequence number of the record | unknown  | batch |
 * | DynamoDB stream | a change of an item  | the item's key                | sequence number               | unknown  | batch |
 */
interface Source<Record> {
  readonly stops: 'unit' | 'batch';
  /** One message, or several out of an aggregated record. */
  readonly read: (record: Record) => readonly Message[];
}

/**
 * On a standard queue the message group is the tenant (fair queues) and orders nothing.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
const sqs: Source<SQSRecord> = {
  stops: 'unit',
  read(record) {
    const group = record.attributes.MessageGroupId;
    const fifo = record.eventSourceARN.endsWith('.fifo');
    return [
      {
        id: record.messageId,
        body: record.body,
        unit: fifo ? group : undefined,
        source: record.eventSourceARN,
        receives: Number(record.attributes.ApproximateReceiveCount),
        firstReceived: Number(record.attributes.ApproximateFirstReceiveTimestamp),
        receiptHandle: record.receiptHandle,
        attributes: record.messageAttributes as MessageAttributes,
        ...(group === undefined ? {} : fifo ? { group } : { tenant: group }),
      },
    ];
  },
};

const MILLIS_PER_SECOND = 1_000;

/** https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html */
const kinesis: Source<KinesisStreamRecord> = {
  stops: 'batch',
  read(entry) {
    const { kinesis: record, eventSourceARN } = entry;
    const data = Buffer.from(record.data, 'base64');
    const { sequenceNumber, partitionKey } = record;
    const shard = shardOf(entry);
    const common = {
      source: eventSourceARN,
      receives: undefined,
      firstReceived: record.approximateArrivalTimestamp * MILLIS_PER_SECOND,
      attributes: {},
    };
    const events = deaggregated(data);
    if (events === undefined) {
      const reference = { shard, sequenceNumber, partitionKey };
      return [{ ...common, ...bodyOfBytes(data), id: sequenceNumber, unit: partitionKey, record: reference }];
    }
    return events.map(({ key, data: body }, part) => ({
      ...common,
      ...bodyOfBytes(body),
      id: `${sequenceNumber}.${part}`,
      unit: key,
      record: { shard, sequenceNumber, part, partitionKey: key },
      within: { sequenceNumber, part },
    }));
  },
};

/** https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html */
const dynamodb: Source<DynamoDBRecord> = {
  stops: 'batch',
  read(record) {
    const change = itemChange(record);
    const sequenceNumber = record.dynamodb?.SequenceNumber ?? '';
    return [
      {
        id: sequenceNumber,
        body: JSON.stringify(change),
        unit: change.partitionkey,
        source: record.eventSourceARN ?? '',
        receives: undefined,
        firstReceived: Date.parse(change.time),
        record: { sequenceNumber, partitionKey: change.partitionkey },
        attributes: {},
      },
    ];
  },
};

const SOURCES: Readonly<Record<string, Source<never>>> = {
  'aws:sqs': sqs,
  'aws:kinesis': kinesis,
  'aws:dynamodb': dynamodb,
};

/** `shardId-000000000006:49590...` */
const shardOf = ({ eventID }: KinesisStreamRecord): string => eventID.slice(0, eventID.indexOf(':'));

export interface Batch {
  readonly stops: 'unit' | 'batch';
  readonly messages: readonly Message[];
  /** Logs only: the shard they come from. */
  readonly shard?: string;
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
  return {
    stops: source.stops,
    messages: records.flatMap((record) => source.read(record as never)),
    ...(source === kinesis ? { shard: shardOf(first as KinesisStreamRecord) } : {}),
  };
}
