import { type EventSourceMapping, type Function as LambdaFunction, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import type { StreamEventSourceProps } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { ENV } from '../../contracts/agreed/environment.ts';
import { mappingRetriesOf, STREAM_DEAD_LETTER_RETENTION } from '../../contracts/subscriptions/delivery-numbers.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { watchConsumer } from '../alarms/consumer.ts';
import { type ConsumerView, consumerView } from '../alarms/consumer-view.ts';
import { type LagAdvice, lagMetrics, logLagMetrics, watchLag, watchLogLag } from '../alarms/log.ts';
import { deploys } from '../channels/declared.ts';
import { deadLetterQueue } from '../channels/message-queue.ts';
import { failuresTo, type MappedSource } from '../functions/event-source.ts';
import { allow, cdkDuration, messagingFunction } from '../functions/messaging-function.ts';
import { keepLargeMessages } from '../stores/dead-letter-bucket.ts';
import { watchBreaker } from './breaker-controller.ts';
import type { ConsumerProps } from './queue-consumer.ts';

/** What differs between the streams that can be consumed. */
export interface StreamSource {
  /** For descriptions: `log orders`. */
  readonly what: string;
  /** Whether the function gives records up by itself. @default true */
  readonly givesUp?: boolean;
  /** Makes the event source mapping. */
  readonly mapping: (options: StreamEventSourceProps) => MappedSource;
  readonly lag: LagAdvice;
}

export interface StreamParts {
  readonly function: LambdaFunction;
  readonly mapping: EventSourceMapping;
  /** Bodies that were rejected, and Lambda's notices of batches whose retries ran out. */
  readonly deadLetters: Queue;
  readonly view: ConsumerView;
}

/** A subscription to a stream, deployed: function, event source mapping with an end to its retries, dead letters, permissions and alarms. */
export function streamConsumer(
  scope: Construct,
  subscription: Subscription,
  { code, inbox, alarms, breakers, memory, environment }: ConsumerProps,
  { what, givesUp = true, mapping, lag: advice }: StreamSource,
): StreamParts {
  deploys(scope, { kind: 'subscription', subscription });
  const { name } = subscription;
  const deadLetters = deadLetterQueue(scope, 'DeadLetters', name, STREAM_DEAD_LETTER_RETENTION);
  const fn = messagingFunction(scope, name, {
    code,
    description: `Consumes ${what} (${subscription.guarantee})`,
    timeout: subscription.timeout,
    ...(memory === undefined ? {} : { memory }),
    environment: { ...environment, [ENV.deadLetterQueue]: deadLetters.queueUrl },
  });
  allow(fn, ['sqs:SendMessage'], [deadLetters.queueArn]);
  if (givesUp) keepLargeMessages(fn, subscription);
  inbox.grant(fn, subscription);
  const source = mapping({
    startingPosition: StartingPosition.TRIM_HORIZON,
    batchSize: subscription.batchSize,
    // The default would retry forever and hold the shard meanwhile.
    retryAttempts: mappingRetriesOf(subscription),
    bisectBatchOnError: true,
    reportBatchItemFailures: true,
    onFailure: failuresTo(deadLetters),
    ...(subscription.batchWindow.seconds > 0 ? { maxBatchingWindow: cdkDuration(subscription.batchWindow) } : {}),
  });
  fn.addEventSource(source);
  watchBreaker(breakers, subscription, fn, source.mapping.eventSourceMappingId);
  const parts = { subscription, function: fn, deadLetters };
  const lag = lagMetrics(fn, name, advice);
  const logLag = advice.log && logLagMetrics(scope, subscription, lag, advice, advice.log);
  const watched = [
    ...watchConsumer(scope, alarms, parts),
    watchLag(scope, alarms, subscription, lag, advice),
    ...(logLag === undefined ? [] : watchLogLag(scope, alarms, subscription, logLag, advice)),
  ].filter((one) => one !== undefined);
  const view = consumerView(scope, parts, { depth: undefined, lag: lag.age, lags: logLag ?? lag, alarms: watched });
  return { function: fn, mapping: source.mapping, deadLetters, view };
}
