import { channelEnv } from '../../contracts/agreed/environment.ts';
import type { Channel } from '../../contracts/channels/channel.ts';
import { DeclarationError } from '../../contracts/declaring/declaration-error.ts';
import { type Duration, seconds } from '../../contracts/declaring/duration.ts';
import { SQS } from '../../contracts/declaring/limits.ts';
import { backoffSeconds, exponential } from '../../contracts/declaring/retry.ts';
import type { Envelope } from '../../contracts/events/envelope.ts';
import { AwsError } from '../aws/calls/call.ts';
import { isThrottle } from '../aws/throttles.ts';
import { requiredEnv } from '../invocation/environment.ts';
import { toError } from '../invocation/outcomes.ts';
import { lambda, type Runtime } from '../invocation/runtime.ts';
import type { Header } from '../messages/body.ts';
import { claimsBucket, storeClaim } from '../messages/claim-check.ts';
import { entriesOf } from '../messages/entries.ts';
import { inBatches, inParallel, inRounds } from './batching.ts';
import { measureSends } from './send-metrics.ts';
import { type Entry, SENDERS, type Unsent } from './senders.ts';

export { MessageTooLarge, sizeOf } from '../messages/body.ts';
export { InvalidKey } from '../messages/keys.ts';

/** Some messages could not be sent after all tries. Those not named were sent. */
export class PublishFailed extends Error {
  override readonly name = 'PublishFailed';
  /** By event id: what the service said, or that an earlier event of the same key was not sent. */
  readonly unsent: ReadonlyMap<string, string>;
  /** All that was refused was refused for want of capacity. */
  readonly throttled: boolean;

  constructor(channel: Channel, unsent: ReadonlyMap<string, string>, throttled = false) {
    const [first] = unsent;
    super(
      `${unsent.size} event(s) could not be sent to ${channel.kind} '${channel.name}'; the first, '${first?.[0]}': ${first?.[1]}`,
    );
    this.unsent = unsent;
    this.throttled = throttled;
  }
}

/** How one try of sending went: what backpressure listens to. */
export interface Attempt {
  readonly sent: number;
  /** Events that the service refused for want of capacity. */
  readonly throttled: number;
  /** Events that were not sent for another reason. */
  readonly failed: number;
}

/** How a publisher tries again. */
export interface PublisherOptions {
  /** The topic's ARN, the queue's URL or the stream's name. @default the environment variable that the constructs set */
  readonly address?: string;
  /** Bucket of a channel with claim check. @default the environment variable that the constructs set */
  readonly claims?: string;
  /** FIFO channels drop a second message with the same id within five minutes. @default the event's id */
  readonly deduplicationId?: (event: Header) => string;
  /** Time until the messages can be received; queues without order, up to 15 minutes. Beyond that: `later()`. @default none */
  readonly delay?: Duration;
  /** Hears of every try. */
  readonly onAttempt?: (attempt: Attempt) => void;
}

const SEND_RETRY = exponential({ attempts: 5, base: seconds(0.1), cap: seconds(2) });
const MILLIS_PER_SECOND = 1_000;
const PARALLEL_CLAIMS = 5;

/**
 * Sends events to a channel.
 * @throws MessageTooLarge, InvalidKey before anything is sent; PublishFailed naming what was not sent
 */
export type Publish = (events: readonly Envelope[]) => Promise<void>;

/**
 * Makes the sender of a channel. Requests are batched to the service's limits; entries that the service refuses are tried
 * again one by one; the order per key holds: a key's next event goes only when the one before it was taken.
 * @throws MissingEnvironment when neither the options nor the environment say where channel and claims are; DeclarationError for a
 *   delay that the channel cannot keep
 */
