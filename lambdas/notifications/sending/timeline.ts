import { isAwsError } from '../../../lib/runtime/aws/calls/call.ts';
import { type Dynamodb, itemInTheWay } from '../../../lib/runtime/aws/dynamodb.ts';
import type { Lane, NotificationChannel } from '../../../lib/systems/notifications/contract.ts';
import type { LaneRate } from './rates.ts';
import type { Reserve } from './turns.ts';

/**
 * The timelines of a lane: items of a table, each with the moment of its next free turn, in whole microseconds since the epoch, so that it can be compared:
 * ```
 *  turns taken by this one, that one ...  │  free
 * ────────────────────────────────────────┴──────────▶
 *                                         next, never further ahead than the horizon
 * ```
 * Whoever reserves moves `next` on by as many turns as it takes: one write for all of them.
 */

export interface TimelineOptions {
  readonly table: string;
  readonly channel: NotificationChannel;
  readonly lane: Lane;
  readonly rate: LaneRate;
  /** How far ahead turns are given, ms: who would have to wait for longer is deferred. */
  readonly horizon: number;
}

export interface TimelineWorld {
  readonly dynamodb: Dynamodb;
  /** Epoch ms. */
  readonly now: () => number;
  /** In [0, 1): which of the lane's timelines. */
  readonly random: () => number;
}

const TRIES = 5;
const MICROS_PER_MILLI = 1_000;

export function timeline(
  { table, channel, lane, rate: { timelines, interval }, horizon }: TimelineOptions,
  { dynamodb, now, random }: TimelineWorld,
): Reserve {
  return async (count) => {
    const Key = { timeline: `${channel}/${lane}/${Math.floor(random() * timelines)}` };
    const span = Math.ceil(count * interval * MICROS_PER_MILLI);
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      const at = now() * MICROS_PER_MILLI;
      const next = await moveOn(Key, span, at);
      if (typeof next === 'object') return { first: (next.moved - span) / MICROS_PER_MILLI, interval };
      if (next !== undefined && next > at) return undefined;
      if (await startAnew(Key, next, at + span)) return { first: at / MICROS_PER_MILLI, interval };
    }
    return undefined;
  };

  /** @returns what `next` was moved to; or, when it was not, where it stands: too far ahead, in the past, or nowhere yet */
  async function moveOn(
    Key: object,
    span: number,
    at: number,
  ): Promise<{ readonly moved: number } | number | undefined> {
    try {
      const { Attributes } = await dynamodb('UpdateItem', {
        TableName: table,
        Key,
        UpdateExpression: 'SET #next = #next + :span',
        ConditionExpression: '#next BETWEEN :now AND :horizon',
        ExpressionAttributeNames: { '#next': 'next' },
        ExpressionAttributeValues: { ':span': span, ':now': at, ':horizon': at + horizon * MICROS_PER_MILLI },
        ReturnValues: 'UPDATED_NEW',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      });
      return { moved: Number(Attributes?.next) };
    } catch (error) {
      if (!isAwsError(error, 'ConditionalCheckFailedException')) throw error;
      const found = itemInTheWay(error)?.next;
      return found === undefined ? undefined : Number(found);
    }
  }

  /** A timeline that nobody has taken turns of lately begins now. @returns false when somebody else was faster */
  async function startAnew(Key: object, before: number | undefined, next: number): Promise<boolean> {
    try {
      await dynamodb('UpdateItem', {
        TableName: table,
        Key,
        UpdateExpression: 'SET #next = :next',
        ConditionExpression: before === undefined ? 'attribute_not_exists(#next)' : '#next = :before',
        ExpressionAttributeNames: { '#next': 'next' },
        ExpressionAttributeValues: { ':next': next, ...(before === undefined ? {} : { ':before': before }) },
      });
      return true;
    } catch (error) {
      if (isAwsError(error, 'ConditionalCheckFailedException')) return false;
      throw error;
    }
  }
}
