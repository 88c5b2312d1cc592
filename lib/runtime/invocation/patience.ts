import { seconds } from '../../contracts/declaring/duration.ts';
import { backoffSeconds, exponential } from '../../contracts/declaring/retry.ts';
import type { AwsCall, AwsService, CallTime } from '../aws/calls/call.ts';
import type { Runtime } from './runtime.ts';
import { isTransientAnswer } from './transient.ts';

/** Waits within an invocation, for an answer of a store that says: not now. With full jitter, so that those who met do not meet again. */
const WAITS = exponential({ attempts: 10, base: seconds(0.05), cap: seconds(1) });
/** A message that had to be handed back for such an answer comes again after up to so long. */
const COMES_AGAIN = exponential({ attempts: 10, base: seconds(2), cap: seconds(60) });
const MILLIS_PER_SECOND = 1_000;

type Waits = Pick<Runtime, 'sleep' | 'random'>;

/** How long there is to wait, and by whose clock and chance. */
export interface Patience extends CallTime {
  readonly runtime: Waits;
  /** Milliseconds in which something may still be tried. */
  readonly millisLeft: () => number;
}

/** Of what is done outside of an invocation, or in one that nobody has told of: a producer's transaction, a tool's. */
const BRIEF_MILLIS = 2_000;

/** Patience for two seconds from now. */
export const briefly = (runtime: Waits & Pick<Runtime, 'now'>): Patience => patienceFor(BRIEF_MILLIS, runtime);

/** Patience for so many milliseconds from now. */
export function patienceFor(millis: number, runtime: Waits & Pick<Runtime, 'now'>): Patience {
  const end = runtime.now() + millis;
  return { runtime, millisLeft: () => end - runtime.now() };
}

/**
 * Does something again while the store says: not now (`transient.ts`), as long as there is time.
 * @param work that may be repeated as it is: a write under conditions or with a token
 * @throws what the work threw last
 */
export async function patiently<T>(work: () => Promise<T>, { runtime, millisLeft }: Patience): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isTransientAnswer(error) || attempt === WAITS.attempts) throw error;
      const wait = waitMillis(attempt, runtime);
      if (wait >= millisLeft()) throw error;
      await runtime.sleep(wait);
      // The instance may have been frozen meanwhile, and the invocation be over.
      if (millisLeft() <= 0) throw error;
    }
  }
}

const waitMillis = (attempt: number, { random }: Waits): number =>
  backoffSeconds(WAITS, attempt, random) * MILLIS_PER_SECOND;

/** Before whoever was beaten reads again and decides anew, for the n-th time: those who met must not meet again. */
export const stepBack = (attempt: number, runtime: Waits): Promise<void> => runtime.sleep(waitMillis(attempt, runtime));

/** What is written there is written under conditions, under a name or with a token: a request may be repeated as it is. */
const STORES: ReadonlySet<AwsService> = new Set(['dynamodb', 's3']);

/** When the calls of an invocation must have ended, and until when what is not answered in earnest is tried again. */
export interface InvocationTime {
  readonly calls: CallTime;
  readonly tries: CallTime;
}

/**
 * A runtime whose calls know how much time there is: none takes longer (`aws/http.ts`), and stores that say "not now" are asked again while there is time.
 * All that a consumer, an aggregation, an archive or a relay does for an invocation goes through one of these.
 */
export function patientRuntime(runtime: Runtime, { calls, tries }: InvocationTime): Runtime {
  const patience: Patience = { runtime, millisLeft: tries.millisLeft };
  return { ...runtime, aws: askedAgain(runtime.aws, () => patience, calls) };
}

/** The same where nobody knows how much time there is: each call has two seconds for its patience, and as long as its tries take. */
export const patientCall = (runtime: Waits & Pick<Runtime, 'now' | 'aws'>): AwsCall =>
  askedAgain(runtime.aws, () => briefly(runtime));

const askedAgain =
  (aws: AwsCall, patience: () => Patience, time?: CallTime): AwsCall =>
  (service, operation, input) =>
    STORES.has(service)
      ? patiently(() => aws(service, operation, input, time), patience())
      : aws(service, operation, input, time);

/** Seconds after which a message comes again that was handed back for a transient answer. @param receives how often it has come, as far as that is known */
export const comesAgainSeconds = (receives: number | undefined, { random }: Pick<Runtime, 'random'>): number =>
  Math.max(1, backoffSeconds(COMES_AGAIN, receives ?? 1, random));