export function publisher(channel: Channel, options: PublisherOptions = {}, runtime: Runtime = lambda): Publish {
  const { aws, env, random, sleep } = runtime;
  const address =
    options.address ?? requiredEnv(channelEnv(channel), `where ${channel.kind} '${channel.name}' is`, env);
  const claims = channel.oversized === 'claim-check' ? (options.claims ?? claimsBucket(env)) : '';
  const delay = delayOf(channel, options.delay);
  const sender = SENDERS[channel.kind];

  async function sendBatch(batch: readonly Entry[]): Promise<Unsent[]> {
    try {
      return await sender.send(aws, channel, address, batch);
    } catch (thrown) {
      const error = toError(thrown);
      // One bad entry makes the service refuse the whole request: halves find it, and the others are sent.
      if (isInvalid(error.name) && batch.length > 1) {
        const middle = Math.ceil(batch.length / 2);
        return [...(await sendBatch(batch.slice(0, middle))), ...(await sendBatch(batch.slice(middle)))];
      }
      const code = error instanceof AwsError ? error.name : undefined;
      return batch.map((entry) => ({ entry, error: error.message, code }));
    }
  }

  async function sendRound(round: readonly Entry[], heard: (attempt: Attempt) => void): Promise<Unsent[]> {
    let pending: readonly Entry[] = round;
    const hopeless: Unsent[] = [];
    for (let attempt = 1; ; attempt++) {
      const unsent = (await Promise.all(inBatches(pending, sender.limits).map(sendBatch))).flat();
      heard(report(pending, unsent));
      hopeless.push(...unsent.filter(({ code = '' }) => isInvalid(code)));
      const again = unsent.filter(({ code = '' }) => !isInvalid(code));
      if (again.length === 0 || attempt === SEND_RETRY.attempts) return [...hopeless, ...again];
      pending = again.map(({ entry }) => entry);
      await sleep(backoffSeconds(SEND_RETRY, attempt, random) * MILLIS_PER_SECOND);
    }
  }

  return async (events) => {
    const entries = entriesOf(channel, events, {
      bucket: () => claims,
      deduplicationId: options.deduplicationId ?? (({ id }) => id),
    }).map((entry) => ({ ...entry, ...delay }));
    await inParallel(
      entries.flatMap((entry) => entry.claims),
      PARALLEL_CLAIMS,
      (claim) => storeClaim(runtime, claim),
    );
    const unsent = new Map<string, string>();
    const stopped = new Set<string>();
    let throttled = true;
    const note = ({ carries }: Entry, error: string) => {
      for (const { id } of carries) unsent.set(id, error);
    };
    const tally = { sent: 0, failures: 0 };
    const heard = (attempt: Attempt): void => {
      tally.sent += attempt.sent;
      tally.failures += attempt.throttled + attempt.failed;
      options.onAttempt?.(attempt);
    };
    for (const round of inRounds(entries, (entry) => entry.key)) {
      const [waiting, held] = [round.filter((e) => !stopped.has(e.key)), round.filter((e) => stopped.has(e.key))];
      for (const entry of held) note(entry, `an earlier event of '${entry.key}' was not sent`);
      for (const { entry, error, code = '' } of await sendRound(waiting, heard)) {
        stopped.add(entry.key);
        throttled &&= isThrottle(code);
        note(entry, error);
      }
    }
    if (entries.length > 0) measureSends(channel, tally, runtime);
    if (unsent.size > 0) throw new PublishFailed(channel, unsent, throttled);
  };
}

/** Codes that say a request or an entry is wrong in itself: the same again would be refused again. */
const isInvalid = (code: string): boolean => INVALID.has(code.slice(code.lastIndexOf('.') + 1));
const INVALID = new Set([
  'ValidationException',
  'ValidationError',
  'InvalidArgumentException',
  'InvalidParameter',
  'InvalidParameterException',
  'InvalidParameterValue',
  'InvalidParameterValueException',
  'ParameterValueInvalid',
  'InvalidMessageContents',
  'SerializationException',
  'BatchRequestTooLong',
  'BatchTooLarge',
  'MessageTooLong',
]);

function report(tried: readonly Entry[], unsent: readonly Unsent[]): Attempt {
  const count = (entries: readonly Entry[]) => entries.reduce((sum, { carries }) => sum + carries.length, 0);
  const throttled = count(unsent.filter(({ code = '' }) => isThrottle(code)).map(({ entry }) => entry));
  const all = count(unsent.map(({ entry }) => entry));
  return { sent: count(tried) - all, throttled, failed: all - throttled };
}

function delayOf(channel: Channel, delay: Duration | undefined): { readonly delaySeconds?: number } {
  if (delay === undefined || delay.seconds === 0) return {};
  const thing = `publisher of ${channel.kind} '${channel.name}'`;
  if (channel.kind !== 'queue' || channel.order !== 'none') {
    const problem = `delay (${delay.seconds} s) needs a queue without order: a FIFO queue delays all its messages alike, topics and logs none`;
    throw new DeclarationError(thing, problem, 'Declare the channel with queue(), or leave delay out');
  }
  if (delay.seconds > SQS.maxDelaySeconds) {
    const problem = `delay must be at most ${SQS.maxDelaySeconds} s (given ${delay.seconds} s)`;
    throw new DeclarationError(thing, problem, 'Use later() for what is due later');
  }
  // Never early: a part of a second counts as a whole one.
  return { delaySeconds: Math.ceil(delay.seconds) };
}
