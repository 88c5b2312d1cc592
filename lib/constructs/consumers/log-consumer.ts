import type { StreamConsumer } from 'aws-cdk-lib/aws-kinesis';
import type { EventSourceMapping, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Log as LogContract } from '../../contracts/channels/channel.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import type { ConsumerView } from '../alarms/consumer-view.ts';
import type { EventLog } from '../channels/event-log.ts';
import { enhancedLogSource, logSource } from '../functions/event-source.ts';
import { tagComponent } from '../stages/stage.ts';
import type { ConsumerProps } from './queue-consumer.ts';
import { type StreamParts, streamConsumer } from './stream-consumer.ts';

/** What a consumer of a log is deployed with, beside its subscription. */
export interface LogConsumerProps extends ConsumerProps {
  /** The deployed form of the log that the subscription is declared on. */
  readonly log: EventLog;
  /** Whether the function gives records up by itself, and opens those that come back, so that it needs the bucket of large ones. @default true */
  readonly givesUp?: boolean;
}

/** A subscription to a log, deployed: function, event source mapping with an end to its retries, dead letters, permissions and alarms. */
export class LogConsumer extends Construct implements StreamParts {
  readonly function: LambdaFunction;
  readonly mapping: EventSourceMapping;
  readonly deadLetters: Queue;
  readonly view: ConsumerView;
  /** With fanOut 'enhanced': what the function reads with. */
  readonly streamConsumer: StreamConsumer | undefined;

  constructor(scope: Construct, declared: Subscription<LogContract>, props: LogConsumerProps) {
    super(scope, declared.name);
    tagComponent(this, declared.name);
    const { log } = props;
    // Of the log as the stage has it.
    const subscription = { ...declared, to: log.contract };
    if (log.contract.name !== declared.to.name) {
      throw new Error(
        `subscription '${declared.name}' is declared on log '${declared.to.name}' but is wired to '${log.contract.name}'; pass the log it is declared with`,
      );
    }
    const enhanced = subscription.fanOut === 'enhanced' ? log.enhancedConsumer(this, subscription.name) : undefined;
    this.streamConsumer = enhanced;
    const parts = streamConsumer(this, subscription, props, {
      what: `log ${subscription.to.name}`,
      givesUp: props.givesUp ?? true,
      mapping: (options) =>
        enhanced === undefined ? logSource(log.stream, options) : enhancedLogSource(enhanced, options),
      lag: {
        retention: log.contract.retention,
        stream: "log's retention",
        whenSlow: "raise the log's retention now and its shards next",
        log: log.stream,
      },
    });
    this.function = parts.function;
    this.mapping = parts.mapping;
    this.deadLetters = parts.deadLetters;
    this.view = parts.view;
    log.claims?.grantFetch(this.function);
  }
}
