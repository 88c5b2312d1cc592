import { Queue, QueueEncryption, type QueuePolicy, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Duration } from '../../contracts/declaring/duration.ts';
import { cdkDuration } from '../functions/messaging-function.ts';
import { idByName } from '../stages/logical-ids.ts';
import { physicalName, removalPolicyOf } from '../stages/stage.ts';

/** Suffix that tells dead-letter queues in names, alarms and dashboards. */
export const DEAD_LETTER_SUFFIX = '-dead-letters';

/**
 * An SQS queue as all of them are here: encrypted by SQS itself, because SNS cannot deliver under alias/aws/sqs; TLS only; kept with its messages where the
 * stage keeps its data, because a message that waits is work that is not done.
 * @param name without the stack's, and without `.fifo`
 */
export const messageQueue = (
  scope: Construct,
  id: string,
  { name, fifo, retention, ...more }: { name: string; fifo: boolean; retention: Duration } & Omit<QueueProps, 'fifo'>,
): Queue => {
  const queue = new Queue(scope, id, {
    queueName: physicalName(scope, name) + (fifo ? '.fifo' : ''),
    ...(fifo ? { fifo } : {}),
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: cdkDuration(retention),
    removalPolicy: removalPolicyOf(scope),
    ...more,
  });
  // Without its policy a queue that is kept would take plain HTTP.
  (queue.node.findChild('Policy') as QueuePolicy).applyRemovalPolicy(removalPolicyOf(scope));
  return idByName(queue, name);
};

/** A standard queue for what a stream's consumer, a relay or a schedule gives up. */
export const deadLetterQueue = (scope: Construct, id: string, name: string, retention: Duration): Queue =>
  messageQueue(scope, id, { name: `${name}${DEAD_LETTER_SUFFIX}`, fifo: false, retention });
