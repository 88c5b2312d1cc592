import { CONSUMER_METRIC } from '../contracts/agreed/metrics.ts';
import type { Log } from '../contracts/channels/channel.ts';
import { DeclarationError } from '../contracts/declaring/declaration-error.ts';
import type { AnyEventType } from '../contracts/events/event.ts';
import type { Subscription } from '../contracts/subscriptions/subscription.ts';
import { aggregate, type Fold } from '../runtime/aggregation/aggregate.ts';
import type { Runtime } from '../runtime/invocation/runtime.ts';
import type { HandlerFunction } from './lambda/instances.ts';
import type { FunctionFile } from './tested/code.ts';
import { type TestConsumerOptions, type TestedSource, testSource } from './tested/tested-source.ts';

/** What has become of an aggregation's events so far: retries of a batch may count a duplicate more than once. */
export interface AggregationCounts {
  readonly done: number;
  readonly duplicates: number;
  /** Unreadable, or later than the subscription allows. */
  readonly rejected: number;
  readonly late: number;
}

/** A test of an aggregation. */
export interface TestedAggregation<E extends AnyEventType> extends TestedSource<E> {
  readonly counts: () => AggregationCounts;
  /** A shard of the log is split in two, or the narrowest two that lie side by side become one. */
  readonly reshard: (how: 'split' | 'merge') => void;
}

/**
 * Tests an aggregation without AWS and without waiting: the real `aggregate()`, over a log and tables in memory.
 * @param code the fold that `aggregate()` would get, or the file of the deployed function
 * @throws DeclarationError for a subscription that is no aggregation
 */
export function testAggregation<E extends AnyEventType>(
  subscription: Subscription<Log<E>>,
  code: Fold<NoInfer<E>> | FunctionFile,
  options: TestConsumerOptions = {},
): TestedAggregation<E> {
  const thing = `testAggregation('${subscription.name}')`;
  if (subscription.guarantee !== 'exactly-once-aggregation')
    throw new DeclarationError(thing, `its guarantee is '${subscription.guarantee}'`, 'Test it with testConsumer()');
  const make = (runtime: Runtime) => aggregate(subscription, code as Fold<E>, runtime) as unknown as HandlerFunction;
  const plain = subscription as unknown as Subscription<Log>;
  const { source, deployed } = testSource<E>(thing, plain, 'load' in code ? code : make, options);
  const { metric } = source;
  return {
    ...source,
    counts: () => ({
      done: metric(CONSUMER_METRIC.done),
      duplicates: metric(CONSUMER_METRIC.duplicates),
      rejected: metric(CONSUMER_METRIC.rejected),
      late: metric(CONSUMER_METRIC.lateDropped),
    }),
    reshard: (how) => deployed.account.streams.get(subscription.to.name)?.[how](),
  };
}
