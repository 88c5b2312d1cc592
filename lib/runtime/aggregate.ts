import middy from '@middy/core';
import type { Context, KinesisStreamBatchResponse, KinesisStreamEvent } from 'aws-lambda';
import type { Log as LogChannel } from '../contracts/channel.ts';
import { type Envelope, type ReadEvent, readEvent, UnreadableMessage } from '../contracts/envelope.ts';
import { ENV } from '../contracts/environment.ts';
import type { AnyEventType, DataOf } from '../contracts/event.ts';
import { DYNAMODB } from '../contracts/limits.ts';
import { CONSUMER_METRIC } from '../contracts/metrics.ts';
import type { Subscription } from '../contracts/subscription.ts';
import { INBOX_TABLE } from '../contracts/tables.ts';
import { cancellationReasons, dynamodbOver } from './aws/dynamodb.ts';
import { openBody } from './body.ts';
import { describeFailure, sendDeadLetter } from './dead-letters.ts';
import { requiredEnv } from './environment.ts';
import type { Write } from './inbox.ts';
import { checkpointOf, type Message, positionOf } from './message.ts';
import { fingerprintOf } from './once.ts';
import { Reject } from './outcomes.ts';
import { lambda, type Runtime } from './runtime.ts';
import { readBatch } from './sources.ts';
import { emitMetrics, logger } from './telemetry.ts';

/** Folds events into writes that add to a result. Called again with fewer events when some turn out to be duplicates: no side effects. */
export type Fold<E extends AnyEventType> = (events: readonly EventOf<E>[]) => readonly Write[];

/** The envelope of one of the event types, told apart by `type`. */
export type EventOf<E extends AnyEventType> = E extends AnyEventType ? Envelope<DataOf<E>, E['type']> : never;

/**
 * Events per transaction. Each brings its own record and at most one write of the fold; the position takes one more.
 */
const EVENTS_PER_TRANSACTION = 45;
const MILLIS_PER_SECOND = 1_000;

interface Counted extends ReadEvent {
  readonly message: Message;
}

/**
 * Exactly-once aggregation over a log, as a Lambda handler. The shard's position, a record of each event and the result commit
 * in one transaction: a batch delivered again is behind the position, and an event published twice finds its record.
 * @throws MissingEnvironment while the function initialises, when it was deployed without its inbox or dead letters
 */
