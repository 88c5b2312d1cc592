import { toMillis } from '../../contracts/declaring/duration.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import type { KnownTries } from '../control/tries.ts';
import { unwrapped } from '../dead-letters/kept-messages.ts';
import { wasDone } from '../inbox/once.ts';
import { ATTEMPTS_EXHAUSTED, Reject } from '../invocation/outcomes.ts';
import { isOneRecord, type Message, type Outcome } from '../messages/message.ts';
import { readMessage } from '../messages/read-message.ts';
import type { Consumer } from './consumer.ts';

/**
 * Nobody can catch an endless loop, a full memory or process.exit: the function is gone, its batch comes again, and the queue has counted a receive of every
 * message in it. A message that has come twice without a reason that is known is marked while it is under way. If the mark still stands when it
 * comes again it is a suspect: whatever came with it is handled and acknowledged first, then it is handled with nothing beside it. If the function
 * ends under it again, that was a failed try of this message, and after its declared attempts it goes to the dead letters with the reason `crashed`.
 *
 *   receive 1, 2: as ever    3: marked    4: a suspect, alone    5 and on: a failed try is counted, and the next one made
 *
 * A message that is received once, or that has failed as often as it came, costs nothing of this.
 *
 * A stream counts no receives, but Lambda splits the batch under which the function ended until the record comes alone, and each end leaves a new instance. So the
 * record that comes alone to a new instance is marked, one event after the other; a mark that still stands when it comes again was a failed try. It comes again at
 * once, and Lambda may also have given it to two instances: so whoever finds a mark waits until the other must be over, and hands the record back. It costs a write
 * and a deletion a start of an instance whose first batch is one record. Whoever comes upon the lease of the one that ended waits for it too, and has not reached the
 * handler: the record stays watched, whichever instance it comes to.
 * https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 */
const UNEXPLAINED_RECEIVES = 2;

/** Reason of a message under which the function ended as often as it may be tried. */
export const CRASHED = 'crashed';

/** Whether a stream's batch is one record, to be marked: the function may end, or has ended, under it. */
export const isWatched = (
  messages: readonly Message[],
  triesOf: (message: Message) => KnownTries,
  isNewInstance: boolean,
): boolean =>
  isOneRecord(messages) &&
  (isNewInstance ||
    messages.some((message) => {
      const { startedUntil, watched = false } = triesOf(message);
      return startedUntil !== undefined || watched;
    }));

/**
 * Whether the function ended while it had the message under way: the time of its invocation is over. So it is when that would be longer than a function runs: the
 * clock of who marked it is ahead of ours, and a queue hides what is under way for six times as long. Of a stream's record only the time can tell.
 */
export function isSuspect(
  { receives }: Pick<Message, 'receives'>,
  { startedUntil }: KnownTries,
  { timeout }: Pick<Subscription, 'timeout'>,
  now: number,
): boolean {
  if (startedUntil === undefined) return false;
  return startedUntil < now || (receives !== undefined && startedUntil - now > toMillis(timeout));
}

/** Whether it has done so with nothing beside it, now or before: what comes with it must not wait for its next try. */
export const hasCrashedAlone = ({ alone, failed }: KnownTries): boolean => alone === true || failed > 0;

/** Whether a message is to be marked while it is under way. */
export const isToBeMarked = ({ receives = 1 }: Message, known: KnownTries): boolean =>
  known.startedUntil !== undefined || receives - 1 - known.failed >= UNEXPLAINED_RECEIVES;

/**
 * A record of a stream that another instance has marked may be under way there, or may have ended it: which of them, shows when its time is over.
 * @returns milliseconds until then; 0: it is, or nobody has the record
 */
export const waitForOther = ({ receives }: Message, { startedUntil = 0 }: KnownTries, now: number): number =>
  receives === undefined && startedUntil >= now ? startedUntil - now + 1 : 0;

/**
 * Counts the try under which the function ended.
 * @returns what becomes of the message; undefined: it has a try left
 */
export async function afterCrash(
  message: Message,
  known: KnownTries,
  consumer: Consumer,
): Promise<Outcome | undefined> {
  const { runtime, subscription, tries } = consumer;
  const { startedUntil, alone } = known;
  if (tries === undefined || startedUntil === undefined || !alone) return undefined;
  if (!isSuspect(message, known, subscription, runtime.now())) return undefined;
  const attempts = await tries.crashed(message, startedUntil);
  if (attempts === undefined || attempts < subscription.retry.attempts) return undefined;
  if (await isDone(message, consumer)) return { kind: 'duplicate' };
  const error = new Error(
    'the function ended while it handled this message and nothing else: an endless loop, memory that ran out, process.exit, or a crash of the process. Look for its last log lines before a new instance started',
  );
  return { kind: 'rejected', reason: CRASHED, error, attempts };
}

/**
 * A message that is decided and has come again for its dead letter alone: the dead-letter queue refused it, or the function ended before it was acknowledged.
 * @returns what became of it; undefined: it is to be tried
 */
export async function decidedBefore(
  message: Message,
  { undelivered, failed }: KnownTries,
  consumer: Consumer,
): Promise<Outcome | undefined> {
  // Of a stream it may be somebody who reads it again, to have it done this time.
  const usedUp = message.receives !== undefined && failed >= consumer.subscription.retry.attempts;
  if (undelivered === undefined && !usedUp) return undefined;
  if (await isDone(message, consumer)) return { kind: 'duplicate' };
  if (undelivered !== undefined) {
    const { reason, message: words, attempts } = undelivered;
    return { kind: 'rejected', reason, error: new Error(words), attempts };
  }
  const error = new Error(
    'its tries are used up, and the function ended before its dead letter was sent and the message acknowledged: look for the error in the logs of its last try',
  );
  return { kind: 'rejected', reason: ATTEMPTS_EXHAUSTED, error, attempts: failed };
}

/** Whether the event in it was done: the function ended after that, or a copy of it was handled. What cannot be read was not. */
async function isDone(message: Message, consumer: Consumer): Promise<boolean> {
  const { subscription, runtime, kept } = consumer;
  try {
    return await wasDone(await readMessage(await unwrapped(message, kept), subscription.to.events, runtime), consumer);
  } catch (error) {
    if (error instanceof Reject) return false;
    throw error;
  }
}
