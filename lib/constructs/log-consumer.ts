import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { KinesisEventSource, SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Log as LogContract } from '../contracts/channel.ts';
import { days } from '../contracts/duration.ts';
import { ENV } from '../contracts/environment.ts';
import { mappingRetriesOf, type Subscription } from '../contracts/subscription.ts';
import { ALARM_PERIOD } from './alarm-topic.ts';
import { deadLetterAlarm, deadLetterDepth, iteratorAgeAlarm } from './consumer-alarms.ts';
import type { EventLog } from './event-log.ts';
import { allow, cdkDuration, messagingFunction } from './messaging-function.ts';
import type { ConsumerProps, ConsumerView } from './queue-consumer.ts';
import { physicalName } from './stage.ts';
import { DEAD_LETTER_SUFFIX } from './work-queue.ts';

/** Dead letters of a log stay as long as a queue can keep them, to outlive most retentions. */
const DEAD_LETTER_RETENTION = days(14);

/** A subscription to a log, deployed: function, event source mapping with an end to its retries, dead letters, permissions and alarms. */
export class LogConsumer extends Construct {
  readonly function: LambdaFunction;
  /** Bodies that were rejected, and Lambda's notices of batches whose retries ran out. */
  readonly deadLetters: Queue;
  readonly view: ConsumerView;

  constructor(
    scope: Construct,
    subscription: Subscription<LogContract>,
    props: ConsumerProps & { readonly log: EventLog },
  ) {
    super(scope, subscription.name);
    const { log, inbox, alarms } = props;
    if (log.contract.name !== subscription.to.name) {
      throw new Error(
        `subscription '${subscription.name}' is declared on log '${subscription.to.name}' but is wired to '${log.contract.name}'; pass the log it is declared with`,
      );
    }
    this.deadLetters = new Queue(this, 'DeadLetters', {
      queueName: physicalName(this, `${subscription.name}${DEAD_LETTER_SUFFIX}`),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: cdkDuration(DEAD_LETTER_RETENTION),
    });
    this.function = messagingFunction(this, subscription.name, {
      code: props.code,
      description: `Consumes log ${subscription.to.name} (${subscription.guarantee})`,
      timeout: subscription.timeout,
      ...(props.memory === undefined ? {} : { memory: props.memory }),
      environment: { ...props.environment, [ENV.deadLetterQueue]: this.deadLetters.queueUrl },
    });
    allow(this.function, ['sqs:SendMessage'], [this.deadLetters.queueArn]);
    inbox.grant(this.function, subscription);
    log.claims?.grantFetch(this.function);
    this.function.addEventSource(
      new KinesisEventSource(log.stream, {
        startingPosition: StartingPosition.TRIM_HORIZON,
        batchSize: subscription.batchSize,
        // The default would retry forever and hold the shard meanwhile.
        retryAttempts: mappingRetriesOf(subscription),
        bisectBatchOnError: true,
        reportBatchItemFailures: true,
        onFailure: new SqsDlq(this.deadLetters),
        ...(subscription.batchWindow.seconds > 0 ? { maxBatchingWindow: cdkDuration(subscription.batchWindow) } : {}),
      }),
    );
    const lag = this.function.metric('IteratorAge', { period: ALARM_PERIOD, statistic: 'Maximum' });
    const lagAlarm = iteratorAgeAlarm(this, alarms, subscription.name, lag, log.contract.retention);
    this.view = {
      name: subscription.name,
      function: this.function,
      depth: undefined,
      lag,
      deadLetterDepth: deadLetterDepth(this.deadLetters),
      alarms: [deadLetterAlarm(this, alarms, subscription.name, this.deadLetters), lagAlarm],
      lagAlarm,
    };
  }
}
