import type { StandardSchemaV1 } from '@standard-schema/spec';
import { fifoQueue, fifoTopic, type Log, log, type Queue, queue } from '../../lib/contracts/channel.ts';
import { seconds } from '../../lib/contracts/duration.ts';
import { event } from '../../lib/contracts/event.ts';
import { outbox } from '../../lib/contracts/outbox.ts';
import { exponential } from '../../lib/contracts/retry.ts';
import { breaker, type Subscription, subscription } from '../../lib/contracts/subscription.ts';
import { STEPPED } from './journal.ts';
import type { ConsumerPlan, Mode } from './scenario.ts';

/** What the simulated system says: one event type, through every kind of channel. */
export interface StepData {
  /** Names the plan of the event: how its handler behaves. */
  readonly ref: number;
  readonly key: string;
  /** Position within the key. */
  readonly n: number;
  readonly amount: number;
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
export const TOPIC = fifoTopic('sim-topic', { events });
export const LOG = log('sim-log', { events });
export const OUTBOX = outbox('sim-outbox', { publishes: [TOPIC, LOG] });

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

/** The channel of a consumer. @param from the topic behind it; undefined: producers send to it themselves */
export function channelOf(plan: ConsumerPlan, from: typeof TOPIC | undefined): SimQueue | SimLog {
  const options = { events, ...(from === undefined ? {} : { from }) };
  if (plan.source === 'log') return LOG;
  return plan.source === 'fifo' ? fifoQueue(plan.name, options) : queue(plan.name, options);
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
  });
