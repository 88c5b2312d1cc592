import type { JsonObject } from '../json.ts';
import { booleanAt, isObject, listAt, textAt } from '../json.ts';
import { physicalName } from './names.ts';
import type { ProvisionContext, ResourceType } from './resource.ts';
import { provisionError } from './resource.ts';

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
const subscriptionAttributes = [
  'DeliveryPolicy',
  'FilterPolicy',
  'FilterPolicyScope',
  'RawMessageDelivery',
  'RedrivePolicy',
];

const topic: ResourceType = {
  handled: [...topicAttributes, 'TopicName', 'Subscription'],
  harmless: ['Tags', 'DeliveryStatusLogging', 'DataProtectionPolicy'],
  refused: { ArchivePolicy: 'message archives and their replay are not run' },
  async create(request) {
    const { stackName, logicalId, properties, context } = request;
    const suffix = booleanAt(properties, 'FifoTopic') ? '.fifo' : '';
    const Name = textAt(properties, 'TopicName') ?? physicalName(stackName, logicalId, { max: 256, suffix });
    const xml = await context.calls.query('sns', 'CreateTopic', VERSION, {
      Name,
      ...entries(properties, topicAttributes),
    });
    const arn =
      /<TopicArn>([^<]+)<\/TopicArn>/.exec(xml)?.[1] ?? `arn:aws:sns:${context.region}:${context.accountId}:${Name}`;
    for (const inline of listAt(properties, 'Subscription'))
      await subscribe({ ...(isObject(inline) ? inline : {}), TopicArn: arn }, request);
    return { physicalId: arn, attributes: { TopicArn: arn, TopicName: Name } };
  },
};

const topicPolicy: ResourceType = {
  handled: ['PolicyDocument', 'Topics'],
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
};

const subscription: ResourceType = {
  handled: [...subscriptionAttributes, 'Endpoint', 'Protocol', 'TopicArn'],
  harmless: ['Region'],
  refused: {
    ReplayPolicy: 'message archives and their replay are not run',
    SubscriptionRoleArn: 'delivery to Firehose is not run',
  },
  async create(request) {
    const arn = await subscribe(request.properties, request);
    return { physicalId: arn, attributes: { Arn: arn } };
  },
};

/** Protocols whose messages leave the account: accepted, but nothing is sent from here. */
const notSent = new Set(['email', 'email-json', 'sms', 'http', 'https', 'application']);

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
  if (protocol !== 'sqs') {
    throw provisionError(
      where,
      `subscriptions with protocol "${protocol}" are not supported by the engine. Subscribe a queue and let it feed the function.`,
    );
  }
  const xml = await where.context.calls.query('sns', 'Subscribe', VERSION, {
    TopicArn,
    Protocol: protocol,
    Endpoint: textAt(properties, 'Endpoint') ?? '',
    ReturnSubscriptionArn: 'true',
    ...entries(properties, subscriptionAttributes),
  });
  return /<SubscriptionArn>([^<]+)<\/SubscriptionArn>/.exec(xml)?.[1] ?? '';
}

function entries(properties: JsonObject, names: readonly string[]): Record<string, string> {
  const result: Record<string, string> = {};
  const present = names.filter((name) => properties[name] !== undefined);
  for (const [index, name] of present.entries()) {
    const value = properties[name];
    result[`Attributes.entry.${index + 1}.key`] = name;
    result[`Attributes.entry.${index + 1}.value`] = typeof value === 'object' ? JSON.stringify(value) : String(value);
  }
  return result;
}

export const snsTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::SNS::Topic': topic,
  'AWS::SNS::TopicPolicy': topicPolicy,
  'AWS::SNS::Subscription': subscription,
};
