import { at, type Json, listOf, numberOf, recordOf } from '../reading/json.ts';
import { nameOf, type Resource, type Resources } from '../reading/resources.ts';
import { functionOf, type Mapping } from './graph-mappings.ts';
import type { SubscriptionNode } from './graph-topics.ts';

/** An end of a delivery. */
export interface End {
  /** As it stands in the template. */
  readonly value: unknown;
  /** Undefined: not in these templates. */
  readonly resource: Resource | undefined;
  readonly property: string;
}

/** One way by which a service hands on messages: a relation, whatever resource declares it. */
export interface Delivery {
  readonly kind: 'subscription' | 'rule' | 'timed rule' | 'schedule' | 'pipe' | 'notification' | 'mapping' | 'function';
  /** The resource that declares it. */
  readonly resource: Resource;
  /** What people call it. */
  readonly name: string;
  /** Who sends when no role is named. */
  readonly service: string;
  /** The role that the target is reached with. @default the service itself, by the policy of the target */
  readonly role: unknown;
  /** @default it only says where failures go */
  readonly target: End | undefined;
  /** Where what cannot be delivered goes. @default it is dropped, or tried for ever */
  readonly deadLetters: End | undefined;
  /** Tries after the first, where it says so. */
  readonly retries?: number | undefined;
  /** Whether the role reaches the dead letters, too. */
  readonly deadLettersByRole: boolean;
}

/** Every delivery in some templates. */
export function readDeliveries(
  resources: Resources,
  mappings: readonly Mapping[],
  subscriptions: readonly SubscriptionNode[],
): readonly Delivery[] {
  const end = (from: Resource, property: string, value: unknown): End | undefined =>
    value === undefined
      ? undefined
      : { value, property, resource: functionOf(value, from, resources) ?? resources.target(value, from) };
  return [
    ...subscriptions.map(
      ({ resource, properties }): Delivery => ({
        ...sender(resource, 'subscription', 'sns.amazonaws.com'),
        target: end(resource, 'Endpoint', properties.Endpoint),
        deadLetters: end(
          resource,
          'RedrivePolicy.deadLetterTargetArn',
          recordOf(properties.RedrivePolicy).deadLetterTargetArn,
        ),
      }),
    ),
    ...resources.of('AWS::Events::Rule').flatMap((resource) =>
      listOf(resource.properties.Targets).map((target, i): Delivery => {
        const { Arn: arn, RoleArn: role, DeadLetterConfig: config } = recordOf(target);
        const kind = resource.properties.EventPattern === undefined ? 'timed rule' : 'rule';
        return {
          ...sender(resource, kind, 'events.amazonaws.com', role),
          retries: retriesOf(target),
          target: end(resource, `Targets.${i}.Arn`, arn),
          deadLetters: end(resource, `Targets.${i}.DeadLetterConfig`, recordOf(config).Arn),
        };
      }),
    ),
    ...resources.of('AWS::Scheduler::Schedule').map((resource): Delivery => {
      const { Arn: arn, RoleArn: role, DeadLetterConfig: config } = recordOf(resource.properties.Target);
      return {
        ...sender(resource, 'schedule', 'scheduler.amazonaws.com', role ?? NO_ROLE),
        retries: retriesOf(resource.properties.Target),
        target: end(resource, 'Target.Arn', arn),
        deadLetters: end(resource, 'Target.DeadLetterConfig', recordOf(config).Arn),
        deadLettersByRole: true,
      };
    }),
    ...resources.of('AWS::S3::Bucket', 'Custom::S3BucketNotifications').flatMap((resource) =>
      notificationsOf(resource.properties).map(
        ([property, value]): Delivery => ({
          ...sender(resource, 'notification', 's3.amazonaws.com'),
          target: end(resource, property, value),
          deadLetters: undefined,
        }),
      ),
    ),
    ...mappings.map(({ resource, by, fn, settings, prefix }): Delivery => {
      const { Target: target, RoleArn: role } = resource.properties;
      const config = at(settings, 'DestinationConfig', 'OnFailure', 'Destination');
      return by === 'pipe'
        ? {
            ...sender(resource, 'pipe', 'pipes.amazonaws.com', role ?? NO_ROLE),
            target: end(resource, 'Target', target),
            deadLetters: end(resource, `${prefix}DeadLetterConfig`, at(settings, 'DeadLetterConfig', 'Arn')),
            deadLettersByRole: true,
          }
        : {
            ...sender(resource, 'mapping', 'lambda.amazonaws.com', fn?.resource.properties.Role ?? NO_ROLE),
            target: end(resource, 'FunctionName', resource.properties.FunctionName),
            deadLetters: end(resource, 'DestinationConfig.OnFailure', config),
            deadLettersByRole: true,
          };
    }),
    ...resources.of('AWS::Lambda::Function', 'AWS::Lambda::EventInvokeConfig').flatMap((resource) => {
      const fn = resource.type === 'AWS::Lambda::Function' ? resource : undefined;
      const { DeadLetterConfig: own, DestinationConfig: config, FunctionName: name } = resource.properties;
      const role = (fn ?? functionOf(name, resource, resources))?.properties.Role ?? NO_ROLE;
      const by = sender(resource, 'function', 'lambda.amazonaws.com', role);
      const failed = at(config, 'OnFailure', 'Destination');
      return [
        { ...by, target: undefined, deadLetters: end(resource, 'DeadLetterConfig', at(own, 'TargetArn')) },
        { ...by, target: undefined, deadLetters: end(resource, 'DestinationConfig.OnFailure', failed) },
        {
          ...by,
          target: end(resource, 'DestinationConfig.OnSuccess', at(config, 'OnSuccess', 'Destination')),
          deadLetters: undefined,
        },
      ]
        .filter(({ target, deadLetters }) => target !== undefined || deadLetters !== undefined)
        .map((one): Delivery => ({ ...one, deadLettersByRole: true }));
    }),
  ];
}

const retriesOf = (target: unknown): number | undefined => {
  const retries = at(target, 'RetryPolicy', 'MaximumRetryAttempts');
  return retries === undefined ? undefined : numberOf(retries, 0);
};

/** A role that is needed and not known here: nothing is said of what it may. */
const NO_ROLE = { Ref: 'AWS::NoValue' } as const;

function sender(resource: Resource, kind: Delivery['kind'], service: string, role?: unknown) {
  const name = nameOf(resource) ?? resource.properties.Name;
  return {
    ...{ resource, kind, service, role, deadLettersByRole: false },
    name: typeof name === 'string' ? name : resource.path.replace(/\/Resource$/, ''),
  };
}

/** Where a bucket tells of its objects, as the bucket says it and as the CDK's custom resource does. */
const NOTIFICATIONS = {
  QueueConfigurations: ['Queue', 'QueueArn'],
  TopicConfigurations: ['Topic', 'TopicArn'],
  LambdaConfigurations: ['Function'],
  LambdaFunctionConfigurations: ['LambdaFunctionArn'],
} as const;

const notificationsOf = ({ NotificationConfiguration: configuration }: Json) =>
  Object.entries(NOTIFICATIONS).flatMap(([list, names]) =>
    listOf(recordOf(configuration)[list]).flatMap((one, i) =>
      names
        .map((name) => [`NotificationConfiguration.${list}.${i}.${name}`, recordOf(one)[name]] as const)
        .filter(([, value]) => value !== undefined),
    ),
  );