export function aggregate<E extends AnyEventType>(
  subscription: Subscription<LogChannel<E>>,
  fold: Fold<E>,
  runtime: Runtime = lambda,
) {
  const { aws, env, id, now, write } = runtime;
  const dynamodb = dynamodbOver(aws, id);
  const table = requiredEnv(ENV.inboxTable, 'which table keeps the positions', env);
  const deadLetterQueueUrl = requiredEnv(ENV.deadLetterQueue, 'where dead letters go', env);
  const expiresAt = () => Math.floor(now() / MILLIS_PER_SECOND) + subscription.deduplicationWindow.seconds;

  return middy(async (event: KinesisStreamEvent, context: Context): Promise<KinesisStreamBatchResponse> => {
    const log = logger({ subscription: subscription.name, requestId: context.awsRequestId }, write);
    const { messages } = readBatch(event);
    const shard = event.Records[0]?.eventID.split(':')[0] ?? '';
    const positionKey = `${subscription.name}@${shard}`;
    const position = await readPosition(positionKey);
    const ahead = messages.filter((message) => positionOf(message) > position);
    const counts = { done: 0, duplicates: messages.length - ahead.length, rejected: 0 };
    for (let from = 0; from < ahead.length; from += EVENTS_PER_TRANSACTION) {
      const chunk = ahead.slice(from, from + EVENTS_PER_TRANSACTION);
      const { readable, unreadable } = await readAll(chunk, subscription.to.events, runtime);
      for (const { message, error } of unreadable) {
        const letter = describeFailure(subscription.name, message, error.reason, error, now());
        await sendDeadLetter(aws, deadLetterQueueUrl, message, letter);
        log('error', 'dead-lettered', { messageId: message.id, reason: error.reason, fingerprint: letter.fingerprint });
      }
      const last = chunk.at(-1);
      if (last === undefined) break;
      const counted = await commit(withoutCopies(readable), positionKey, positionOf(last));
      if (counted === undefined) {
        log('info', 'another invocation has moved the position', { shard });
        return { batchItemFailures: [{ itemIdentifier: checkpointOf(chunk[0] ?? last) }] };
      }
      counts.done += counted;
      counts.duplicates += readable.length - counted;
      counts.rejected += unreadable.length;
    }
    log('info', 'counted', { shard, ...counts });
    emitMetrics(
      { subscription: subscription.name },
      {
        [CONSUMER_METRIC.received]: { unit: 'Count', values: [messages.length] },
        [CONSUMER_METRIC.done]: { unit: 'Count', values: [counts.done] },
        [CONSUMER_METRIC.duplicates]: { unit: 'Count', values: [counts.duplicates] },
        [CONSUMER_METRIC.rejected]: { unit: 'Count', values: [counts.rejected] },
      },
      now(),
      write,
    );
    return { batchItemFailures: [] };
  });

  async function readPosition(positionKey: string): Promise<string> {
    const Key = { [INBOX_TABLE.partitionKey]: positionKey };
    const { Item } = await dynamodb('GetItem', { TableName: table, Key, ConsistentRead: true });
    return (Item?.position as string | undefined) ?? '';
  }

  /** @returns how many events were counted now; undefined when the position is not where it was */
  async function commit(events: readonly Counted[], positionKey: string, to: string): Promise<number | undefined> {
    const position: Write = {
      Put: {
        TableName: table,
        Item: { [INBOX_TABLE.partitionKey]: positionKey, position: to, movedAt: new Date(now()).toISOString() },
        ConditionExpression: `attribute_not_exists(${INBOX_TABLE.partitionKey}) OR #position < :to`,
        ExpressionAttributeNames: { '#position': 'position' },
        ExpressionAttributeValues: { ':to': to },
      },
    };
    const records = events.map(
      ({ event, sent }): Write => ({
        Put: {
          TableName: table,
          Item: {
            [INBOX_TABLE.partitionKey]: `${subscription.name}#${event.id}`,
            state: 'done',
            fingerprint: fingerprintOf(sent),
            [INBOX_TABLE.expiry]: expiresAt(),
          },
          ConditionExpression: `attribute_not_exists(${INBOX_TABLE.partitionKey})`,
        },
      }),
    );
    const results = events.length === 0 ? [] : fold(events.map(({ event }) => event as EventOf<E>));
    const writes = [position, ...records, ...results];
    if (writes.length > DYNAMODB.maxTransactionItems) {
      throw new RangeError(
        `'${subscription.name}' folded ${events.length} events into ${results.length} writes; at most one write per event fits a transaction of ${DYNAMODB.maxTransactionItems} items`,
      );
    }
    try {
      await dynamodb('TransactWriteItems', { TransactItems: writes });
      return events.length;
    } catch (error) {
      const refused = cancellationReasons(error)?.map(({ Code }) => Code === 'ConditionalCheckFailed');
      if (refused === undefined) throw error;
      if (refused[0]) return undefined;
      const fresh = events.filter((_, i) => !refused[i + 1]);
      if (fresh.length === events.length) throw error;
      return commit(fresh, positionKey, to);
    }
  }
}

async function readAll(messages: readonly Message[], expected: readonly AnyEventType[], runtime: Runtime) {
  const readable: Counted[] = [];
  const unreadable: { message: Message; error: UnreadableMessage | Reject }[] = [];
  for (const message of messages) {
    try {
      readable.push({ message, ...readEvent(await openBody(message.body, runtime), expected) });
    } catch (error) {
      if (!(error instanceof UnreadableMessage || error instanceof Reject)) throw error;
      unreadable.push({ message, error });
    }
  }
  return { readable, unreadable };
}

/** A transaction refuses two writes of one item, so copies inside a batch go first. */
const withoutCopies = (events: readonly Counted[]): Counted[] => [
  ...new Map(events.map((counted) => [counted.event.id, counted] as const)).values(),
];
