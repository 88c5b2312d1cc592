import type { Context } from 'aws-lambda';
import { traceIdOf } from '../../contracts/agreed/trace.ts';
import type { ReadEvent } from '../../contracts/events/envelope.ts';
import type { KnownTries } from '../control/tries.ts';
import { isWrappedMessage, unwrapped } from '../dead-letters/kept-messages.ts';
import { type HandlerResult, inboxKeyOf, ONCE, type Step, wasDone } from '../inbox/once.ts';
import { abandonMillis, type Deadline } from '../invocation/deadline.ts';
import {
  ATTEMPTS_EXHAUSTED,
  Defer,
  Fenced,
  HandlerTimedOut,
  Outage,
  Reject,
  Retry,
  toError,
} from '../invocation/outcomes.ts';
import type { Log } from '../invocation/telemetry.ts';
import { wasBusy } from '../invocation/transient.ts';
import type { Message, Outcome, Rejected } from '../messages/message.ts';
import { readMessage } from '../messages/read-message.ts';
import { handedBack } from '../settling/hand-back.ts';
import type { Consumer } from './consumer.ts';
import type { Handler, HandlerContext } from './handler.ts';

/** What is observed of one message, for the metrics. */
export interface Observed {
  readonly ages: number[];
  readonly durations: number[];
}

export interface Invocation {
  readonly consumer: Consumer;
  readonly handlers: Readonly<Record<string, Handler<never> | undefined>>;
  readonly context: Pick<Context, 'getRemainingTimeInMillis'>;
  /** When handlers that have not settled are abandoned. */
  readonly deadline: Deadline;
  /** Milliseconds that a handler has which starts first. */
  readonly handlerMillis: number;
  /** What was known of a message's tries when its batch came. */
  readonly triesOf: (message: Message) => KnownTries;
  readonly log: Log;
  readonly observed: Observed;
  /** Fingerprints of what this invocation has done, by event id: a copy in the same batch costs nothing. */
  readonly done: Map<string, string>;
  /** What had its last try, and what is to become of it unless it was done: known even when the time is up before that was asked. */
  readonly usedUp: Map<Message, Rejected>;
}

/**
 * One message through the pipeline: read, check, inbox, handler. Whatever is thrown, `undefined` included, becomes an outcome:
 * the errors in `outcomes.ts` say what they mean, anything else is a failed attempt.
 */
export async function handleMessage(message: Message, invocation: Invocation): Promise<Outcome> {
  let read: ReadEvent | undefined;
  const turn = { left: handlerMillisLeft(invocation), isBehind: invocation.observed.durations.length > 0 };
  try {
    const { subscription, runtime, kept } = invocation.consumer;
    const opened = isWrappedMessage(message) ? await unwrapped(message, kept) : message;
    read = await readMessage(opened, subscription.to.events, runtime);
    return { kind: await handleOnce(read, message, turn, invocation) };
  } catch (thrown) {
    return outcomeOf(toError(thrown), message, read, invocation);
  }
}

/** How things were when it was a message's turn. */
interface Turn {
  /** Milliseconds until handlers are abandoned. */
  readonly left: number;
  /** Whether another handler of the batch has taken some of the time. */
  readonly isBehind: boolean;
}

/** Milliseconds until handlers are abandoned. */
const handlerMillisLeft = ({ consumer, context }: Pick<Invocation, 'consumer' | 'context'>): number =>
  Math.max(0, context.getRemainingTimeInMillis() - abandonMillis(consumer.subscription));

