import { CONSUMER_METRIC } from '../../contracts/agreed/metrics.ts';
import { seconds } from '../../contracts/declaring/duration.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { ATTEMPTS_EXHAUSTED, toError } from '../invocation/outcomes.ts';
import type { Runtime } from '../invocation/runtime.ts';
import { count, emitMetrics, errorFields, type Log } from '../invocation/telemetry.ts';
import type { Message, Outcome } from '../messages/message.ts';
import { describeFailure, sendDeadLetter } from './dead-letters.ts';
import type { KeptMessages } from './kept-messages.ts';

export interface GiveUpContext {
  readonly subscription: Pick<Subscription, 'name' | 'undeliverable'>;
  readonly deadLetterQueueUrl: string;
  readonly kept: KeptMessages;
  readonly runtime: Pick<Runtime, 'aws' | 'now' | 'env' | 'write'>;
  readonly log: Log;
}

/** What is to be sent, and why. */
interface GivenUp {
  readonly reason: string;
  readonly error: Error;
  readonly attempts: number;
}

/** While its dead letter cannot be sent, a message comes again after this time. */
const UNDELIVERABLE_WAIT = seconds(60);

/**
 * Sends what was rejected, or parked for a failure of its own, to the dead letters; every other outcome stays as it is. If sending
 * fails, the subscription decides whether a rejected message comes again, without spending an attempt, or is left; a parked one lies where
 * nothing is lost.
 */
export async function giveUpIfDue(message: Message, outcome: Outcome, context: GiveUpContext): Promise<Outcome> {
  if (outcome.kind !== 'rejected' && outcome.kind !== 'parked') return outcome;
  const { reason, error } = outcome;
  if (reason === undefined || error === undefined || (outcome.kind === 'rejected' && outcome.sent)) return outcome;
  const parked = outcome.kind === 'parked';
  const failure = await giveUp(
    message,
    { reason, error, attempts: outcome.attempts ?? message.receives ?? 1 },
    context,
    parked,
  );
  if (parked) return { kind: 'parked' };
  if (failure === undefined || context.subscription.undeliverable === 'continue') return { ...outcome, sent: true };
  return { kind: 'deferred', afterSeconds: UNDELIVERABLE_WAIT.seconds };
}

/**
 * Sends a message to the dead letters.
 * @param parked it lies among the parked ones as well
 * @returns why that failed; it is told and counted then, whatever the subscription does about it
 */
export async function giveUp(
  message: Message,
  { reason, error, attempts }: GivenUp,
  { subscription, deadLetterQueueUrl, kept, runtime, log }: GiveUpContext,
  parked = false,
): Promise<Error | undefined> {
  const { name, undeliverable } = subscription;
  const letter = describeFailure(name, { ...message, receives: attempts }, reason, error, runtime.now());
  const { fingerprint } = letter;
  try {
    await sendDeadLetter(runtime.aws, deadLetterQueueUrl, message, letter, kept);
  } catch (thrown) {
    const failure = toError(thrown);
    const next = parked ? 'it is parked' : undeliverable === 'stop' ? 'it comes again' : 'it is left';
    log('error', 'the dead letter could not be sent', {
      messageId: message.id,
      shard: message.record?.shard,
      next,
      reason,
      fingerprint,
      ...errorFields(failure),
    });
    emitMetrics(
      { dimensions: { subscription: name }, metrics: { [CONSUMER_METRIC.undeliverable]: count(1) } },
      runtime,
    );
    return failure;
  }
  // What makes a body unreadable may quote it, and bodies stay out of the logs: the dead letter has the words.
  const details = reason === ATTEMPTS_EXHAUSTED ? errorFields(error) : {};
  log('error', parked ? 'parked' : 'dead-lettered', { messageId: message.id, reason, fingerprint, ...details });
  return undefined;
}
