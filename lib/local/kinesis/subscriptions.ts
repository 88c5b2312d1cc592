import { setTimeout as sleep } from 'node:timers/promises';
import { objectAt, textAt } from '../json.ts';
import type { Context } from './context.ts';
import { inUse } from './errors.ts';
import { type Input, required } from './input.ts';
import { readShard, startingNumber } from './read-operations.ts';
import { sequenceNumber } from './sequence-number.ts';
import { childShards } from './shard-view.ts';
import type { Shard, Stream } from './stream.ts';
import { consumerIn, shardIn } from './streams.ts';
import type { ResultObject } from './wire.ts';

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html */
const LIFETIME_MS = 300_000;
/** For so long nobody can take a subscription's place. */
const PROTECTED_MS = 5_000;
/** A subscription without news says so this often. */
const HEARTBEAT_MS = 5_000;
/** How often a subscription looks for news: at a number in memory. */
const LOOK_MS = 20;
const MAX_RECORDS = 10_000;

/** The subscriptions of all consumers. */
export interface Subscriptions {
  /**
   * Begins to read a shard for a consumer: events, as records come, for five minutes or until the shard ends.
   * @throws KinesisError
   */
  begin(input: Input, context: Context): (gone: AbortSignal) => AsyncIterable<ResultObject>;
}

export function createSubscriptions(): Subscriptions {
  const current = new Map<string, { readonly begunAt: number; readonly end: AbortController }>();
  return {
    begin(input, context) {
      const shardId = required(input, 'ShardId');
      required(input, 'ConsumerARN');
      const { stream, consumer } = consumerIn({ ConsumerARN: input.ConsumerARN }, context);
      const shard = shardIn(stream, shardId, context);
      const position = objectAt(input, 'StartingPosition');
      const from = startingNumber(
        { type: position.Type, sequence: textAt(position, 'SequenceNumber'), timestamp: position.Timestamp },
        stream,
        shard,
        context,
      );
      const key = `${consumer.arn} ${shardId}`;
      const before = current.get(key);
      if (before !== undefined && context.now() < before.begunAt + PROTECTED_MS)
        throw inUse(
          `Another active subscription exists for this consumer: ${context.account}:${stream.name}:${shardId}:${consumer.name}`,
        );
      before?.end.abort();
      const mine = { begunAt: context.now(), end: new AbortController() };
      current.set(key, mine);
      return async function* (gone) {
        try {
          yield* eventsOf(stream, shard, from, context, AbortSignal.any([gone, mine.end.signal]));
        } finally {
          if (current.get(key) === mine) current.delete(key);
        }
      };
    },
  };
}

async function* eventsOf(
  { name }: Stream,
  { index, key }: Shard,
  from: number,
  context: Context,
  ended: AbortSignal,
): AsyncGenerator<ResultObject> {
  const until = context.now() + LIFETIME_MS;
  let [number, said] = [from, 0];
  while (!ended.aborted && context.now() < until) {
    const stream = context.streams.find(name);
    const shard = stream?.shards[index];
    if (stream === undefined || shard?.key !== key) return;
    const isClosed = shard.closedAt !== undefined;
    if (context.log.next(key) > number || isClosed || context.now() >= said + HEARTBEAT_MS) {
      const { records, last, next, behindMs } = readShard(stream, shard, number, MAX_RECORDS, context);
      // Nothing is shown that a killed process would take with it.
      await context.settled();
      const { created } = shard;
      const continuation = last ?? sequenceNumber({ shard: index, created, number: Math.max(0, number - 1) }, created);
      yield {
        Records: records,
        MillisBehindLatest: behindMs,
        ...(next === undefined
          ? { ChildShards: childShards(stream, shard) }
          : { ContinuationSequenceNumber: continuation }),
      };
      if (next === undefined) return;
      number = next;
      said = context.now();
      continue;
    }
    await sleep(LOOK_MS, undefined, { ref: false, signal: ended }).catch(() => undefined);
  }
}
