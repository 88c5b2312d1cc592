import { createHash } from 'node:crypto';
import { channelEnv, type ScheduleTarget, schedulesEnv } from '../../contracts/agreed/environment.ts';
import type { Queue } from '../../contracts/channels/channel.ts';
import { declareTarget } from '../../contracts/channels/recurring.ts';
import { seconds } from '../../contracts/declaring/duration.ts';
import { SCHEDULER, SQS } from '../../contracts/declaring/limits.ts';
import { type Envelope, envelope } from '../../contracts/events/envelope.ts';
import type { AnyEventType, DataOf } from '../../contracts/events/event.ts';
import { isAwsError } from '../aws/calls/call.ts';
import { requiredEnv } from '../invocation/environment.ts';
import { lambda, type Runtime } from '../invocation/runtime.ts';
import { bodyOf, MessageTooLarge } from '../messages/body.ts';
import { keysOf } from '../messages/keys.ts';
import { publisher } from './publish.ts';

/** Something to be done at a time to come. */
export interface LaterRequest<E extends AnyEventType> {
  /**
   * What is to be done, as a name: `order-1/payment-reminder`. Asking twice for the same key and time is one effect: the event's id is
   * made of both. 1 to 200 characters.
   */
  readonly key: string;
  readonly event: E;
  readonly data: DataOf<E>;
  /** When it is due; parts of a second are rounded up. What is due already is sent at once. */
  readonly at: Date;
  readonly traceparent?: string | undefined;
  readonly correlationId?: string | undefined;
}

/**
 * `delayed`: it is in the queue, which holds it back unless it is due; `scheduled`: EventBridge Scheduler sends it; `already`: it was
 * scheduled before.
 */
export type LaterResult = 'delayed' | 'scheduled' | 'already';

/** Puts work off, and takes it back. */
export interface Later<E extends AnyEventType = AnyEventType> {
  /**
   * @throws ScheduleConflict when key and time are taken by another event; MessageTooLarge beyond 256 KB; RangeError for a time that is none;
   *   InvalidKey for a message group that SQS does not take; PublishFailed as publisher()
   */
  schedule<T extends E>(request: LaterRequest<T>): Promise<LaterResult>;
  /** Takes back what is still scheduled. @returns false when there is nothing to take back: it was never scheduled, waits in the queue, or was sent */
  cancel(request: Pick<LaterRequest<E>, 'key' | 'at'>): Promise<boolean>;
}

/** The key and time are taken by an event of another type or with other data. */
export class ScheduleConflict extends Error {
  override readonly name = 'ScheduleConflict';
  constructor(key: string, at: string) {
    super(
      `'${key}' is scheduled for ${at} already, with another event; a changed event needs a key of its own, or cancel() first`,
    );
  }
}

const MILLIS_PER_SECOND = 1_000;
/** Schedules have a precision of a minute; what is due sooner than that is scheduled for then, so that its time is not past when it arrives. */
const SOONEST_SCHEDULE_MILLIS = 60_000;
const MAX_KEY_CHARACTERS = 200;
/** Characters of the queue's name and of the hash in a schedule's name, which has 64. */
const NAME_CHARACTERS = 30;
const HASH_CHARACTERS = 32;
/** Names of values that Scheduler fills in; in anybody's data they are just text. https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html */
const PLACEHOLDER = '<aws.scheduler.';

/** 2026-12-24T18:00:00Z */
const textOf = (due: number): string => new Date(due).toISOString().replace('.000Z', 'Z');

/**
 * Puts work into a queue at a time to come: up to 15 minutes the queue's own delay, beyond that a one-time schedule, which is gone when it has
 * fired. Schedules fire within a minute after their time, and may fire twice; the consumer's inbox sees to one effect.
 *
 * A FIFO queue has one delay for all its messages, so that all that is not yet due is scheduled. It joins its message group when it is sent:
 * work that is due at different times comes in that order, work of the same minute in any.
 * @throws MissingEnvironment when the function was deployed without `ScheduledWork.grantLater()`
 */
