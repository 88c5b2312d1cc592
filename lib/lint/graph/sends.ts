import { allowsOn, allowsPrincipal, allowsService } from '../policies/policies.ts';
import { policiesOf } from '../policies/roles.ts';
import { textOf } from '../reading/intrinsics.ts';
import { listOf } from '../reading/json.ts';
import type { Resource, Resources } from '../reading/resources.ts';
import type { Graph } from './graph.ts';
import type { Delivery, End } from './graph-deliveries.ts';
import type { Queue } from './graph-stores.ts';
import type { Topic } from './graph-topics.ts';

/** Somebody who sends to a queue or a topic of these templates: what a delivery is for, or what it gives up. */
export interface Send {
  readonly delivery: Delivery;
  readonly end: End;
  readonly to: Queue | Topic;
  /** Whether it is where failures go. */
  readonly isDeadLetters: boolean;
  /** @default the service sends by itself */
  readonly role: unknown;
}

export const sendsOf = ({ deliveries, queues, topics }: Graph): readonly Send[] => {
  const stores = new Map<Resource, Queue | Topic>([...queues, ...topics].map((one) => [one.resource, one]));
  return deliveries.flatMap((delivery) => {
    const { target, deadLetters, role, deadLettersByRole } = delivery;
    const ends = [
      { end: target, isDeadLetters: false, role },
      { end: deadLetters, isDeadLetters: true, role: deadLettersByRole ? role : undefined },
    ];
    return ends.flatMap(({ end, ...rest }): Send[] => {
      const to = end?.resource === undefined ? undefined : stores.get(end.resource);
      return end === undefined || to === undefined ? [] : [{ ...rest, delivery, end, to }];
    });
  });
};

const ENCRYPT = ['kms:GenerateDataKey', 'kms:Decrypt'];
const SEND = { 'AWS::SQS::Queue': 'sqs:SendMessage', 'AWS::SNS::Topic': 'sns:Publish' } as const;

const actionOn = ({ type }: Resource): string => (type === 'AWS::SNS::Topic' ? SEND[type] : SEND['AWS::SQS::Queue']);

/** Policies of a queue or a topic, and those of which nobody can tell before deployment whose they are. */
function policiesOn(store: Resource, resources: Resources): readonly Resource[] {
  const isQueue = store.type === 'AWS::SQS::Queue';
  const [types, name] = isQueue
    ? [['AWS::SQS::QueuePolicy', 'AWS::SQS::QueueInlinePolicy'], 'Queue']
    : [['AWS::SNS::TopicPolicy', 'AWS::SNS::TopicInlinePolicy'], 'Topic'];
  return resources.of(...types).filter((policy) => {
    const of = [...listOf(policy.properties[`${name}s`]), ...listOf(policy.properties[`${name}Arn`])];
    return [...of, ...listOf(policy.properties[name])].some((one) => {
      const found = resources.target(one, policy);
      return found === store || (found === undefined && typeof one !== 'string');
    });
  });
}

/** Whether the policy of a queue or topic lets somebody send. Who sends by a role of the account needs none. */
export const isLetIn = ({ delivery, to, role }: Send, { resources }: Graph): boolean =>
  role !== undefined ||
  policiesOn(to.resource, resources).some(({ properties }) =>
    allowsService(properties.PolicyDocument, delivery.service, [actionOn(to.resource)]),
  );

/**
 * Why somebody cannot encrypt for a queue or topic; undefined when they can, or when nobody can tell. The key that AWS manages for SQS and SNS
 * lets in whoever of the account may use them, which roles are and services are not.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
 */
export function closedKeyOf({ delivery, to, role }: Send, { resources }: Graph): string | undefined {
  const { key } = to;
  if (role === undefined && key.kind === 'aws') return key.alias;
  if (key.kind !== 'customer') return undefined;
  const { path, properties } = key.key;
  if (role === undefined)
    return allowsService(properties.KeyPolicy, delivery.service, ENCRYPT)
      ? undefined
      : `key '${path}', whose policy does not name ${delivery.service}`;
  const sender = resources.target(role, delivery.resource);
  const own = policiesOf(sender, resources);
  if (sender === undefined || own === undefined) return undefined;
  const isSender = (arn: unknown) => {
    const found = resources.target(arn, key.key);
    return found === sender || (found === undefined && textOf(arn)?.endsWith(':root') !== true);
  };
  const isKey = (arn: unknown) => {
    const found = resources.target(arn, sender);
    return found === undefined || found === key.key || found.type === 'AWS::KMS::Alias';
  };
  return allowsPrincipal(properties.KeyPolicy, isSender, ENCRYPT) ||
    own.some((document) => allowsOn(document, ENCRYPT, isKey))
    ? undefined
    : `key '${path}', which neither its policy nor those of role '${sender.path}' let it use`;
}
