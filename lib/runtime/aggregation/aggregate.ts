import middy from '@middy/core';
import type { Context, KinesisStreamBatchResponse, KinesisStreamEvent } from 'aws-lambda';
import { ENV } from '../../contracts/agreed/environment.ts';
import { CONSUMER_METRIC } from '../../contracts/agreed/metrics.ts';
import type { Log as LogChannel } from '../../contracts/channels/channel.ts';
import type { Envelope, ReadEvent } from '../../contracts/events/envelope.ts';
import type { AnyEventType, DataOf } from '../../contracts/events/event.ts';
import type { Lateness, Subscription } from '../../contracts/subscriptions/subscription.ts';
import { measureShard, recordsOf } from '../consuming/measure.ts';
import { giveUp } from '../dead-letters/give-up.ts';
import { type KeptMessages, keptMessages, openBatch, unwrapped } from '../dead-letters/kept-messages.ts';
import type { Write } from '../inbox/inbox.ts';
import { answering, NO_EARLY_TIMEOUT, reserveMillis } from '../invocation/deadline.ts';
import { requiredEnv } from '../invocation/environment.ts';
import { Reject, toError } from '../invocation/outcomes.ts';
import { lambda, type Runtime } from '../invocation/runtime.ts';
import { count, emitMetrics, errorFields, logger } from '../invocation/telemetry.ts';
import { wasBusy } from '../invocation/transient.ts';
import { checkpointOf, type Message, positionOf } from '../messages/message.ts';
import { readMessage } from '../messages/read-message.ts';
import { readBatch } from '../messages/sources.ts';
import { STORE_BUSY } from '../settling/hand-back.ts';
import { eventTimeOf, type Judged, judge, LATE } from './lateness.ts';
import { type ShardState, shardState } from './shard-state.ts';

/** Folds events into writes that add to a result. Called again with fewer events when some turn out to be duplicates: no side effects. */
export type Fold<E extends AnyEventType> = (events: readonly EventOf<E>[]) => readonly Write[];

/** The envelope of one of the event types, told apart by `type`. */
export type EventOf<E extends AnyEventType> = E extends AnyEventType ? Envelope<DataOf<E>, E['type']> : never;

/**
 * Events per transaction, when they fit. Each brings its own record and at most one write of the fold; the position takes one more.
 */
const EVENTS_PER_TRANSACTION = 45;

interface Counted extends ReadEvent {
  readonly message: Message;
  /** Epoch milliseconds; only of subscriptions that declare `lateness`. */
  readonly at: number;
}

interface GivenUp {
  readonly message: Message;
  readonly error: Reject;
}

/**
 * Exactly-once aggregation over a log, as a Lambda handler. The shard's position, a record of each event and the result commit
 * in one transaction: a batch delivered again is behind the position, and an event published twice finds its record. Events that are
 * later than the subscription allows go to the dead letters instead of into the result.
 * @throws MissingEnvironment while the function initialises, when it was deployed without its inbox or dead letters
 */
