import { membersOf, textIn } from '../../../formats/xml.ts';
import type { AwsCalls } from '../../call.ts';
import type { Json, JsonObject } from '../../json.ts';
import { booleanAt, isObject, listAt, textAt } from '../../json.ts';
import type { DeployedResource } from '../resources/deployed.ts';
import { physicalName } from '../resources/names.ts';
import type { ProvisionContext, ResourceRequest, ResourceType } from '../resources/resource.ts';
import { provisionError } from '../resources/resource.ts';
import { isThere } from './is-there.ts';

const VERSION = '2010-03-31';
const topicAttributes = [
  'ContentBasedDeduplication',
  'DisplayName',
  'FifoThroughputScope',
  'FifoTopic',
  'KmsMasterKeyId',
  'SignatureVersion',
  'TracingConfig',
];
/** What an attribute is when the template no longer sets it; the others are then gone. */
const defaults: Readonly<Record<string, string>> = { ContentBasedDeduplication: 'false' };
const subscriptionAttributes = [
  'DeliveryPolicy',
  // Before the policy, which is checked against it.
  'FilterPolicyScope',
  'FilterPolicy',
  'RawMessageDelivery',
  'RedrivePolicy',
];

const topic: ResourceType = {
  handled: [...topicAttributes, 'TopicName', 'Subscription'],
  harmless: ['Tags', 'DeliveryStatusLogging', 'DataProtectionPolicy'],
  refused: { ArchivePolicy: 'message archives and their replay are not run' },
  durable: true,
  replacedBy: ['FifoTopic', 'TopicName'],
  nameProperty: 'TopicName',
  isTaken(name, { calls, region, accountId }) {
    const parameters = { TopicArn: `arn:aws:sns:${region}:${accountId}:${name}` };
    return isThere(calls.query('sns', 'GetTopicAttributes', VERSION, parameters), 'NotFound');
  },
  async create(request) {
    const { stackName, logicalId, properties, context } = request;
    const suffix = booleanAt(properties, 'FifoTopic') ? '.fifo' : '';
    const Name = textAt(properties, 'TopicName') ?? physicalName(stackName, logicalId, { max: 256, suffix });
    const parameters = { Name, ...entries(properties, topicAttributes) };
    const arn = textIn(await context.calls.query('sns', 'CreateTopic', VERSION, parameters), 'TopicArn');
    for (const inline of listAt(properties, 'Subscription'))
      await subscribe({ ...(isObject(inline) ? inline : {}), TopicArn: arn }, request);
    return { physicalId: arn, attributes: { TopicArn: arn, TopicName: Name } };
  },
  async update(request, before) {
    const TopicArn = before.physicalId;
    await setAttributes('Topic', { TopicArn }, topicAttributes, request, before);
    const [old, wanted] = [inlineSubscriptions(before.properties), inlineSubscriptions(request.properties)];
    const { calls } = request.context;
    for (const [key] of old) if (!wanted.has(key)) await unsubscribe(TopicArn, key, calls);
    for (const [key, inline] of wanted) if (!old.has(key)) await subscribe({ ...inline, TopicArn }, request);
    return before;
  },
  remove: async ({ physicalId }, { calls }) =>
    void (await calls.query('sns', 'DeleteTopic', VERSION, { TopicArn: physicalId })),
};

/** Subscriptions in a topic's properties, by endpoint. */
const inlineSubscriptions = (properties: JsonObject): Map<string, JsonObject> =>
  new Map(
    listAt(properties, 'Subscription')
      .filter(isObject)
      .map((inline) => [textAt(inline, 'Endpoint') ?? '', inline]),
  );

async function unsubscribe(TopicArn: string, endpoint: string, calls: AwsCalls): Promise<void> {
  let page: Readonly<Record<string, string>> = { TopicArn };
  for (;;) {
    const answer = await calls.query('sns', 'ListSubscriptionsByTopic', VERSION, page);
    for (const { SubscriptionArn = '', Endpoint } of membersOf(answer, 'Subscriptions'))
      if (Endpoint === endpoint) await calls.query('sns', 'Unsubscribe', VERSION, { SubscriptionArn });
    const NextToken = textIn(answer, 'NextToken');
    if (NextToken === '') return;
    page = { TopicArn, NextToken };
  }
}

/** Sets the attributes that have changed, one by one. */
async function setAttributes(
  kind: 'Topic' | 'Subscription',
  target: Readonly<Record<string, string>>,
  names: readonly string[],
  { properties, context }: ResourceRequest,
  before: DeployedResource,
): Promise<void> {
  for (const AttributeName of names) {
    const AttributeValue = asAttribute(properties[AttributeName]);
    if (AttributeValue === asAttribute(before.properties[AttributeName])) continue;
    const parameters = { ...target, AttributeName, AttributeValue: AttributeValue ?? defaults[AttributeName] ?? '' };
    await context.calls.query('sns', `Set${kind}Attributes`, VERSION, parameters);
  }
}

