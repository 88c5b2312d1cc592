import { type KeyUse, keyUseOf } from '../policies/keys.ts';
import { isTrue, type Json, listOf, recordOf } from '../reading/json.ts';
import type { Resource, Resources } from '../reading/resources.ts';
import { displayName, type Queue } from './graph-stores.ts';

export interface Topic {
  readonly resource: Resource;
  readonly name: string;
  readonly fifo: boolean;
  readonly key: KeyUse;
  /** Policies of its own; without any, SNS lets in whoever belongs to the account, alarms included. */
  readonly policies: readonly Resource[];
}

export interface SubscriptionNode {
  readonly resource: Resource;
  readonly protocol: string;
  readonly topic: Topic | undefined;
  /** The subscribed queue. */
  readonly queue: Queue | undefined;
  readonly deadLetters: Queue | undefined;
  readonly hasDeadLetters: boolean;
  readonly filterPolicy: unknown;
  readonly properties: Json;
}

export const readTopics = (resources: Resources): readonly Topic[] =>
  resources.of('AWS::SNS::Topic').map((resource) => ({
    resource,
    name: displayName(resource),
    fifo: isTrue(resource.properties.FifoTopic),
    key: keyUseOf(resource.properties.KmsMasterKeyId, resource, resources),
    policies: resources
      .of('AWS::SNS::TopicPolicy')
      .filter((policy) =>
        listOf(policy.properties.Topics).some((topic) => resources.target(topic, policy) === resource),
      ),
  }));

export function readSubscriptions(
  resources: Resources,
  topics: readonly Topic[],
  queues: readonly Queue[],
): readonly SubscriptionNode[] {
  const find = <T extends { readonly resource: Resource }>(list: readonly T[], value: unknown, from: Resource) => {
    const target = resources.target(value, from);
    return list.find(({ resource }) => resource === target);
  };
  const apart = resources.of('AWS::SNS::Subscription').map((resource) => ({
    resource,
    topic: find(topics, resource.properties.TopicArn, resource),
    properties: resource.properties,
  }));
  // Subscriptions that a topic lists itself can have no dead letters and no filter.
  const within = topics.flatMap((topic) =>
    listOf(topic.resource.properties.Subscription).map((properties) => ({
      resource: topic.resource,
      topic,
      properties: recordOf(properties),
    })),
  );
  return [...apart, ...within].map(({ resource, topic, properties }): SubscriptionNode => {
    const queue = find(queues, properties.Endpoint, resource);
    const redrive = recordOf(properties.RedrivePolicy);
    return {
      resource,
      protocol: String(properties.Protocol),
      topic,
      queue,
      deadLetters: find(queues, redrive.deadLetterTargetArn, resource),
      hasDeadLetters: redrive.deadLetterTargetArn !== undefined,
      filterPolicy: properties.FilterPolicy,
      properties,
    };
  });
}
