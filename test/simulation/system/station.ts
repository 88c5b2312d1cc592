import { ENV } from '../../../lib/contracts/agreed/environment.ts';
import {
  mappingRetriesOf,
  maxReceiveCountOf,
  visibilityOf,
} from '../../../lib/contracts/subscriptions/delivery-numbers.ts';
import type { Subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { aggregate } from '../../../lib/runtime/aggregation/aggregate.ts';
import { consume } from '../../../lib/runtime/consuming/consume.ts';
import type { Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import type { FunctionSpec, HandlerFunction, Instance, LambdaHost } from '../../../lib/testing/lambda/instances.ts';
import { type MappingFaults, type QueueMapping, queueMapping } from '../../../lib/testing/lambda/queue-mapping.ts';
import { kinesisRecord, type StreamMapping, streamMapping } from '../../../lib/testing/lambda/stream-mapping.ts';
import { type MemorySqs, type QueueSpec, queueUrl } from '../../../lib/testing/services/sqs.ts';
import type { MemoryStream } from '../../../lib/testing/services/streams.ts';
import type { World } from '../../../lib/testing/world/world.ts';
import { bodiesOf, emptyJournal, type Journal, STEPPED } from '../judging/journal.ts';
import type { Mutation } from '../mutants/mutation.ts';
import type { ConsumerPlan } from '../scenario/scenario.ts';
import { type channelOf, subscriptionOf } from './declarations.ts';
import { type HandlerWorld, handlerOf, totalKey } from './handlers.ts';
import { BREAKER_CONTROLLER, CLAIMS_BUCKET, DEAD_LETTER_BUCKET, INBOX, STATE_TABLE } from './names.ts';

const MILLIS_PER_SECOND = 1_000;

/** One consumer under test: its declaration, what the constructs would deploy for it, and what happens to it. */
export interface Station {
  readonly plan: ConsumerPlan;
  readonly subscription: Subscription<ReturnType<typeof channelOf>>;
  readonly journal: Journal;
  /** Work queue and dead letters, as `WorkQueue` and `LogConsumer` make them. */
  readonly queues: readonly QueueSpec[];
  readonly deadLetters: string;
}

export function stationOf(
  plan: ConsumerPlan,
  channel: ReturnType<typeof channelOf>,
  changed: NonNullable<Mutation['subscription']> = (subscription) => subscription,
): Station {
  const subscription = changed(subscriptionOf(plan, channel));
  const deadLetters = `${plan.name}-dead-letters`;
  const fifo = plan.source === 'fifo';
  const visibilityMillis = 30 * MILLIS_PER_SECOND;
  const queues: QueueSpec[] = [{ name: deadLetters, fifo, visibilityMillis }];
  if (plan.source !== 'log') {
    queues.push({
      name: plan.name,
      fifo,
      visibilityMillis: visibilityOf(subscription).seconds * MILLIS_PER_SECOND,
      redrive: { maxReceives: maxReceiveCountOf(subscription), deadLetters },
    });
  }
  return { plan, subscription, journal: emptyJournal(), queues, deadLetters };
}

/** The consumer's function, with the real `consume` or `aggregate` in it. */
export function functionOf(
  { plan, subscription, deadLetters, journal }: Station,
  shared: HandlerWorld,
  start: (make: (runtime: Runtime) => HandlerFunction, runtime: Runtime) => HandlerFunction,
): FunctionSpec {
  const make = (instance: Instance) => (runtime: Runtime) =>
    plan.mode === 'aggregate'
      ? aggregate(subscription as never, (events) => foldOf(plan.name, events as never), runtime)
      : consume(subscription, { [STEPPED]: handlerOf(shared, { plan, journal, instance, runtime }) }, { runtime });
  return {
    name: plan.name,
    timeoutMillis: plan.timeout * MILLIS_PER_SECOND,
    env: {
      [ENV.inboxTable]: INBOX,
      [ENV.deadLetterQueue]: queueUrl(deadLetters),
      [ENV.queue]: queueUrl(plan.name),
      [ENV.breakerController]: BREAKER_CONTROLLER,
      [ENV.claims]: CLAIMS_BUCKET,
      [ENV.deadLetterBucket]: DEAD_LETTER_BUCKET,
    },
    start: (runtime, instance) => start(make(instance) as (runtime: Runtime) => HandlerFunction, runtime),
  };
}

/** Adds the amounts per key. */
function foldOf(consumer: string, events: readonly { data: { key: string; amount: number } }[]) {
  const sums = new Map<string, number>();
  for (const { data } of events) sums.set(data.key, (sums.get(data.key) ?? 0) + data.amount);
  return [...sums].map(([key, amount]) => ({
    Update: {
      TableName: STATE_TABLE,
      Key: { pk: totalKey(consumer, key) },
      UpdateExpression: 'ADD amount :amount',
      ExpressionAttributeValues: { ':amount': amount },
    },
  }));
}

export interface Deployed {
  readonly station: Station;
  readonly function: FunctionSpec;
  readonly mapping: QueueMapping | StreamMapping;
}

/** The event source mapping, as `QueueConsumer` and `LogConsumer` make it. */
export function mappingOf(
  station: Station,
  target: FunctionSpec,
  {
    world,
    host,
    sqs,
    log,
    faults,
  }: { world: World; host: LambdaHost; sqs: MemorySqs; log: MemoryStream; faults: MappingFaults },
): QueueMapping | StreamMapping {
  const { plan, subscription, journal, deadLetters } = station;
  if (plan.source !== 'log') return queueMapping(world, host, sqs.queue(plan.name), target, plan, faults);
  return streamMapping(
    world,
    host,
    log,
    target,
    {
      batchSize: plan.batchSize,
      maximumRetries: mappingRetriesOf(subscription),
      recordOf: kinesisRecord,
      discarded({ condition, records }) {
        world.note(() => `${plan.name}: ${records.length} record(s) given up by the mapping (${condition})`);
        for (const { event } of records) {
          journal.discarded.push(...bodiesOf(Buffer.from((event as { data: string }).data, 'base64')));
        }
        const body = JSON.stringify({ requestContext: { condition } });
        sqs.queue(deadLetters).send({ body, attributes: {}, by: 'mapping' });
      },
    },
    faults,
  );
}