export function aggregate<E extends AnyEventType>(
  subscription: Subscription<LogChannel<E>>,
  fold: Fold<E>,
  runtime: Runtime = lambda,
) {
  const { env, write } = runtime;
  const { name, lateness } = subscription;
  const table = requiredEnv(ENV.inboxTable, 'which table keeps the positions', env);
  const deadLetterQueueUrl = requiredEnv(ENV.deadLetterQueue, 'where dead letters go', env);
  const dimensions = { subscription: name };
  const stateFailed = () =>
    emitMetrics({ dimensions, metrics: { [CONSUMER_METRIC.stateFailures]: count(1) } }, runtime);
  const foldEvents = (events: readonly ReadEvent[]) => fold(events.map(({ event }) => event as EventOf<E>));

  return middy(
    (event: KinesisStreamEvent, context: Context): Promise<KinesisStreamBatchResponse> =>
      answering(runtime, context, (limited) => aggregateBatch(event, context, limited)),
    NO_EARLY_TIMEOUT,
  );

  /** @param limited what commits late, behind an answer, commits only if the position is still the one before (`shard-state.ts`) */
  async function aggregateBatch(
    event: KinesisStreamEvent,
    context: Context,
    limited: Runtime,
  ): Promise<KinesisStreamBatchResponse> {
    const state = shardState(subscription, table, limited, stateFailed);
    const kept = keptMessages(subscription, limited);
    const log = logger({ subscription: name, requestId: context.awsRequestId }, write);
    const batch = await openBatch(readBatch(event), kept);
    const { messages, shard = '' } = batch;
    const counts = { done: 0, duplicates: 0, rejected: 0, late: 0 };
    const giveUpOne = async ({ message, error }: GivenUp): Promise<void> => {
      const letter = { reason: error.reason, error, attempts: 1 };
      const failure = await giveUp(message, letter, { subscription, deadLetterQueueUrl, kept, runtime: limited, log });
      if (failure !== undefined && subscription.undeliverable === 'stop') throw failure;
    };
    /** First message of the events that are not committed. */
    let stoppedAt = messages[0];
    let why = 'another invocation has moved the position';
    /** Sent to the dead letters already, when their part is cut smaller and looked at again. */
    const given = new Set<Message>();
    try {
      const start = await state.positionOf(shard, stoppedAt?.source ?? '');
      stoppedAt = undefined;
      let { watermark } = start;
      const ahead = messages.filter((message) => positionOf(message) > start.position);
      counts.duplicates = messages.length - ahead.length;
      let size = EVENTS_PER_TRANSACTION;
      for (let from = 0; from < ahead.length; ) {
        const chunk = ahead.slice(from, from + size);
        const last = chunk.at(-1);
        if (last === undefined) break;
        stoppedAt = chunk[0];
        // The first part is always tried, so that every delivery comes on.
        if (from > 0 && context.getRemainingTimeInMillis() <= reserveMillis(subscription)) {
          why = 'no time left for the rest';
          break;
        }
        const { readable, unreadable } = await readAll(chunk, subscription, kept, limited);
        const judged =
          lateness === undefined ? { inTime: readable, late: [], watermark } : judge(readable, watermark, lateness);
        const late = lateness === undefined ? [] : await notCounted(state, judged, lateness);
        for (const one of [...unreadable, ...late]) if (!given.has(one.message)) await giveUpOne(one);
        for (const { message } of [...unreadable, ...late]) given.add(message);
        const to = { position: positionOf(last), watermark: judged.watermark };
        const commit = state.commit(withoutCopies(judged.inTime), shard, to, foldEvents);
        const counted = await commit.catch((error: unknown) => {
          if (error instanceof RangeError && chunk.length > 1) return 'too-large' as const;
          throw error;
        });
        if (counted === 'too-large') {
          // Nothing was sent: half as many events are half as many writes and bytes.
          size = Math.ceil(chunk.length / 2);
          continue;
        }
        if (counted === undefined) break;
        ({ watermark } = to);
        from += chunk.length;
        stoppedAt = undefined;
        counts.done += counted;
        counts.duplicates += readable.length - late.length - counted;
        counts.rejected += unreadable.length;
        counts.late += late.length;
      }
    } catch (thrown) {
      if (!wasBusy(thrown)) throw thrown;
      why = STORE_BUSY;
      log('warn', why, { shard, ...errorFields(toError(thrown)) });
    } finally {
      // Also when a later part fails: what is committed does not come again.
      const settled = stoppedAt === undefined ? messages : messages.slice(0, messages.indexOf(stoppedAt));
      const { late, ...others } = counts;
      const told = { ...others, received: messages.length, consumed: recordsOf(settled, stoppedAt) };
      measureShard(subscription, batch, lateness === undefined ? told : { ...told, late }, runtime);
    }
    if (stoppedAt !== undefined) {
      if (why !== STORE_BUSY) log('info', why, { shard });
      return { batchItemFailures: [{ itemIdentifier: checkpointOf(stoppedAt) }] };
    }
    log('info', 'counted', { shard, ...counts });
    return { batchItemFailures: [] };
  }

  /** Late events as they are given up. A late copy of an event that was in time is a duplicate. */
  async function notCounted(
    state: ShardState,
    { inTime, late }: Judged<Counted>,
    { allowed }: Lateness,
  ): Promise<GivenUp[]> {
    const here = new Set(inTime.map(({ event }) => event.id));
    const copies = await Promise.all(late.map(async ({ event }) => here.has(event.id) || state.wasCounted(event.id)));
    return late
      .filter((_, i) => !copies[i])
      .map(({ message, at }) => {
        const text = `happened at ${new Date(at).toISOString()}, more than the allowed ${allowed.seconds} s before the watermark of its shard`;
        return { message, error: new Reject(LATE, text) };
      });
  }
}

async function readAll(
  messages: readonly Message[],
  { to, lateness }: Subscription<LogChannel>,
  kept: KeptMessages,
  runtime: Runtime,
): Promise<{ readable: Counted[]; unreadable: GivenUp[] }> {
  const readable: Counted[] = [];
  const unreadable: GivenUp[] = [];
  for (const message of messages) {
    try {
      const read = await readMessage(await unwrapped(message, kept), to.events, runtime);
      readable.push({ message, ...read, at: lateness === undefined ? 0 : eventTimeOf(read.event, lateness) });
    } catch (error) {
      if (!(error instanceof Reject)) throw error;
      unreadable.push({ message, error });
    }
  }
  return { readable, unreadable };
}

/** A transaction refuses two writes of one item, so copies inside a batch go first. */
const withoutCopies = (events: readonly Counted[]): Counted[] => [
  ...new Map(events.map((counted) => [counted.event.id, counted] as const)).values(),
];
