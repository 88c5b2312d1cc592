import type { Context } from 'aws-lambda';
import { toMillis } from '../../contracts/declaring/duration.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { OutOfTime } from '../aws/calls/call.ts';
import { type InvocationTime, patientRuntime } from './patience.ts';
import type { Runtime } from './runtime.ts';

/** Units of one batch that are in work at once. */
export const DEFAULT_PARALLEL_UNITS = 10;

const MAX_RESERVE_MILLIS = 3_000;
const RESERVE_SHARE = 0.2;
const ABANDON_SHARE = 0.75;

/** Milliseconds before the function's end when no further message is started: time to finish, settle and answer. */
export const reserveMillis = (s: Pick<Subscription, 'timeout'>): number =>
  Math.min(MAX_RESERVE_MILLIS, toMillis(s.timeout) * RESERVE_SHARE);

/** Milliseconds before the function's end when a handler that has not settled is abandoned: most of the reserve is left for settling. */
export const abandonMillis = (s: Pick<Subscription, 'timeout'>): number => reserveMillis(s) * ABANDON_SHARE;

/** Milliseconds before the function's end when the rest of a message's way, a table that does not answer, is waited for no longer. */
export const giveUpWaitingMillis = (s: Pick<Subscription, 'timeout'>): number => reserveMillis(s) / 4;

/** Milliseconds before the function's end when its last call ends: to answer is left. */
const lastCallMillis = (s: Pick<Subscription, 'timeout'>): number => giveUpWaitingMillis(s) / 4;

/** The time of a consumer's invocation, for its calls. */
export interface ConsumerTime extends InvocationTime {
  /** Of the inbox: what an abandoned handler has asked for is not tried again. */
  readonly effects: InvocationTime;
  /** Nothing is handled any more: what is left of the invocation is for settling. */
  settles(): void;
}

/**
 * Stores are asked again until handlers are abandoned, and what is to be noted then until nothing is waited for any more; settling has what is left.
 * @param handlersEnd see `abandonMillis`
 * @param waitingEnds see `giveUpWaitingMillis`
 */
export function consumerTime(
  s: Pick<Subscription, 'timeout'>,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
  handlersEnd: Pick<Deadline, 'signal'>,
  waitingEnds: Pick<Deadline, 'signal'>,
): ConsumerTime {
  let settling = false;
  const left = (reserve: number): number => context.getRemainingTimeInMillis() - reserve;
  const calls = {
    millisLeft: () => left(settling || waitingEnds.signal.aborted ? lastCallMillis(s) : giveUpWaitingMillis(s)),
  };
  const whileHandled = { millisLeft: () => left(abandonMillis(s)) };
  return {
    calls,
    tries: {
      millisLeft: () => (settling || handlersEnd.signal.aborted ? calls.millisLeft() : whileHandled.millisLeft()),
    },
    effects: { calls, tries: whileHandled },
    settles() {
      settling = true;
    },
  };
}

/**
 * Middy answers five milliseconds before the function's end, for everybody, and the instance lives on with all that is under way. Here each
 * pipeline answers by itself before that; when even that hangs, Lambda's own timeout ends the instance and nothing goes on.
 * https://middy.js.org/docs/intro/early-interrupt
 */
export const NO_EARLY_TIMEOUT = { timeoutEarlyInMillis: 0 } as const;

/** A moment at which what an invocation has under way is waited for no longer. */
export interface Deadline {
  /** Fires when the moment comes. */
  readonly signal: AbortSignal;
  /**
   * What the work comes to, or a rejection with what `late` makes when the moment comes first. What abandoned work comes to afterwards is
   * observed and dropped.
   */
  within<T>(work: Promise<T>, late: () => Error): Promise<T>;
  /** Ends its timer; to be called before the invocation answers. */
  stop(): void;
}

/**
 * The moment at which `millis` are left of an invocation. A moment that has passed already comes at once.
 * @param context whose time runs out
 */
export function deadline(
  { every }: Pick<Runtime, 'every'>,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
  millis: number,
): Deadline {
  const controller = new AbortController();
  const abandoned = new Set<() => void>();
  const stop = every(Math.max(1, context.getRemainingTimeInMillis() - millis), () => {
    stop();
    controller.abort();
    for (const abandon of abandoned) abandon();
    abandoned.clear();
  });
  return {
    signal: controller.signal,
    stop: () => stop(),
    within: (work, late) =>
      new Promise((resolve, reject) => {
        const abandon = () => reject(late());
        if (controller.signal.aborted) abandon();
        else abandoned.add(abandon);
        // Observed even when nobody waits any more: a late rejection must not end the instance.
        work.then(
          (value) => {
            abandoned.delete(abandon);
            resolve(value);
          },
          (error) => {
            abandoned.delete(abandon);
            reject(error);
          },
        );
      }),
  };
}

/** Milliseconds before the end at which calls end, and the share of them that is left when even that has not brought an answer. */
const CALLS_END_MILLIS = 1_000;
const CALLS_END_SHARE = 0.1;
const ANSWER_SHARE = 0.5;

/**
 * Runs what an invocation does so that it answers before the function's end, whatever hangs. First its calls end: those under way
 * reject, and none begins any more, so that nothing goes on behind the answer but a call that AWS already has. If the work does not end
 * by that, it is waited for no longer.
 * @throws OutOfTime, which names the call; the batch comes again
 */
export async function answering<T>(
  runtime: Runtime,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
  run: (limited: Runtime) => Promise<T>,
): Promise<T> {
  const millis = Math.min(CALLS_END_MILLIS, context.getRemainingTimeInMillis() * CALLS_END_SHARE);
  const callsEnd = deadline(runtime, context, millis);
  const answer = deadline(runtime, context, millis * ANSWER_SHARE);
  const ended: Runtime = {
    ...runtime,
    async aws(service, operation, input, time) {
      const late = () =>
        new OutOfTime(`${operation} of ${service} had no answer when the function had to give its own`);
      if (callsEnd.signal.aborted) throw late();
      return callsEnd.within(runtime.aws(service, operation, input, time), late);
    },
    sleep: (wait) =>
      callsEnd.within(runtime.sleep(wait), () => new OutOfTime('no time was left to wait and try again')),
  };
  const calls = { millisLeft: () => context.getRemainingTimeInMillis() - millis };
  const limited = patientRuntime(ended, { calls, tries: calls });
  try {
    return await answer.within(run(limited), () => new OutOfTime('the function had to answer before it was done'));
  } finally {
    callsEnd.stop();
    answer.stop();
  }
}
