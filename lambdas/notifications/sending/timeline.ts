import { isAwsError } from '../../../lib/runtime/aws/calls/call.ts';
import { type Dynamodb, itemInTheWay } from '../../../lib/runtime/aws/dynamodb.ts';
import type { Lane, NotificationChannel } from '../../../lib/systems/notifications/contract.ts';
import type { LaneRate } from '../../../lib/systems/notifications/rates.ts';
import type { Reserve } from './turns.ts';

/**
 * The timelines of a lane: items of a table, each with the moment of its next free turn, in whole microseconds since the epoch, so that it can be compared:
 * ```
 *  now      lead          taken by this one, that one ...        horizon
 * ──┼─────────┼────────────────────────────────────────┬────────────┼──▶
 *                                                     next
 * ```
 * Whoever reserves moves `next` on by as many turns as it takes: one write for all of them. No turn is given nearer than a reservation takes (the lead: it would be
 * over before it is known of), and none further ahead than the horizon.
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
/** What a reservation is taken to last before one has been measured, ms. */
const FIRST_LEAD = 20;
/** More than the last one took, and little by little less again. */
const LEAD_OVER_LAST = 1.5;
const LEAD_DECAY = 0.9;
/** Of the horizon. */
const MAX_LEAD = 0.75;

export function timeline(
  { table, channel, lane, rate: { timelines, interval }, horizon }: TimelineOptions,
  { dynamodb, now, random }: TimelineWorld,
): Reserve {
  let lead = FIRST_LEAD;

  return async (count) => {
    const Key = { timeline: `${channel}/${lane}/${Math.floor(random() * timelines)}` };
    const span = Math.ceil(count * interval * MICROS_PER_MILLI);
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      const began = now();
      const first = await tryOnce(Key, span, began);
      lead = Math.min(horizon * MAX_LEAD, Math.max((now() - began) * LEAD_OVER_LAST, lead * LEAD_DECAY));
      if (first === 'too-far') return undefined;
      if (first !== undefined) return { first: first / MICROS_PER_MILLI, interval };
    }
    return undefined;
  };

  /** @returns the first turn, microseconds; undefined when somebody else was faster */
  async function tryOnce(Key: object, span: number, began: number): Promise<number | 'too-far' | undefined> {
    const [nearest, farthest] = [began + lead, began + horizon].map((at) => Math.ceil(at * MICROS_PER_MILLI)) as [
      number,
      number,
    ];
    const next = await moveOn(Key, span, nearest, farthest);
    if (typeof next === 'object') return next.moved - span;
    if (next !== undefined && next > farthest) return 'too-far';
    return (await startAnew(Key, next, nearest + span)) ? nearest : undefined;
  }

  /** @returns what `next` was moved to; or, when it was not, where it stands: too far ahead, too near, or nowhere yet */
  async function moveOn(
    Key: object,
    span: number,
    nearest: number,
    farthest: number,
  ): Promise<{ readonly moved: number } | number | undefined> {
    try {
      const { Attributes } = await dynamodb('UpdateItem', {
        TableName: table,
        Key,
        UpdateExpression: 'SET #next = #next + :span',
        ConditionExpression: '#next BETWEEN :nearest AND :farthest',
        ExpressionAttributeNames: { '#next': 'next' },
        ExpressionAttributeValues: { ':span': span, ':nearest': nearest, ':farthest': farthest },
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
