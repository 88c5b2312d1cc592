import type { Json } from '../json.ts';
import { booleanAt, isObject, listAt, textAt } from '../json.ts';
import { physicalName } from './names.ts';
import type { ResourceType } from './resource.ts';

/** Queue attributes by the property that sets them: the same names. */
const attributes = [
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'DelaySeconds',
  'FifoQueue',
  'FifoThroughputLimit',
  'KmsMasterKeyId',
  'KmsDataKeyReusePeriodSeconds',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds',
  'RedriveAllowPolicy',
  'RedrivePolicy',
  'SqsManagedSseEnabled',
  'VisibilityTimeout',
] as const;

const queue: ResourceType = {
  handled: [...attributes, 'QueueName'],
  harmless: ['Tags'],
  async create({ stackName, logicalId, properties, context }) {
    const suffix = booleanAt(properties, 'FifoQueue') ? '.fifo' : '';
    const QueueName = textAt(properties, 'QueueName') ?? physicalName(stackName, logicalId, { max: 80, suffix });
    const Attributes: Record<string, Json> = {};
    for (const name of attributes) {
      const value = properties[name];
      if (value !== undefined) Attributes[name] = isObject(value) ? JSON.stringify(value) : String(value);
    }
    const answer = await context.calls.json('sqs', 'CreateQueue', { QueueName, Attributes });
    const url = textAt(answer, 'QueueUrl') ?? '';
    return {
      physicalId: url,
      attributes: { Arn: `arn:aws:sqs:${context.region}:${context.accountId}:${QueueName}`, QueueName, QueueUrl: url },
    };
  },
};

const queuePolicy: ResourceType = {
  handled: ['PolicyDocument', 'Queues'],
  async create({ stackName, logicalId, properties, context }) {
    const Policy = JSON.stringify(properties.PolicyDocument ?? {});
    for (const url of listAt(properties, 'Queues'))
      await context.calls.json('sqs', 'SetQueueAttributes', { QueueUrl: url, Attributes: { Policy } });
    const id = physicalName(stackName, logicalId, { max: 128 });
    return { physicalId: id, attributes: { Id: id } };
  },
};

export const sqsTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::SQS::Queue': queue,
  'AWS::SQS::QueuePolicy': queuePolicy,
};
