import type { Subscription } from '../contracts/subscription.ts';
import { describeFailure, sendDeadLetter } from './dead-letters.ts';
import { ATTEMPTS_EXHAUSTED } from './handle-message.ts';
import type { Message, Outcome } from './message.ts';
import { toError } from './outcomes.ts';
import type { Runtime } from './runtime.ts';
import { errorFields, type Log } from './telemetry.ts';

export interface GiveUpContext {
  readonly subscription: Pick<Subscription, 'name'>;
  readonly deadLetterQueueUrl: string;
  readonly runtime: Pick<Runtime, 'aws' | 'now'>;
  readonly log: Log;
}

/**
 * Sends what was rejected, or parked for a failure of its own, to the dead letters; every other outcome stays as it is. If sending
 * fails, a rejected message is tried again; a parked one is not, as it lies where nothing is lost.
 */
export async function giveUpIfDue(message: Message, outcome: Outcome, context: GiveUpContext): Promise<Outcome> {
  const { subscription, log, runtime } = context;
  if (outcome.kind !== 'rejected' && outcome.kind !== 'parked') return outcome;
  const { reason, error: cause } = outcome;
  if (reason === undefined || cause === undefined || (outcome.kind === 'rejected' && outcome.sent)) return outcome;
  const attempts = outcome.attempts ?? message.receives ?? 1;
  const letter = describeFailure(subscription.name, { ...message, receives: attempts }, reason, cause, runtime.now());
  try {
    await sendDeadLetter(runtime.aws, context.deadLetterQueueUrl, message, letter);
  } catch (thrown) {
    const error = toError(thrown);
    log('error', 'the dead letter could not be sent', { messageId: message.id, ...errorFields(error) });
    return outcome.kind === 'parked' ? { kind: 'parked' } : { kind: 'retry', error, attempt: 1 };
  }
  // What makes a body unreadable may quote it, and bodies stay out of the logs: the dead letter has the words.
  const details = reason === ATTEMPTS_EXHAUSTED ? errorFields(cause) : {};
  const { fingerprint } = letter;
  log('error', outcome.kind === 'parked' ? 'parked' : 'dead-lettered', {
    messageId: message.id,
    reason,
    fingerprint,
    ...details,
  });
  return outcome.kind === 'parked' ? { kind: 'parked' } : { ...outcome, sent: true };
}
