import { serviceOfArn } from '../formats/arn.ts';
import type { Metrics } from './cloudwatch/metrics/metrics.ts';
import type { RequestMeter } from './cloudwatch/service-metrics/request-meter.ts';
import { createTopicMeter } from './cloudwatch/service-metrics/sns-metrics.ts';
import { levelsOf, meterQueues } from './cloudwatch/service-metrics/sqs-metrics.ts';
import type { Protection } from './iam.ts';
import { loadFauxqs } from './messaging/fauxqs/fauxqs.ts';
import type { HoldBack } from './messaging/fauxqs/hold-back.ts';
import { createDelivery, type NotifyFunction } from './messaging/messages/delivery.ts';
import type { Access } from './messaging/resource-policies.ts';
import { createS3 } from './messaging/s3.ts';
import { createPublishing } from './messaging/sns/publishing.ts';
import { createSns } from './messaging/sns/sns.ts';
import { createQueueOperations } from './messaging/sqs/queue-operations.ts';
import { createSqs } from './messaging/sqs/sqs.ts';
import { createSts } from './messaging/sts.ts';
import type { ServiceHandler } from './service.ts';
import type { State } from './state/state.ts';

/** How full a queue is. */
export interface QueueDepth {
  readonly name: string;
  readonly arn: string;
  /** Messages that can be received, or can be soon. */
  readonly waiting: number;
  /** Messages that somebody has received and not deleted. */
  readonly inFlight: number;
  /** JSON text of its redrive policy. */
  readonly redrivePolicy: string | undefined;
}

/** SQS, SNS, S3 and STS as handlers of the endpoint, by signing name. */
export interface Messaging {
  readonly handlers: Readonly<Record<'sqs' | 'sns' | 's3' | 'sts', ServiceHandler>>;
  /** Counts the calls to queues. */
  readonly queueMeter: RequestMeter;
  /** How full the queues are. */
  depths(): readonly QueueDepth[];
  /** Policy and key of a queue or topic, by ARN; undefined when there is none. */
  protectionOf(arn: string): Protection | undefined;
  close(): Promise<void>;
}

export interface MessagingOptions {
  readonly region: string;
  readonly account: string;
  /** Divides long waits: retention of messages, the time between purges. Default 1. */
  readonly timeScale?: number | undefined;
  /** Keeps queues, topics and buckets over a restart. */
  readonly state?: State | undefined;
  readonly access: Access;
  /** How long a message of a standard queue waits before it can be received, in milliseconds. */
  readonly holdBack: HoldBack;
  /** How topics reach functions. */
  readonly notify: NotifyFunction;
  readonly metrics: Metrics;
}

/**
 * fauxqs inside this process, without a socket of its own, behind thin layers that add what AWS does and fauxqs does not.
 */
export async function startMessaging(options: MessagingOptions): Promise<Messaging> {
  const { region, account, access, holdBack, notify, state, metrics, timeScale = 1 } = options;
  const fauxqs = await loadFauxqs(region, { holdBack, state });
  const queueMeter = meterQueues(fauxqs.sqsStore, metrics);
  const deliver = createDelivery(fauxqs, access.maySend, notify);
  const publishing = createPublishing(fauxqs.snsStore, deliver, createTopicMeter(metrics), state);
  const queues = createQueueOperations(fauxqs, timeScale);
  return {
    handlers: {
      sqs: createSqs(fauxqs, access, queues.operations, { state, timeScale }),
      sns: createSns(fauxqs, access, publishing),
      s3: createS3(fauxqs, access, state),
      sts: createSts(account),
    },
    queueMeter,
    depths: () =>
      [...fauxqs.sqsStore.allQueues()].map((queue) => {
        const { visible, inFlight, delayed } = levelsOf(queue);
        const redrivePolicy = queue.attributes.RedrivePolicy;
        return { name: queue.name, arn: queue.arn, waiting: visible + delayed, inFlight, redrivePolicy };
      }),
    protectionOf(arn) {
      const attributes =
        serviceOfArn(arn) === 'sqs'
          ? fauxqs.sqsStore.getQueueByArn(arn)?.attributes
          : fauxqs.snsStore.getTopic(arn)?.attributes;
      return attributes && { policy: attributes.Policy, key: attributes.KmsMasterKeyId };
    },
    close() {
      queues.close();
      return fauxqs.close();
    },
  };
}