async function handleOnce(
  read: ReadEvent,
  message: Message,
  turn: Turn,
  invocation: Invocation,
): Promise<'done' | 'duplicate'> {
  const { event: envelope } = read;
  const { consumer, deadline, log, observed: measured } = invocation;
  const { subscription, inbox, runtime } = consumer;
  const handler = invocation.handlers[envelope.type] as Handler<unknown> | undefined;
  if (handler === undefined) throw new Reject('unknown-type', `no handler for '${envelope.type}'`);
  measured.ages.push(Math.max(0, runtime.now() - Date.parse(envelope.time)));
  const key = inboxKeyOf(subscription, read);
  const fields = { event: envelope.id, type: envelope.type, traceId: traceIdOf(envelope.traceparent) };
  /** Why the handler's part() and step() do nothing any more. */
  let over: string | undefined;
  const fence = (what: string): void => {
    if (over === undefined) return;
    throw new Fenced(`${what} of event '${envelope.id}' does nothing: the handler ${over}`);
  };
  const handed: Omit<HandlerContext, 'step'> = {
    event: envelope,
    idempotencyKey: envelope.id,
    attempt: attemptOf(message, invocation),
    log: (level, text, more) => log(level, text, { ...fields, ...more }),
    remainingMillis: () => invocation.context.getRemainingTimeInMillis(),
    signal: deadline.signal,
    part: (name, writes) =>
      observed(async () => {
        const what = `part '${name}'`;
        fence(what);
        const partKey = { ...key, key: `${key.key}#${name}` };
        if ((await inbox.find(partKey.key)) !== undefined) return;
        fence(what);
        const made = await writes();
        fence(what);
        await inbox.commit(partKey, made);
      }),
  };
  if (subscription.inbox !== 'none' && invocation.done.get(envelope.id) === key.fingerprint) return 'duplicate';
  const result = await ONCE[subscription.inbox]({ subscription, inbox, runtime }, key, async (step) => {
    // The body, or the inbox, took until now.
    if (deadline.signal.aborted) throw timedOut(envelope.type, turn, invocation);
    const started = runtime.now();
    const fencedStep: Step = (name, work) =>
      observed(async () => {
        const what = `step '${name}'`;
        fence(what);
        return await step(name, async () => {
          const result = await work();
          fence(what);
          return result;
        });
      });
    // Called in a promise: a handler that throws at once, and is no async function, rejects like any other.
    const work = new Promise<HandlerResult>((resolve) =>
      resolve(handler(envelope.data, { ...handed, step: fencedStep })),
    );
    try {
      return await deadline.within(work, () => timedOut(envelope.type, turn, invocation));
    } catch (error) {
      if (error instanceof HandlerTimedOut) over = 'was abandoned at its deadline';
      throw error;
    } finally {
      over ??= 'has settled';
      measured.durations.push(runtime.now() - started);
    }
  });
  invocation.done.set(envelope.id, key.fingerprint);
  log('info', result, { ...fields, correlationId: envelope.correlationid });
  return result;
}

/** Runs work of a handler that nobody may wait for any more: its rejection ends no instance. */
function observed<T>(work: () => Promise<T>): Promise<T> {
  const promise = work();
  promise.catch(() => undefined);
  return promise;
}

/** Which try of the message this is: failed ones are counted, whatever the queue has counted. */
const attemptOf = (message: Message, { consumer, triesOf }: Invocation): number =>
  consumer.tries === undefined ? (message.receives ?? 1) : triesOf(message).failed + 1;

/** What quick ones before it took is not worth another receive. */
const FAIR_SHARE = 0.9;

/**
 * What an abandoned handler failed with. One that had less than its time, because others came before it in its batch, was not tried: it comes again
 * and has more.
 */
function timedOut(type: string, { left, isBehind }: Turn, { consumer, handlerMillis }: Invocation): HandlerTimedOut {
  const { timeout } = consumer.subscription;
  return new HandlerTimedOut(
    `the handler of '${type}' had not settled after ${Math.round(left)} ms and was abandoned: the function's timeout is ${timeout.seconds} s. Raise the timeout, or give what the handler calls a timeout of its own (context.signal)`,
    { short: isBehind && left < handlerMillis * FAIR_SHARE },
  );
}

/** What a failure means. A failed attempt is counted here, and the last one rejects the message. */
async function outcomeOf(
  error: Error,
  message: Message,
  read: ReadEvent | undefined,
  { consumer, log, usedUp }: Invocation,
): Promise<Outcome> {
  const { subscription, breaker, tries } = consumer;
  if (error instanceof Reject) return { kind: 'rejected', reason: error.reason, error };
  if (error instanceof Defer) return { kind: 'deferred', afterSeconds: error.after.seconds };
  if (error instanceof Outage && breaker !== undefined) {
    return { kind: 'outage', dependency: error.dependency, error };
  }
  const leaseSeconds = error instanceof HandlerTimedOut ? error.leaseSeconds : undefined;
  if (error instanceof HandlerTimedOut && error.short) return { kind: 'held', afterSeconds: leaseSeconds ?? 0 };
  if (wasBusy(error)) return handedBack(message, error, { runtime: consumer.runtime, log });
  const attempts = tries === undefined ? message.receives : await tries.failed(message);
  if (attempts !== undefined && attempts >= subscription.retry.attempts) {
    const rejected: Rejected = { kind: 'rejected', reason: ATTEMPTS_EXHAUSTED, error, attempts };
    usedUp.set(message, rejected);
    return read !== undefined && (await wasDone(read, consumer)) ? { kind: 'duplicate' } : rejected;
  }
  return {
    kind: 'retry',
    error,
    attempt: attempts ?? 1,
    ...(error instanceof Retry && error.after !== undefined ? { afterSeconds: error.after.seconds } : {}),
    ...(leaseSeconds === undefined ? {} : { atLeastSeconds: leaseSeconds }),
  };
}
