import type { Channel } from '../../contracts/channels/channel.ts';
import { destinationsOf, type Outbox } from '../../contracts/channels/outbox.ts';
import { DYNAMODB } from '../../contracts/declaring/limits.ts';
import type { Envelope } from '../../contracts/events/envelope.ts';
import { type Body, bodyOf } from '../messages/body.ts';
import { carrierOf } from '../messages/entries.ts';
import { groupOf, keysOf } from '../messages/keys.ts';

/** Room in a row for its keys, times and the bucket of the index. */
const ROW_BYTES = 1_024;
const MAX_BODY_BYTES = DYNAMODB.maxItemBytes - ROW_BYTES;

/** Whether events of an outbox may be too large for their channels or their row, so that the writer needs the bucket. */
export const takesClaims = (box: Outbox): boolean => box.publishes.some(({ oversized }) => oversized === 'claim-check');

/**
 * The body of an event's row. What DynamoDB would not take goes to the bucket here, before the transaction; what only a channel would not
 * take is left to the relay, so that the other channels get the event whole.
 * @throws MessageTooLarge, InvalidKey for what could never be published: it must not be committed
 */
export function outboxBody(box: Outbox, event: Envelope, bucket: string): Body {
  const channels = destinationsOf(box, event.type);
  for (const channel of channels) keysOf(channel, event);
  const claims = channels.length > 0 && channels.every(({ oversized }) => oversized === 'claim-check');
  const row = bodyOf(
    event,
    {
      where: `a row of outbox '${box.name}'`,
      maxBytes: MAX_BODY_BYTES,
      oversized: claims ? 'claim-check' : 'refuse',
      compress: 'never',
    },
    () => bucket,
  );
  if (row.claimed === undefined) {
    for (const channel of channels) checkSize(channel, event, row.bytes);
    return row;
  }
  const keys = Object.fromEntries(
    channels.flatMap((channel) => {
      const group = groupOf(channel, event);
      return group === undefined ? [] : [[channel.name, group]];
    }),
  );
  const { data: _, ...header } = event;
  return { ...row, text: JSON.stringify({ claimCheck: { ...row.claimed.claim, keys }, ...header }) };
}

/** A row can hold it; whether a channel without claim check can take it is known before anything is committed. */
function checkSize(channel: Channel, event: Envelope, bodyBytes: number): void {
  const carrier = carrierOf(channel);
  if (bodyBytes + carrier.beside(event) <= carrier.maxBytes || channel.oversized === 'claim-check') return;
  bodyOf(event, carrier, () => 'unused');
}
