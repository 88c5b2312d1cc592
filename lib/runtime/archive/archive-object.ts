import { isUtf8 } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import type { KinesisStreamRecord } from 'aws-lambda';
import { archivePrefix } from '../../contracts/agreed/environment.ts';
import { Reject } from '../invocation/outcomes.ts';
import type { Runtime } from '../invocation/runtime.ts';
import { deaggregated } from '../messages/aggregated-record.ts';
import { openBody } from '../messages/body.ts';
import { positionOf } from '../messages/message.ts';

/** A record of a log as it is archived. */
export interface ArchivedRecord {
  readonly sequenceNumber: string;
  /** Text that sorts as the shard does. */
  readonly position: string;
  readonly partitionKey: string;
  /** When Kinesis took it in, epoch milliseconds. */
  readonly arrivedAt: number;
  readonly data: Buffer;
}

const MILLIS_PER_SECOND = 1_000;

export function archivedRecord({ kinesis }: KinesisStreamRecord): ArchivedRecord {
  const { sequenceNumber, partitionKey, data, approximateArrivalTimestamp } = kinesis;
  return {
    sequenceNumber,
    position: positionOf({ id: sequenceNumber }),
    partitionKey,
    arrivedAt: Math.round(approximateArrivalTimestamp * MILLIS_PER_SECOND),
    data: Buffer.from(data, 'base64'),
  };
}

/** `2026-11-20T14` */
const hourOf = ({ arrivedAt }: ArchivedRecord): string => new Date(arrivedAt).toISOString().slice(0, 13);

/** The records from the first on that arrived in the same hour, UTC: what one object holds. */
export function sameHour(records: readonly [ArchivedRecord, ...ArchivedRecord[]]): readonly ArchivedRecord[] {
  const hour = hourOf(records[0]);
  const next = records.findIndex((record) => hourOf(record) !== hour);
  return next === -1 ? records : records.slice(0, next);
}

/**
 * Key of the object that begins with a record: made of nothing that changes when the record is delivered again. The folders are partitions as
 * Athena and Glue name them. https://docs.aws.amazon.com/athena/latest/ug/partitions.html
 */
export function archiveKey(log: { readonly name: string }, shard: string, first: ArchivedRecord): string {
  const [day, hour] = hourOf(first).split('T');
  return `${archivePrefix(log)}day=${day}/hour=${hour}/${shard}-${first.sequenceNumber}.ndjson.gz`;
}

/**
 * The records as lines of JSON, compressed. A line has `shard`, `sequenceNumber`, `partitionKey`, `arrivedAt`, for an event in an aggregated record
 * `part`, and the event as it was sent: `event`, with data that was packed or claimed put back in its place; `text` for what is no JSON in one line,
 * `base64` for what is no text; `problem` says why a body could not be opened.
 */
export async function archiveBody(
  shard: string,
  records: readonly ArchivedRecord[],
  runtime: Runtime,
): Promise<Buffer> {
  const lines: string[] = [];
  for (const { sequenceNumber, partitionKey, arrivedAt, data } of records) {
    const common = { shard, sequenceNumber, partitionKey, arrivedAt: new Date(arrivedAt).toISOString() };
    const parts = deaggregated(data);
    if (parts === undefined) lines.push(line(common, await content(data, runtime)));
    for (const [part, { key, data: one }] of parts?.entries() ?? [])
      lines.push(line({ ...common, partitionKey: key, part }, await content(one, runtime)));
  }
  return gzipSync(`${lines.join('\n')}\n`);
}

/** Members of a line, the event among them as the JSON it came as: parsing it would change its numbers. */
const line = (common: object, { json, ...other }: Content): string => {
  const members = JSON.stringify({ ...common, ...other });
  return json === undefined ? members : `${members.slice(0, -1)},"event":${json}}`;
};

interface Content {
  readonly json?: string;
  readonly text?: string;
  readonly base64?: string;
  readonly problem?: string;
}

async function content(data: Buffer, runtime: Runtime): Promise<Content> {
  if (!isUtf8(data)) return { base64: data.toString('base64') };
  const body = data.toString('utf8');
  try {
    return textOrJson(await openBody(body, runtime));
  } catch (error) {
    // What no other try mends is kept as it came; anything else fails the batch, which comes again.
    if (!(error instanceof Reject)) throw error;
    return { ...textOrJson(body), problem: error.reason };
  }
}

function textOrJson(body: string): Content {
  if (/[\r\n]/.test(body)) return { text: body };
  try {
    JSON.parse(body);
    return { json: body };
  } catch {
    return { text: body }; // Not JSON, which is all that was to be found out.
  }
}