export function later<E extends AnyEventType>(queue: Queue<E>, runtime: Runtime = lambda): Later<E> {
  const thing = `later('${queue.name}')`;
  const to = queue as unknown as Queue;
  const { aws, env, now } = runtime;
  const fifo = to.order === 'per-key';
  const purpose = `where queue '${queue.name}' is`;
  const address = requiredEnv(channelEnv(queue), purpose, env);
  const target: ScheduleTarget = JSON.parse(requiredEnv(schedulesEnv(queue), `how '${queue.name}' is scheduled`, env));
  const nameOf = (id: string): string =>
    `${queue.name.slice(0, NAME_CHARACTERS)}-${createHash('sha256').update(id).digest('hex').slice(0, HASH_CHARACTERS)}`;

  async function create(event: Envelope, due: number, key: string): Promise<LaterResult> {
    const carrier = {
      where: 'a schedule',
      maxBytes: SCHEDULER.maxInputBytes,
      fix: 'Store the document yourself and schedule its address',
      // Claimed data would expire before a schedule that is months ahead.
      oversized: 'refuse',
      compress: queue.compress,
    } as const;
    const input = bodyOf(event, carrier, () => '').text.replaceAll(PLACEHOLDER, PLACEHOLDER.replace('<', '\\u003c'));
    const bytes = Buffer.byteLength(input);
    if (bytes > carrier.maxBytes) throw new MessageTooLarge(event, bytes, carrier.where, carrier.maxBytes, carrier.fix);
    const { group } = keysOf(to, event);
    const at = Math.max(due, Math.ceil((now() + SOONEST_SCHEDULE_MILLIS) / MILLIS_PER_SECOND) * MILLIS_PER_SECOND);
    try {
      await aws('scheduler', 'CreateSchedule', {
        Name: nameOf(event.id),
        GroupName: target.group,
        ClientToken: nameOf(event.id),
        ScheduleExpression: `at(${textOf(at).slice(0, -1)})`,
        ScheduleExpressionTimezone: 'UTC',
        FlexibleTimeWindow: { Mode: 'OFF' },
        ActionAfterCompletion: 'DELETE',
        Target: {
          Arn: target.queueArn,
          RoleArn: target.roleArn,
          Input: input,
          ...(group === undefined || !fifo ? {} : { SqsParameters: { MessageGroupId: group } }),
          DeadLetterConfig: { Arn: target.deadLettersArn },
          RetryPolicy: {
            MaximumEventAgeInSeconds: SCHEDULER.maxEventAgeSeconds,
            MaximumRetryAttempts: SCHEDULER.maxRetryAttempts,
          },
        },
      });
      return 'scheduled';
    } catch (error) {
      if (!isAwsError(error, 'ConflictException')) throw error;
      if (await isAnother(event)) throw new ScheduleConflict(key, textOf(due));
      return 'already';
    }
  }

  async function isAnother(event: Envelope): Promise<boolean> {
    try {
      const found = await aws('scheduler', 'GetSchedule', { Name: nameOf(event.id), GroupName: target.group });
      const { Input = '{}' } = (found as { Target?: { Input?: string } }).Target ?? {};
      return contentOf(JSON.parse(Input)) !== contentOf(JSON.parse(JSON.stringify(event)));
    } catch (error) {
      if (isAwsError(error, 'ResourceNotFoundException')) return false; // Fired meanwhile, and gone.
      throw error;
    }
  }

  return {
    async schedule({ key, event, data, at, traceparent, correlationId }) {
      const due = dueOf(at);
      checkKey(key);
      declareTarget(thing, to, event);
      const made = envelope(event, data, {
        id: idOf(key, due),
        source: `/later/${queue.name}`,
        // What happens is that it is due: ages are counted from then.
        time: new Date(due),
        traceparent,
        correlationId,
      });
      const wait = Math.max(0, (due - now()) / MILLIS_PER_SECOND);
      if (wait > (fifo ? 0 : SQS.maxDelaySeconds)) return create(made, due, key);
      await publisher(to, fifo ? { address } : { address, delay: seconds(wait) }, runtime)([made]);
      return 'delayed';
    },
    async cancel({ key, at }) {
      try {
        await aws('scheduler', 'DeleteSchedule', { Name: nameOf(idOf(key, dueOf(at))), GroupName: target.group });
        return true;
      } catch (error) {
        if (isAwsError(error, 'ResourceNotFoundException')) return false;
        throw error;
      }
    },
  };
}

const idOf = (key: string, due: number): string => `${key}@${textOf(due)}`;

/** What makes an event another one: not the trace of the call that asked for it. */
function contentOf({ type, data, packed }: Partial<Envelope> & { readonly packed?: unknown }): string {
  return JSON.stringify([type, data, packed]);
}

/** @returns epoch milliseconds, whole seconds */
function dueOf(at: Date): number {
  const due = Math.ceil(at.getTime() / MILLIS_PER_SECOND) * MILLIS_PER_SECOND;
  if (Number.isNaN(due)) throw new RangeError("`at` is not a time; write for example new Date('2026-12-24T18:00:00Z')");
  return due;
}

function checkKey(key: string): void {
  if (key.length >= 1 && key.length <= MAX_KEY_CHARACTERS) return;
  throw new RangeError(`key '${key}' must have 1 to ${MAX_KEY_CHARACTERS} characters (given ${key.length})`);
}
