import { toError } from '../invocation/outcomes.ts';
import type { Runtime } from '../invocation/runtime.ts';
import { errorFields } from '../invocation/telemetry.ts';
import { checkpointOf, comesAgain, type Message, type Outcome } from '../messages/message.ts';
import { type CountedContext, noteUndelivered } from './settle-one.ts';

/** What a batch of a stream needs beside the settling of each of its messages: its checkpoint is one number, and it has no visibility timeout. */
export interface LogContext extends CountedContext {
  readonly runtime: CountedContext['runtime'] & Pick<Runtime, 'sleep'>;
  /** Milliseconds that the function may yet wait before it answers. */
  readonly millisToWait: () => number;
}

/** A message and what became of it. */
export interface Returned {
  readonly message: Message;
  readonly outcome: Outcome;
}

const MILLIS_PER_SECOND = 1_000;

/**
 * A log has no visibility timeout: its mapping brings a batch back at once, and each time is one of its retries, after which it gives the
 * batch up without a reason. So what asked for a wait gets it here, as far as there is time.
 */
export async function waitForLog(first: Returned | undefined, { runtime, millisToWait }: LogContext): Promise<void> {
  if (first === undefined) return;
  const wait = MILLIS_PER_SECOND * askedSeconds(first.outcome);
  if (wait > 0) await runtime.sleep(Math.max(0, Math.min(wait, millisToWait())));
}

function askedSeconds(outcome: Outcome): number {
  if (outcome.kind === 'deferred' || outcome.kind === 'held') return outcome.afterSeconds ?? 0;
  return outcome.kind === 'retry' ? Math.max(outcome.afterSeconds ?? 0, outcome.atLeastSeconds ?? 0) : 0;
}

/** What has had its tries is not tried again when it comes with those before it: its dead letter is all that is left to do. */
export async function giveUpLater(message: Message, outcome: Outcome, context: LogContext): Promise<Outcome> {
  const isNew = context.triesOf(message).undelivered === undefined;
  if (outcome.kind === 'rejected' && outcome.attempts !== undefined && !outcome.sent && isNew)
    await noteUndelivered(message, outcome, context);
  return { kind: 'held' };
}

/**
 * The next batch begins with the record of the checkpoint, and only its first message is asked whether it has tries. When that one has none, but others that
 * come with it do, it says so.
 */
export async function announce(
  results: readonly Returned[],
  checkpoint: Returned | undefined,
  { tries, triesOf, log }: LogContext,
): Promise<void> {
  if (tries === undefined || checkpoint === undefined) return;
  const record = checkpointOf(checkpoint.message);
  const from = results.findIndex(({ message }) => checkpointOf(message) === record);
  const [first, ...others] = results.slice(from);
  const hasTries = ({ message, outcome }: Returned) =>
    outcome.kind === 'retry' ||
    (outcome.kind === 'rejected' && outcome.attempts !== undefined) ||
    (comesAgain(outcome) && triesOf(message).noted);
  if (first === undefined || hasTries(first) || !others.some(hasTries)) return;
  try {
    await tries.precedes(first.message);
  } catch (thrown) {
    const next = 'the handlers of those behind it are told a lower attempt; the tries themselves are counted';
    log('warn', 'tries could not be announced', { messageId: first.message.id, next, ...errorFields(toError(thrown)) });
  }
}
