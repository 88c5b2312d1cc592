import { createHash } from 'node:crypto';
import type { Channel } from '../../contracts/channels/channel.ts';
import { EVENT, KINESIS, SQS } from '../../contracts/declaring/limits.ts';
import type { Envelope } from '../../contracts/events/envelope.ts';
import { type ClaimedEnvelope, isClaimed } from './body.ts';

/** A key that the channel's service would refuse, with everything else in the request; nothing of the call was sent or written. */
export class InvalidKey extends Error {
  override readonly name = 'InvalidKey';
  readonly eventId: string;

  constructor(event: Pick<Envelope, 'id' | 'type'>, channel: Channel, what: string, value: unknown, rule: string) {
    super(
      `event '${event.id}' (${event.type}) has the ${what} '${value}' on ${channel.kind} '${channel.name}'; it must have ${rule}. Shorten or hash it where it is declared (the event's key, groupBy or tenantBy).`,
    );
    this.eventId = event.id;
  }
}

/** Letters, digits and punctuation. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
const ID = new RegExp(`^[!-~]{1,${SQS.maxIdCharacters}}$`);
const ID_RULE = `1 to ${SQS.maxIdCharacters} letters, digits or punctuation marks, without spaces`;

interface Keys {
  /** Partition key or message group: of two events with the same one, the second goes after the first. Without order: the event's id. */
  readonly key: string;
  /** What the service is told as message group, on queues and topics that have one: FIFO, or tenants of a standard one. */
  readonly group: string | undefined;
}

/**
 * The keys of an event on a channel, checked against the rules of its service.
 * @throws InvalidKey
 */
export function keysOf(channel: Channel, event: Envelope | ClaimedEnvelope): Keys {
  if (Buffer.byteLength(event.id) > EVENT.maxIdBytes)
    throw new InvalidKey(event, channel, 'id', event.id, `at most ${EVENT.maxIdBytes} bytes`);
  if (channel.kind === 'log') {
    const key: unknown = event.partitionkey;
    const fits = typeof key === 'string' && key !== '' && charactersOf(key) <= KINESIS.maxPartitionKeyCharacters;
    const rule = `1 to ${KINESIS.maxPartitionKeyCharacters} characters`;
    if (!fits) throw new InvalidKey(event, channel, 'partition key', key, rule);
    return { key, group: undefined };
  }
  const chosen = groupOf(channel, event);
  const name = channel.order === 'per-key' ? 'message group' : 'tenant';
  if (chosen !== undefined && !ID.test(chosen)) throw new InvalidKey(event, channel, name, chosen, ID_RULE);
  return { key: channel.order === 'per-key' ? (chosen ?? '') : event.id, group: chosen };
}

/** Of Unicode, as AWS counts: a mark outside the basic plane is one, and two in JavaScript. */
const charactersOf = (text: string): number =>
  text.length <= KINESIS.maxPartitionKeyCharacters ? text.length : [...text].length;

/** Message group (FIFO) or tenant (standard) that an event gets on a channel; undefined: none. */
export function groupOf(channel: Channel, event: Envelope | ClaimedEnvelope): string | undefined {
  if (channel.kind === 'log') return undefined;
  const choose = channel.order === 'per-key' ? channel.groupBy : channel.tenantBy;
  if (choose === undefined) return undefined;
  // The data that the choice is made from is in the bucket; the writer of the claim has kept the choice.
  return isClaimed(event) ? (event.claimCheck.keys?.[channel.name] ?? event.partitionkey) : choose(event);
}

/** A deduplication id is only compared, so that one the service would refuse is replaced by its hash. */
export const usableId = (id: string): string => (ID.test(id) ? id : createHash('sha256').update(id).digest('hex'));
