import type { Channel } from '../../contracts/channels/channel.ts';
import type { Envelope } from '../../contracts/events/envelope.ts';
import type { ClaimedData } from '../../runtime/messages/claim-check.ts';
import { attributesOf, entriesOf } from '../../runtime/messages/entries.ts';
import type { Attributes } from '../services/sizes.ts';

/** Something that comes to a consumer and is not just an event: made by `twice()` and `broken()` of a test. */
export interface Sent<E extends Envelope = Envelope> {
  /** Copies of an event, each a message of its own. */
  readonly copiesOf?: E;
  /** @default 2 */
  readonly copies?: number;
  /** A body as it is. */
  readonly body?: string | Buffer;
  /** Key of a body: message group, or partition key. */
  readonly key?: string;
}

/** What a test can give to a consumer. */
export type Given<E extends Envelope = Envelope> = E | Sent<E>;

/** A message on its way to a queue or a log. */
export interface Outgoing {
  /** Ids of the events in it; none of what cannot be read. */
  readonly events: readonly string[];
  readonly body: string | Buffer;
  readonly attributes: Attributes;
  readonly key: string;
  readonly group: string | undefined;
  readonly deduplicationId: string;
}

/** Stores data that travels by way of the bucket. */
export type StoreClaim = (claimed: ClaimedData) => void;

/**
 * The messages that a producer would send for what is given, in that order: packed, claimed and gathered as the channel declares it.
 * @param number tells apart what was given before
 * @throws MessageTooLarge, InvalidKey as the producer would
 */
export function outgoing(
  channel: Channel,
  given: readonly Given[],
  bucket: string,
  store: StoreClaim,
  number: () => number,
): Outgoing[] {
  const messages: Outgoing[] = [];
  let events: Envelope[] = [];
  const flush = (copy = 1) => {
    const options = {
      bucket: () => bucket,
      deduplicationId: ({ id }: { id: string }) => (copy === 1 ? id : `${id}/${copy}`),
    };
    for (const { envelope, carries, body, key, group, deduplicationId, claims } of entriesOf(
      channel,
      events,
      options,
    )) {
      for (const claim of claims) store(claim);
      const attributes = channel.kind === 'log' ? {} : attributesOf(envelope);
      messages.push({ events: carries.map(({ id }) => id), body, attributes, key, group, deduplicationId });
    }
    events = [];
  };
  for (const one of given) {
    if (!isSent(one)) {
      events.push(one);
      continue;
    }
    flush();
    if (one.copiesOf !== undefined) {
      for (let copy = 1; copy <= (one.copies ?? 2); copy++) {
        events = [one.copiesOf];
        flush(copy);
      }
    } else {
      const { body = '', key = 'broken' } = one;
      messages.push({ events: [], body, attributes: {}, key, group: key, deduplicationId: `body-${number()}` });
    }
  }
  flush();
  return messages;
}

const isSent = (given: Given): given is Sent => !('specversion' in given);
