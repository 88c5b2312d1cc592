import type { Channel } from '../../contracts/channels/channel.ts';
import { ATTRIBUTE, type Envelope } from '../../contracts/events/envelope.ts';
import { aggregated, EVENT_OVERHEAD_BYTES, recordOverhead } from './aggregated-record.ts';
import { bodyOf, type Carrier, type ClaimedEnvelope, type Header } from './body.ts';
import type { ClaimedData } from './claim-check.ts';
import { keysOf, usableId } from './keys.ts';

/** One message ready to go. */
export interface Entry {
  /** Of an aggregated record: the first. */
  readonly envelope: Envelope | ClaimedEnvelope;
  /** Every event in it, in order; one, but for aggregated records. */
  readonly carries: readonly (Envelope | ClaimedEnvelope)[];
  readonly body: string | Buffer;
  readonly bytes: number;
  /** Order is kept per key: message group or partition key. */
  readonly key: string;
  /** Message group as the service is told: of FIFO channels, or the tenant of a standard one. */
  readonly group: string | undefined;
  readonly deduplicationId: string;
  /** Queues without order: seconds until it can be received. */
  readonly delaySeconds?: number;
  /** Data that must be stored before the message is sent. */
  readonly claims: readonly ClaimedData[];
}

/** A channel as something that takes bodies. */
export const carrierOf = (channel: Channel): Carrier & Required<Pick<Carrier, 'beside'>> => ({
  where: `${channel.kind} '${channel.name}'`,
  maxBytes: channel.maxMessageBytes,
  beside: channel.kind === 'log' ? keyBytes : attributeBytes,
  oversized: channel.oversized,
  compress: channel.compress,
});

/** The routing attributes that a message of SQS or SNS has. */
export const attributesOf = (envelope: Partial<Header>): Record<string, { DataType: 'String'; StringValue: string }> =>
  Object.fromEntries(
    [
      [ATTRIBUTE.type, envelope.type],
      [ATTRIBUTE.version, versionOf(envelope)],
      [ATTRIBUTE.traceparent, envelope.traceparent],
    ]
      // Foreign events need not have all of them, and an empty value would be refused.
      .flatMap(([name, value]) =>
        typeof value === 'string' && value !== '' ? [[name, { DataType: 'String', StringValue: value }]] : [],
      ),
  );

const versionOf = ({ dataschema }: Partial<Header>): string | undefined =>
  dataschema?.slice(dataschema.lastIndexOf(':') + 1);

/** Names, types and values count into a message's size. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
const attributeBytes = (event: Header): number =>
  Object.entries(attributesOf(event)).reduce(
    (sum, [name, { DataType, StringValue }]) => sum + Buffer.byteLength(`${name}${DataType}${StringValue}`),
    0,
  );

const keyBytes = ({ partitionkey }: Header): number => Buffer.byteLength(partitionkey);

/**
 * Makes the messages for events, in their order.
 * @throws MessageTooLarge, InvalidKey
 */
export function entriesOf(
  channel: Channel,
  events: readonly (Envelope | ClaimedEnvelope)[],
  options: { readonly bucket: () => string; readonly deduplicationId: (event: Header) => string },
): Entry[] {
  const carrier = carrierOf(channel);
  const single = events.map((envelope): Entry => {
    const { key, group } = keysOf(channel, envelope);
    const { text, bytes, claimed } = bodyOf(envelope, carrier, options.bucket);
    return {
      envelope,
      carries: [envelope],
      body: text,
      bytes,
      key,
      group,
      deduplicationId: usableId(options.deduplicationId(envelope)),
      claims: claimed === undefined ? [] : [claimed],
    };
  });
  return channel.kind === 'log' && channel.aggregate !== undefined
    ? gathered(single, channel.aggregate, channel.maxMessageBytes)
    : single;
}

/** Checks what publishing would check, for those who commit events before they publish them. @throws InvalidKey */
export const checkKeys = (channel: Channel, event: Envelope): void => void keysOf(channel, event);

/**
 * Puts events of one key together, in order. Only of one key: the record's partition key is then theirs, so that it stays on their
 * shard whatever happens to the shards, and order per key, parallelism per key and hot-shard metrics mean what they always mean.
 * (Keys of one shard could share a record as well, but a producer that guesses the shards is wrong after every reshard.)
 */
function gathered(entries: readonly Entry[], limit: number, recordBytes: number): Entry[] {
  const records: Entry[][] = [];
  const open = new Map<string, { readonly entries: Entry[]; bytes: number }>();
  for (const entry of entries) {
    const bytes = Buffer.byteLength(entry.body) + EVENT_OVERHEAD_BYTES;
    const record = open.get(entry.key);
    const room = Math.min(limit, recordBytes - Buffer.byteLength(entry.key));
    if (record !== undefined && record.bytes + bytes <= room) {
      record.entries.push(entry);
      record.bytes += bytes;
      continue;
    }
    const started = { entries: [entry], bytes: recordOverhead(entry.key) + bytes };
    open.set(entry.key, started);
    records.push(started.entries);
  }
  return records.map(together);
}

function together(entries: readonly Entry[]): Entry {
  const [first, ...others] = entries;
  if (first === undefined) throw new RangeError('a record needs an event');
  if (others.length === 0) return first;
  const body = aggregated(
    first.key,
    entries.map((entry) => Buffer.from(entry.body as string)),
  );
  return {
    ...first,
    carries: entries.flatMap(({ carries }) => carries),
    body,
    bytes: body.length + Buffer.byteLength(first.key),
    claims: entries.flatMap(({ claims }) => claims),
  };
}