const asAttribute = (value: Json | undefined): string | undefined =>
  value === undefined ? undefined : typeof value === 'object' ? JSON.stringify(value) : String(value);

const topicPolicy: ResourceType = {
  handled: ['PolicyDocument', 'Topics'],
  // It is kept as an attribute of its topics.
  durable: true,
  async create({ stackName, logicalId, properties, context }) {
    const AttributeValue = JSON.stringify(properties.PolicyDocument ?? {});
    for (const arn of listAt(properties, 'Topics')) {
      await context.calls.query('sns', 'SetTopicAttributes', VERSION, {
        TopicArn: String(arn),
        AttributeName: 'Policy',
        AttributeValue,
      });
    }
    const id = physicalName(stackName, logicalId, { max: 128 });
    return { physicalId: id, attributes: { Id: id } };
  },
  async update(request, before) {
    await takePolicyFrom(before, request.properties, request.context);
    return topicPolicy.create(request);
  },
  remove: (resource, context) => takePolicyFrom(resource, {}, context),
};

/** Topics that a policy was for and is no longer for have the default policy again. */
async function takePolicyFrom({ properties }: DeployedResource, now: JsonObject, { calls }: ProvisionContext) {
  const still = listAt(now, 'Topics');
  for (const topicArn of listAt(properties, 'Topics')) {
    if (still.includes(topicArn)) continue;
    const parameters = { TopicArn: String(topicArn), AttributeName: 'Policy', AttributeValue: '' };
    await calls.query('sns', 'SetTopicAttributes', VERSION, parameters);
  }
}

const subscription: ResourceType = {
  handled: [...subscriptionAttributes, 'Endpoint', 'Protocol', 'TopicArn'],
  harmless: ['Region'],
  refused: {
    ReplayPolicy: 'message archives and their replay are not run',
    SubscriptionRoleArn: 'delivery to Firehose is not run',
  },
  durable: true,
  replacedBy: ['Endpoint', 'Protocol', 'TopicArn'],
  async create(request) {
    const arn = await subscribe(request.properties, request);
    return { physicalId: arn, attributes: { Arn: arn } };
  },
  async update(request, before) {
    const target = { SubscriptionArn: before.physicalId };
    if (isSent(before)) await setAttributes('Subscription', target, subscriptionAttributes, request, before);
    return before;
  },
  async remove(resource, { calls }) {
    if (isSent(resource)) await calls.query('sns', 'Unsubscribe', VERSION, { SubscriptionArn: resource.physicalId });
  },
};

/** Protocols whose messages leave the account: accepted, but nothing is sent from here. */
const notSent = new Set(['email', 'email-json', 'sms', 'http', 'https', 'application']);

const isSent = ({ properties }: DeployedResource): boolean => !notSent.has(textAt(properties, 'Protocol') ?? '');

async function subscribe(
  properties: JsonObject,
  where: { stackName: string; logicalId: string; type: string; context: ProvisionContext },
): Promise<string> {
  const protocol = textAt(properties, 'Protocol') ?? '';
  const TopicArn = textAt(properties, 'TopicArn') ?? '';
  if (notSent.has(protocol)) {
    where.context.notice(`AWS::SNS::Subscription with protocol ${protocol}: nothing is sent outside this machine.`);
    return `${TopicArn}:${physicalName(where.stackName, where.logicalId, { max: 64 })}`;
  }
  if (protocol !== 'sqs' && protocol !== 'lambda') {
    throw provisionError(
      where,
      `subscriptions with protocol "${protocol}" are not supported by the engine; subscribe a queue or a function.`,
    );
  }
  const answer = await where.context.calls.query('sns', 'Subscribe', VERSION, {
    TopicArn,
    Protocol: protocol,
    Endpoint: textAt(properties, 'Endpoint') ?? '',
    ReturnSubscriptionArn: 'true',
    ...entries(properties, subscriptionAttributes),
  });
  return textIn(answer, 'SubscriptionArn');
}

function entries(properties: JsonObject, names: readonly string[]): Record<string, string> {
  const result: Record<string, string> = {};
  const present = names.filter((name) => properties[name] !== undefined);
  for (const [index, name] of present.entries()) {
    result[`Attributes.entry.${index + 1}.key`] = name;
    result[`Attributes.entry.${index + 1}.value`] = asAttribute(properties[name]) ?? '';
  }
  return result;
}

export const snsTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::SNS::Topic': topic,
  'AWS::SNS::TopicPolicy': topicPolicy,
  'AWS::SNS::Subscription': subscription,
};
