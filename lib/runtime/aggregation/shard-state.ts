import { INBOX_TABLE } from '../../contracts/agreed/tables.ts';
import { DYNAMODB } from '../../contracts/declaring/limits.ts';
import type { ReadEvent } from '../../contracts/events/envelope.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { isAwsError } from '../aws/calls/call.ts';
import { cancellationReasons, dynamodbOver } from '../aws/dynamodb.ts';
import type { Write } from '../inbox/inbox.ts';
import { fingerprintOf } from '../inbox/once.ts';
import type { Runtime } from '../invocation/runtime.ts';
import { NO_WATERMARK } from './lateness.ts';
import { parentsOf } from './shard-parents.ts';

/** How far a shard was aggregated. */
export interface ShardPosition {
  /** As text that sorts; empty before the first record. */
  readonly position: string;
  /** Epoch milliseconds; only kept for subscriptions that declare `lateness`. */
  readonly watermark: number;
}

const watermarkIn = ({ watermark }: Record<string, unknown>): number =>
  (watermark as number | undefined) ?? NO_WATERMARK;

const MILLIS_PER_SECOND = 1_000;
const REFUSED = 'ConditionalCheckFailed';

export type ShardState = ReturnType<typeof shardState>;

/**
 * The state of an aggregation in its table: the position of each shard and a record of each event, which commit with the result.
 * @param runtime of an invocation (`patientRuntime`): two shards that add to one result meet, and the transaction that comes second is tried again
 * @param onFailure hears of it when the state cannot be read or written; the error is thrown all the same
 */
export function shardState(subscription: Subscription, table: string, runtime: Runtime, onFailure: () => void) {
  const { aws, id, now } = runtime;
  const dynamodb = dynamodbOver(aws, id);
  const keyOf = (key: string) => ({ [INBOX_TABLE.partitionKey]: key });
  const fail = (error: unknown): never => {
    onFailure();
    throw error;
  };
  const read = async (key: string): Promise<Record<string, unknown> | undefined> =>
    (await dynamodb('GetItem', { TableName: table, Key: keyOf(key), ConsistentRead: true }).catch(fail)).Item;

  /** @returns which conditions did not hold; undefined when all is written */
  async function transact(
    writes: readonly Write[],
    mayBeCut: boolean,
  ): Promise<{ refused: readonly boolean[]; error: unknown } | undefined> {
    try {
      await dynamodb('TransactWriteItems', { TransactItems: [...writes] });
      return undefined;
    } catch (error) {
      // Too large: nothing was sent, and fewer events may fit.
      if (error instanceof RangeError) throw error;
      const codes = cancellationReasons(error)?.map(({ Code }) => Code) ?? [];
      // How large items become that are updated, DynamoDB alone knows: the same. It says so in either way.
      const isInvalid = isAwsError(error, 'ValidationException') || codes.includes('ValidationError');
      if (mayBeCut && isInvalid) throw new RangeError((error as Error).message, { cause: error });
      if (codes.includes(REFUSED)) return { refused: codes.map((code) => code === REFUSED), error };
      return fail(error);
    }
  }

  /** What the nearest ancestors of a shard came to; undefined when none of them has read anything that is known. */
  async function inherited(
    shard: string,
    parents: ReadonlyMap<string, readonly string[]>,
  ): Promise<number | undefined> {
    const marks: number[] = [];
    for (const parent of parents.get(shard) ?? []) {
      const item = await read(`${subscription.name}@${parent}`);
      const mark = item === undefined ? await inherited(parent, parents) : watermarkIn(item);
      if (mark !== undefined) marks.push(mark);
    }
    return marks.length === 0 ? undefined : Math.min(...marks);
  }

  return {
    /**
     * Where a shard is. A shard that was made by a split or a merge takes over the watermark of its parents, the lower of two. Lambda reads
     * parents to their end first, so theirs is final (https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html). It has
     * no position yet: none of its records was read, and numbers of different shards are not compared.
     * @param stream ARN of the log's stream, or of its consumer
     */
    async positionOf(shard: string, stream: string): Promise<ShardPosition> {
      const item = await read(`${subscription.name}@${shard}`);
      if (item !== undefined)
        return { position: (item.position as string | undefined) ?? '', watermark: watermarkIn(item) };
      if (subscription.lateness === undefined) return { position: '', watermark: NO_WATERMARK };
      const parents = await parentsOf(aws, stream).catch(fail);
      return { position: '', watermark: (await inherited(shard, parents)) ?? NO_WATERMARK };
    },

    /** Whether an event is in the result already. */
    wasCounted: async (eventId: string): Promise<boolean> =>
      (await read(`${subscription.name}#${eventId}`)) !== undefined,

    /**
     * Moves the position, with the events and their result. Events that were counted before are left out.
     * @param fold makes the writes of the result; called again when events are left out
     * @returns how many events were counted now; undefined when somebody else has moved the position
     * @throws RangeError when the writes do not fit a transaction, or DynamoDB does not take those of several events together
     */
    async commit(
      events: readonly ReadEvent[],
      shard: string,
      { position, watermark }: ShardPosition,
      fold: (events: readonly ReadEvent[]) => readonly Write[],
    ): Promise<number | undefined> {
      const move: Write = {
        Put: {
          TableName: table,
          Item: {
            ...keyOf(`${subscription.name}@${shard}`),
            position,
            movedAt: new Date(now()).toISOString(),
            ...(watermark === NO_WATERMARK ? {} : { watermark }),
          },
          ConditionExpression: `attribute_not_exists(${INBOX_TABLE.partitionKey}) OR #position < :to`,
          ExpressionAttributeNames: { '#position': 'position' },
          ExpressionAttributeValues: { ':to': position },
        },
      };
      for (let left = events; ; ) {
        const results = left.length === 0 ? [] : fold(left);
        const writes = [move, ...left.map(recordOf), ...results];
        if (writes.length > DYNAMODB.maxTransactionItems) {
          throw new RangeError(
            `'${subscription.name}' folded ${left.length} events into ${results.length} writes; at most one write per event fits a transaction of ${DYNAMODB.maxTransactionItems} items`,
          );
        }
        const outcome = await transact(writes, left.length > 1);
        if (outcome === undefined) return left.length;
        if (outcome.refused[0]) return undefined;
        const fresh = left.filter((_, i) => !outcome.refused[i + 1]);
        // A condition of the result itself did not hold.
        if (fresh.length === left.length) return fail(outcome.error);
        left = fresh;
      }
    },
  };

  function recordOf({ event, sent }: ReadEvent): Write {
    const expiresAt = Math.floor(now() / MILLIS_PER_SECOND) + subscription.deduplicationWindow.seconds;
    return {
      Put: {
        TableName: table,
        Item: {
          ...keyOf(`${subscription.name}#${event.id}`),
          state: 'done',
          fingerprint: fingerprintOf(sent),
          [INBOX_TABLE.expiry]: expiresAt,
        },
        ConditionExpression: `attribute_not_exists(${INBOX_TABLE.partitionKey})`,
      },
    };
  }
}
