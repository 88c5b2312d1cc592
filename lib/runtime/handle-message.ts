import type { Context } from 'aws-lambda';
import type { ReadEvent } from '../contracts/envelope.ts';
import { traceIdOf } from '../contracts/trace.ts';
import type { Consumer } from './consumer.ts';
import type { Handler, HandlerContext } from './handler.ts';
import { unwrapped } from './kept-messages.ts';
import type { Message, Outcome } from './message.ts';
import { inboxKeyOf, ONCE } from './once.ts';
import { ATTEMPTS_EXHAUSTED, Defer, Outage, Reject, Retry, toError } from './outcomes.ts';
import { readMessage } from './read-message.ts';
import type { Log } from './telemetry.ts';

/** What is observed of one message, for the metrics. */
export interface Observed {
  readonly ages: number[];
  readonly durations: number[];
}

export interface Invocation {
  readonly consumer: Consumer;
  readonly handlers: Readonly<Record<string, Handler<never> | undefined>>;
  readonly context: Pick<Context, 'getRemainingTimeInMillis'>;
  readonly log: Log;
  readonly observed: Observed;
  /** Fingerprints of what this invocation has done, by event id: a copy in the same batch costs nothing. */
  readonly done: Map<string, string>;
}

/**
 * One message through the pipeline: read, check, inbox, handler. Whatever is thrown, `undefined` included, becomes an outcome:
 * the errors in `outcomes.ts` say what they mean, anything else is a failed attempt.
 */
export async function handleMessage(message: Message, invocation: Invocation): Promise<Outcome> {
  let read: ReadEvent | undefined;
  try {
    const { subscription, runtime, kept } = invocation.consumer;
    read = await readMessage(await unwrapped(message, kept), subscription.to.events, runtime);
    return { kind: await handleOnce(read, message, invocation) };
  } catch (thrown) {
    return outcomeOf(toError(thrown), message, read, invocation);
  }
}

async function handleOnce(read: ReadEvent, message: Message, invocation: Invocation): Promise<'done' | 'duplicate'> {
  const { event: envelope } = read;
  const { consumer, context, log, observed } = invocation;
  const { subscription, inbox, runtime } = consumer;
  const handler = invocation.handlers[envelope.type] as Handler<unknown> | undefined;
  if (handler === undefined) throw new Reject('unknown-type', `no handler for '${envelope.type}'`);
  observed.ages.push(Math.max(0, runtime.now() - Date.parse(envelope.time)));
  const key = inboxKeyOf(subscription, read);
  const fields = { event: envelope.id, type: envelope.type, traceId: traceIdOf(envelope.traceparent) };
  const handed: Omit<HandlerContext, 'step'> = {
    event: envelope,
    idempotencyKey: envelope.id,
    attempt: message.receives ?? 1,
    log: (level, text, more) => log(level, text, { ...fields, ...more }),
    remainingMillis: () => context.getRemainingTimeInMillis(),
    part: async (name, writes) => {
      const partKey = { ...key, key: `${key.key}#${name}` };
      if ((await inbox.find(partKey.key)) !== undefined) return;
      await inbox.commit(partKey, await writes());
    },
  };
  if (subscription.inbox !== 'none' && invocation.done.get(envelope.id) === key.fingerprint) return 'duplicate';
  const result = await ONCE[subscription.inbox]({ subscription, inbox, runtime }, key, async (step) => {
    const started = runtime.now();
    try {
      return await handler(envelope.data, { ...handed, step });
    } finally {
      observed.durations.push(runtime.now() - started);
    }
  });
  invocation.done.set(envelope.id, key.fingerprint);
  log('info', result, { ...fields, correlationId: envelope.correlationid });
  return result;
}

/** What a failure means. A failed attempt is counted here, and the last one rejects the message. */
async function outcomeOf(
  error: Error,
  message: Message,
  read: ReadEvent | undefined,
  { consumer }: Invocation,
): Promise<Outcome> {
  const { subscription, breaker, countAttempt } = consumer;
  if (error instanceof Reject) return { kind: 'rejected', reason: error.reason, error };
  if (error instanceof Defer) return { kind: 'deferred', afterSeconds: error.after.seconds };
  if (error instanceof Outage && breaker !== undefined) {
    return { kind: 'outage', dependency: error.dependency, error };
  }
  // Without an event the body could not be fetched: then the message itself is counted, as a queue also counts receives without a try.
  const attempts =
    countAttempt === undefined
      ? message.receives
      : await countAttempt(`${subscription.name}#${read?.event.id ?? message.id}`);
  if (attempts !== undefined && attempts >= subscription.retry.attempts) {
    if (read !== undefined && (await wasDoneBefore(read, consumer))) return { kind: 'duplicate' };
    return { kind: 'rejected', reason: ATTEMPTS_EXHAUSTED, error, attempts };
  }
  const after = error instanceof Retry && error.after !== undefined ? { afterSeconds: error.after.seconds } : {};
  return { kind: 'retry', error, attempt: attempts ?? 1, ...after };
}

/**
 * All copies of an event share its attempts. A copy that fails, say for a transaction that met another, after the event was done
 * by an earlier one is a duplicate and nothing to give up.
 */
async function wasDoneBefore(read: ReadEvent, { subscription, inbox }: Consumer): Promise<boolean> {
  if (subscription.inbox !== 'effect') return false;
  const { key, fingerprint } = inboxKeyOf(subscription, read);
  const before = await inbox.find(key);
  return before?.state === 'done' && before.fingerprint === fingerprint;
}
