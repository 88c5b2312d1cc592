import type { Channel } from '../contracts/channel.ts';
import { seconds } from '../contracts/duration.ts';
import type { Envelope } from '../contracts/envelope.ts';
import { channelEnv } from '../contracts/environment.ts';
import { backoffSeconds, exponential } from '../contracts/retry.ts';
import { inBatches, inRounds } from './batching.ts';
import { requiredEnv } from './environment.ts';
import { toError } from './outcomes.ts';
import { lambda, type Runtime } from './runtime.ts';
import { type Entry, SENDERS, type Unsent } from './senders.ts';

/** A message is larger than its channel takes; nothing of the call was sent. */
export class MessageTooLarge extends Error {
  override readonly name = 'MessageTooLarge';
  constructor(envelope: Pick<Envelope, 'id' | 'type'>, bytes: number, channel: Channel) {
    super(
      `event '${envelope.id}' (${envelope.type}) is ${bytes} bytes; ${channel.kind} '${channel.name}' takes ${channel.maxMessageBytes}. Make the event smaller, or store the body and send a reference to it (claim check).`,
    );
  }
}

/** Some messages could not be sent after all tries. Those not named were sent. */
export class PublishFailed extends Error {
  override readonly name = 'PublishFailed';
  /** By event id: what the service said, or that an earlier event of the same key was not sent. */
  readonly unsent: ReadonlyMap<string, string>;

  constructor(channel: Channel, unsent: ReadonlyMap<string, string>) {
    const [first] = unsent;
    super(
      `${unsent.size} event(s) could not be sent to ${channel.kind} '${channel.name}'; the first, '${first?.[0]}': ${first?.[1]}`,
    );
    this.unsent = unsent;
  }
}

export interface PublisherOptions {
  /** The topic's ARN, the queue's URL or the stream's name. @default the environment variable that the constructs set */
  readonly address?: string;
  /** FIFO channels drop a second message with the same id within five minutes. @default the event's id */
  readonly deduplicationId?: (event: Envelope) => string;
}

/** Routing attributes count into a message's size: names, types and values of the three of them, rounded up. */
const ATTRIBUTE_BYTES = 256;

const SEND_RETRY = exponential({ attempts: 5, base: seconds(0.1), cap: seconds(2) });
const MILLIS_PER_SECOND = 1_000;

/** Sends events to a channel. @throws MessageTooLarge before anything is sent; PublishFailed naming what was not sent */
export type Publish = (events: readonly Envelope[]) => Promise<void>;

/**
 * Makes the sender of a channel. Requests are batched to the service's limits; entries that the service refuses are tried
 * again one by one; the order per key holds: a key's next event goes only when the one before it was taken.
 */
export function publisher(channel: Channel, options: PublisherOptions = {}, runtime: Runtime = lambda): Publish {
  const { aws, env, random, sleep } = runtime;
  const address =
    options.address ?? requiredEnv(channelEnv(channel), `where ${channel.kind} '${channel.name}' is`, env);
  const sender = SENDERS[channel.kind];

  async function sendRound(round: readonly Entry[]): Promise<Unsent[]> {
    let pending: readonly Entry[] = round;
    for (let attempt = 1; ; attempt++) {
      const refusals = await Promise.all(
        inBatches(pending, sender.limits).map((batch) =>
          sender
            .send(aws, channel, address, batch)
            .catch((thrown: unknown) => batch.map((entry) => ({ entry, error: toError(thrown).message }))),
        ),
      );
      const unsent = refusals.flat();
      if (unsent.length === 0 || attempt === SEND_RETRY.attempts) return unsent;
      pending = unsent.map(({ entry }) => entry);
      await sleep(backoffSeconds(SEND_RETRY, attempt, random) * MILLIS_PER_SECOND);
    }
  }

  return async (events) => {
    const entries = events.map((envelope) =>
      toEntry(channel, envelope, options.deduplicationId?.(envelope) ?? envelope.id),
    );
    const unsent = new Map<string, string>();
    const stopped = new Set<string>();
    for (const round of inRounds(entries, (entry) => entry.key)) {
      const [waiting, held] = [round.filter((e) => !stopped.has(e.key)), round.filter((e) => stopped.has(e.key))];
      for (const { envelope, key } of held) unsent.set(envelope.id, `an earlier event of '${key}' was not sent`);
      for (const { entry, error } of await sendRound(waiting)) {
        stopped.add(entry.key);
        unsent.set(entry.envelope.id, error);
      }
    }
    if (unsent.size > 0) throw new PublishFailed(channel, unsent);
  };
}

function toEntry(channel: Channel, envelope: Envelope, deduplicationId: string): Entry {
  const body = JSON.stringify(envelope);
  const bytes = sizeOf(body);
  if (bytes > channel.maxMessageBytes) throw new MessageTooLarge(envelope, bytes, channel);
  const key = channel.kind === 'log' ? envelope.partitionkey : channel.groupBy(envelope);
  return { envelope, body, bytes, key, deduplicationId };
}

/** Bytes a message takes on a channel, its routing attributes included. */
export const sizeOf = (body: string): number => Buffer.byteLength(body) + ATTRIBUTE_BYTES;
