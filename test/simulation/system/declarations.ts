import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Log, Queue } from '../../../lib/contracts/channels/channel.ts';
import { log } from '../../../lib/contracts/channels/log.ts';
import { outbox } from '../../../lib/contracts/channels/outbox.ts';
import { fifoQueue, queue } from '../../../lib/contracts/channels/queue.ts';
import { fifoTopic } from '../../../lib/contracts/channels/topic.ts';
import { seconds } from '../../../lib/contracts/declaring/duration.ts';
import { exponential } from '../../../lib/contracts/declaring/retry.ts';
import { event } from '../../../lib/contracts/events/event.ts';
import { breaker, type Subscription, subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { STEPPED } from '../judging/journal.ts';
import type { ConsumerPlan, Mode, Scenario } from '../scenario/scenario.ts';
import { LOG_NAME, TOPIC_NAME } from './names.ts';

/** What the simulated system says: one event type, through every kind of channel. */
export interface StepData {
  /** Names the plan of the event: how its handler behaves. */
  readonly ref: number;
  readonly key: string;
  /** Position within the key. */
  readonly n: number;
  readonly amount: number;
  /** Makes it large. */
  readonly padding: string;
}

const stepData: StandardSchemaV1<unknown, StepData> = {
  '~standard': {
    version: 1,
    vendor: 'simulation',
    validate: (value) =>
      typeof (value as StepData | null)?.amount === 'number'
        ? { value: value as StepData }
        : { issues: [{ message: 'amount must be a number' }] },
  },
};

export const Stepped = event(STEPPED, { version: 1, data: stepData, key: ({ key }) => key });

const events = [Stepped] as const;

/** Small, so that padded events need a claim check. */
const MAX_MESSAGE_BYTES = 1_500;

const small = <C extends object>(channel: C): C & { maxMessageBytes: number } => ({
  ...channel,
  maxMessageBytes: MAX_MESSAGE_BYTES,
});

/** The channels of a scenario. */
export function channelsOf({ aggregates, claims }: Pick<Scenario, 'aggregates' | 'claims'>) {
  const oversized = claims ? 'claim-check' : 'refuse';
  const topic = small(fifoTopic(TOPIC_NAME, { events, oversized }));
  const stream = small(log(LOG_NAME, { events, oversized, aggregate: aggregates }));
  return { topic, log: stream, outbox: outbox('sim-outbox', { publishes: [topic, stream] }), oversized } as const;
}

export type Channels = ReturnType<typeof channelsOf>;

const GUARANTEE = {
  effect: { guarantee: 'effectively-once', inbox: 'effect' },
  lease: { guarantee: 'effectively-once', inbox: 'lease' },
  natural: { guarantee: 'effectively-once', inbox: 'natural' },
  none: { guarantee: 'at-least-once' },
  'at-most-once': { guarantee: 'at-most-once' },
  aggregate: { guarantee: 'exactly-once-aggregation' },
} as const satisfies Record<Mode, object>;

type SimQueue = Queue<typeof Stepped>;
type SimLog = Log<typeof Stepped>;

/** The channel of a consumer. @param fed whether the topic is behind it; producers send to it themselves otherwise */
export function channelOf(
  plan: ConsumerPlan,
  { topic, log: stream, oversized }: Channels,
  fed: boolean,
): SimQueue | SimLog {
  const options = { events, oversized, ...(fed ? { from: topic } : {}) } as const;
  if (plan.source === 'log') return stream;
  return small(plan.source === 'fifo' ? fifoQueue(plan.name, options) : queue(plan.name, options));
}

export const subscriptionOf = (plan: ConsumerPlan, to: SimQueue | SimLog): Subscription<SimQueue | SimLog> =>
  subscription(plan.name, {
    to,
    ...GUARANTEE[plan.mode],
    checkFirst: plan.checkFirst,
    retry: exponential({ attempts: plan.attempts, base: seconds(plan.base), cap: seconds(plan.cap) }),
    timeout: seconds(plan.timeout),
    lease: seconds(plan.lease),
    batchSize: plan.batchSize,
    ...(plan.breaker ? { breaker: breaker({ failures: 2, coolDown: seconds(10), maxCoolDown: seconds(60) }) } : {}),
    ...(plan.park ? { failedKey: 'park' } : {}),
    ...(plan.lateness === undefined ? {} : { lateness: { allowed: seconds(plan.lateness) } }),
  });
