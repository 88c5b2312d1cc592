import type { Json, JsonObject } from '../../json.ts';
import { booleanAt, isObject, listAt, numberAt, objectAt, textAt } from '../../json.ts';
import type { DeployedResource } from '../resources/deployed.ts';
import { physicalName } from '../resources/names.ts';
import type { ProvisionContext, ResourceType } from '../resources/resource.ts';
import { isThere } from './is-there.ts';

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

/** What an attribute is when the template no longer sets it; the others are then empty. */
const defaults: Readonly<Record<string, string>> = {
  ContentBasedDeduplication: 'false',
  DeduplicationScope: 'queue',
  DelaySeconds: '0',
  FifoThroughputLimit: 'perQueue',
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '345600',
  ReceiveMessageWaitTimeSeconds: '0',
  SqsManagedSseEnabled: 'true',
  VisibilityTimeout: '30',
};

const queue: ResourceType = {
  handled: [...attributes, 'QueueName'],
  harmless: ['Tags'],
  durable: true,
  replacedBy: ['FifoQueue', 'QueueName'],
  nameProperty: 'QueueName',
  isTaken: (QueueName, { calls }) => isThere(calls.json('sqs', 'GetQueueUrl', { QueueName }), 'QueueDoesNotExist'),
  async create({ stackName, logicalId, properties, context }) {
    const suffix = booleanAt(properties, 'FifoQueue') ? '.fifo' : '';
    const QueueName = textAt(properties, 'QueueName') ?? physicalName(stackName, logicalId, { max: 80, suffix });
    const Attributes = attributesIn(properties);
    const answer = await context.calls.json('sqs', 'CreateQueue', { QueueName, Attributes });
    const url = textAt(answer, 'QueueUrl') ?? '';
    return {
      physicalId: url,
      attributes: { Arn: `arn:aws:sqs:${context.region}:${context.accountId}:${QueueName}`, QueueName, QueueUrl: url },
    };
  },
  async update({ properties, context }, before) {
    const [old, wanted] = [attributesIn(before.properties), attributesIn(properties)];
    const Attributes: Record<string, Json> = {};
    for (const name of attributes) {
      if (old[name] !== wanted[name]) Attributes[name] = wanted[name] ?? defaults[name] ?? '';
    }
    await context.calls.json('sqs', 'SetQueueAttributes', { QueueUrl: before.physicalId, Attributes });
    return before;
  },
  remove: async ({ physicalId }, { calls }) => void (await calls.json('sqs', 'DeleteQueue', { QueueUrl: physicalId })),
  async contents({ physicalId }, { calls }) {
    const AttributeNames = ['', 'NotVisible', 'Delayed'].map((kind) => `ApproximateNumberOfMessages${kind}`);
    const answer = await calls.json('sqs', 'GetQueueAttributes', { QueueUrl: physicalId, AttributeNames });
    const values = objectAt(answer, 'Attributes');
    const count = AttributeNames.reduce((sum, name) => sum + (numberAt(values, name) ?? 0), 0);
    return count === 0 ? undefined : `${count} message${count === 1 ? '' : 's'}`;
  },
};

function attributesIn(properties: JsonObject): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of attributes) {
    const value = properties[name];
    if (value !== undefined) found[name] = isObject(value) ? JSON.stringify(value) : String(value);
  }
  return found;
}

const queuePolicy: ResourceType = {
  handled: ['PolicyDocument', 'Queues'],
  // It is kept as an attribute of its queues.
  durable: true,
  async create({ stackName, logicalId, properties, context }) {
    const Policy = JSON.stringify(properties.PolicyDocument ?? {});
    for (const url of listAt(properties, 'Queues'))
      await context.calls.json('sqs', 'SetQueueAttributes', { QueueUrl: url, Attributes: { Policy } });
    const id = physicalName(stackName, logicalId, { max: 128 });
    return { physicalId: id, attributes: { Id: id } };
  },
  async update(request, before) {
    await takePolicyFrom(before, request.properties, request.context);
    return queuePolicy.create(request);
  },
  remove: (resource, context) => takePolicyFrom(resource, {}, context),
};

/** Queues that a policy was for and is no longer for have none. */
async function takePolicyFrom({ properties }: DeployedResource, now: JsonObject, { calls }: ProvisionContext) {
  const still = listAt(now, 'Queues');
  for (const QueueUrl of listAt(properties, 'Queues')) {
    if (!still.includes(QueueUrl))
      await calls.json('sqs', 'SetQueueAttributes', { QueueUrl, Attributes: { Policy: '' } });
  }
}

export const sqsTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::SQS::Queue': queue,
  'AWS::SQS::QueuePolicy': queuePolicy,
};
