import middy from '@middy/core';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import { type Envelope, readEnvelope, UnreadableMessage } from '../contracts/envelope.ts';
import { ENV } from '../contracts/environment.ts';
import type { AnyEventType, DataOf } from '../contracts/event.ts';
import { CONSUMER_METRIC } from '../contracts/metrics.ts';
import type { Subscription } from '../contracts/subscription.ts';
import { traceIdOf } from '../contracts/trace.ts';
import { DEFAULT_PARALLEL_UNITS, reserveMillis } from './deadline.ts';
import { requiredEnv } from './environment.ts';
import type { Inbox, Write } from './inbox.ts';
import { dynamodbInbox } from './inbox-dynamodb.ts';
import type { Message, Outcome } from './message.ts';
import { fingerprintOf, type HandlerResult, ONCE } from './once.ts';
import { Reject } from './outcomes.ts';
import { lambda, type Runtime } from './runtime.ts';
import { settle } from './settle.ts';
import { readBatch } from './sources.ts';
import { emitMetrics, type Log, logger } from './telemetry.ts';
import { runUnits } from './units.ts';

/** What a handler is given beside the data. */
export interface HandlerContext<Data = unknown> {
  readonly event: Envelope<Data>;
  /** The same for every delivery of the event: hand it to whatever you call. */
  readonly idempotencyKey: string;
  /** Which try this is, from 1, where the source counts. */
  readonly attempt: number;
  readonly log: Log;
  /** Milliseconds until the function is stopped. */
  readonly remainingMillis: () => number;
  /**
   * Mode `effect` only, for effects that exceed one transaction: commits some writes now, once, under a name of their own.
   * A redelivery skips the parts that are done.
   */
  readonly part: (name: string, writes: () => Promise<readonly Write[]>) => Promise<void>;
}

export type Handler<Data> = (data: Data, context: HandlerContext<Data>) => Promise<HandlerResult>;

/** One handler for each event type of the channel: a missing or unknown one does not compile. */
export type Handlers<E extends AnyEventType> = { readonly [T in E as T['type']]: Handler<DataOf<T>> };

/** What a test or the simulator puts in the place of the real thing. */
export interface ConsumerOptions {
  /** @default Lambda's environment and clock, AWS over HTTP */
  readonly runtime?: Runtime;
  /** @default the inbox table that the constructs deployed */
  readonly inbox?: Inbox;
}

/** What the environment says about the deployment. @throws MissingEnvironment */
function deployed(s: Subscription, { runtime = lambda, inbox }: ConsumerOptions) {
  const needsInbox = s.inbox === 'effect' || s.inbox === 'lease';
  const table = () => requiredEnv(ENV.inboxTable, 'which table is the inbox', runtime.env);
  return {
    runtime,
    inbox: inbox ?? (needsInbox ? dynamodbInbox(table(), s.deduplicationWindow.seconds, runtime) : NO_INBOX),
    deadLetterQueueUrl: requiredEnv(ENV.deadLetterQueue, 'where dead letters go', runtime.env),
    queueUrl: s.to.kind === 'queue' ? requiredEnv(ENV.queue, 'which queue is consumed', runtime.env) : undefined,
  };
}

/**
 * The consumer of a subscription as a Lambda handler: a Middy handler, so `.use()` adds your middleware.
 * For every message: read, check, ask the inbox, handle, settle, measure.
 * @throws MissingEnvironment while the function initialises, when it was deployed without its inbox, queue or dead letters
 */
export function consume<S extends Subscription>(
  subscription: S,
  handlers: NoInfer<Handlers<S['to']['events'][number]>>,
  options: ConsumerOptions = {},
) {
  const { runtime, inbox, deadLetterQueueUrl, queueUrl } = deployed(subscription, options);
  const { now, write } = runtime;
  return middy(async (event: unknown, context: Context): Promise<SQSBatchResponse> => {
    const log = logger({ subscription: subscription.name, requestId: context.awsRequestId }, write);
    const started = now();
    const batch = readBatch(event);
    const reserve = reserveMillis(subscription);
    const ages: number[] = [];

    async function handleOne(message: Message): Promise<'done' | 'duplicate'> {
      const envelope = read(message, subscription.to.events);
      ages.push(Math.max(0, started - Date.parse(envelope.time)));
      return handleOnce(envelope, message);
    }

    async function handleOnce(envelope: Envelope, message: Message): Promise<'done' | 'duplicate'> {
      const handler = (handlers as Readonly<Record<string, Handler<unknown> | undefined>>)[envelope.type];
      if (handler === undefined) throw new Reject('unknown-type', `no handler for '${envelope.type}'`);
      const key = { key: `${subscription.name}#${envelope.id}`, fingerprint: fingerprintOf(envelope) };
      const fields = { event: envelope.id, type: envelope.type, traceId: traceIdOf(envelope.traceparent) };
      const handed: HandlerContext = {
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
      const result = await ONCE[subscription.inbox]({ subscription, inbox, runtime }, key, () =>
        handler(envelope.data, handed),
      );
      log('info', result, { ...fields, correlationId: envelope.correlationid });
      return result;
    }

    // Without order, copies of one message form a unit: the second finds the record of the first instead of racing it.
    const unitOf = (message: Message) =>
      (subscription.order === 'per-key' ? message.unit : undefined) ?? copyKey(message);
    const outcomes = await runUnits(batch.messages, unitOf, handleOne, {
      stops: batch.stops,
      parallel: DEFAULT_PARALLEL_UNITS,
      hasTime: () => context.getRemainingTimeInMillis() > reserve,
    });
    const response = await settle(batch, outcomes, { subscription, deadLetterQueueUrl, queueUrl, runtime, log });
    measure(subscription, [...outcomes.values()], ages, runtime);
    return response;
  });
}

function read(message: Message, expected: readonly AnyEventType[]): Envelope {
  try {
    return readEnvelope(message.body, expected);
  } catch (error) {
    if (error instanceof UnreadableMessage) throw new Reject(error.reason, error.message, { cause: error });
    throw error;
  }
}

/** Only used to see copies inside one batch, so that a cheap look at the body is enough. */
function copyKey(message: Message): string {
  return /"id":"([^"]+)"/.exec(message.body)?.[1] ?? message.id;
}

const absent = () => Promise.reject(new Error('this subscription has no inbox'));
const NO_INBOX: Inbox = {
  find: absent,
  commit: absent,
  lease: absent,
  renew: absent,
  complete: absent,
  release: absent,
};

function measure(
  s: Subscription,
  outcomes: readonly Outcome[],
  ages: readonly number[],
  { now, write }: Runtime,
): void {
  const count = (kind: Outcome['kind']) => [outcomes.filter((outcome) => outcome.kind === kind).length];
  emitMetrics(
    { subscription: s.name },
    {
      [CONSUMER_METRIC.received]: { unit: 'Count', values: [outcomes.length] },
      [CONSUMER_METRIC.done]: { unit: 'Count', values: count('done') },
      [CONSUMER_METRIC.duplicates]: { unit: 'Count', values: count('duplicate') },
      [CONSUMER_METRIC.retried]: { unit: 'Count', values: count('retry') },
      [CONSUMER_METRIC.rejected]: { unit: 'Count', values: count('rejected') },
      [CONSUMER_METRIC.age]: { unit: 'Milliseconds', values: ages },
    },
    now(),
    write,
  );
}
