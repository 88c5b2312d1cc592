import { errorResponse } from '../../endpoint-errors.ts';
import { formParameters } from '../../endpoint-request.ts';
import type { ServiceHandler, ServiceRequest, ServiceResponse } from '../../service.ts';
import { type Fauxqs, SNS_OPERATIONS } from '../fauxqs/fauxqs.ts';
import type { SnsStore } from '../messages/fauxqs-types.ts';
import { compilePolicy, FilterPolicyError } from '../messages/filter-policy.ts';
import { type Access, policyRefusal } from '../resource-policies.ts';
import type { createPublishing } from './publishing.ts';

type Parameters = Record<string, string>;

/** Topic attributes that AWS lets one change and fauxqs refuses; they change nothing here but are kept. */
const LATE_TOPIC_ATTRIBUTES = new Set([
  'FifoThroughputScope',
  'ArchivePolicy',
  'DataProtectionPolicy',
  ...['SQS', 'Lambda', 'HTTP', 'Firehose', 'Application'].flatMap((target) => [
    `${target}SuccessFeedbackRoleArn`,
    `${target}FailureFeedbackRoleArn`,
    `${target}SuccessFeedbackSampleRate`,
  ]),
]);

/**
 * fauxqs' SNS, with publications of our own, plus: standard topics refuse FIFO queues; functions are subscribers; all topic attributes that CDK
 * sets are accepted.
 */
export function createSns(
  fauxqs: Fauxqs,
  access: Pick<Access, 'problemIn'>,
  { publish, publishBatch }: ReturnType<typeof createPublishing>,
): ServiceHandler {
  const { snsStore } = fauxqs;
  const operations: Readonly<
    Record<string, (request: ServiceRequest, parameters: Parameters) => Promise<ServiceResponse>>
  > = {
    async Subscribe(request, parameters) {
      const topic = snsStore.getTopic(parameters.TopicArn ?? '');
      const isFifoQueue = parameters.Protocol === 'sqs' && parameters.Endpoint?.endsWith('.fifo');
      if (topic !== undefined && topic.attributes.FifoTopic !== 'true' && isFifoQueue) {
        const message =
          'Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics';
        return errorResponse('sns', { status: 400, code: 'InvalidParameter', message });
      }
      if (topic?.attributes.FifoTopic === 'true' && parameters.Protocol === 'lambda') {
        const message =
          'Invalid parameter: Invalid parameter: Endpoint Reason: functions can not be subscribed to FIFO topics; subscribe a queue';
        return errorResponse('sns', { status: 400, code: 'InvalidParameter', message });
      }
      const problem = policyProblem(subscriptionAttributes(parameters));
      if (problem !== undefined) return problem;
      const response = await fauxqs.callSns({ headers: request.headers, body: parameters });
      if (parameters.Protocol === 'lambda') confirm(snsStore, parameters);
      return response;
    },
    async SetSubscriptionAttributes(request, parameters) {
      const { SubscriptionArn = '', AttributeName = '', AttributeValue = '' } = parameters;
      const attributes = { ...snsStore.getSubscription(SubscriptionArn)?.attributes, [AttributeName]: AttributeValue };
      const problem = AttributeName === 'FilterPolicy' ? policyProblem(attributes) : undefined;
      return problem ?? fauxqs.callSns({ headers: request.headers, body: parameters });
    },
    async SetTopicAttributes(request, parameters) {
      const topic = snsStore.getTopic(parameters.TopicArn ?? '');
      const { AttributeName = '', AttributeValue = '' } = parameters;
      const policy = AttributeName === 'Policy' ? AttributeValue : undefined;
      const refusal = policyRefusal('sns', 'InvalidParameter', policy, access);
      if (refusal !== undefined) return refusal;
      // What is set to nothing is gone, as on AWS.
      const isGoing = AttributeValue === '' && topic !== undefined && Object.hasOwn(topic.attributes, AttributeName);
      if (topic === undefined || !(isGoing || LATE_TOPIC_ATTRIBUTES.has(AttributeName))) {
        return fauxqs.callSns({ headers: request.headers, body: parameters });
      }
      if (isGoing) delete topic.attributes[AttributeName];
      else topic.attributes[AttributeName] = AttributeValue;
      // The answer is that of an attribute fauxqs knows.
      const harmless = {
        ...parameters,
        AttributeName: 'DisplayName',
        AttributeValue: topic.attributes.DisplayName ?? '',
      };
      return fauxqs.callSns({ headers: request.headers, body: harmless });
    },
    Publish: async ({ body }) => publish(formParameters(body)),
    PublishBatch: async ({ body }) => publishBatch(formParameters(body)),
  };

  const available = [...new Set([...SNS_OPERATIONS, ...Object.keys(operations)])];

  return async (request) => {
    const operation = request.operation ?? '';
    if (!available.includes(operation)) {
      const message = `sns: operation ${operation} is not available in the engine; available: ${available.join(', ')}`;
      return errorResponse('sns', { status: 400, code: 'UnknownOperationException', message });
    }
    const parameters = Object.fromEntries(formParameters(request.body));
    const own = operations[operation];
    return own === undefined
      ? fauxqs.callSns({ headers: request.headers, body: parameters })
      : own(request, parameters);
  };
}

/** Why a subscription's filter policy is refused, among the attributes of a call; undefined when it is not. */
function policyProblem({ FilterPolicy, FilterPolicyScope }: Parameters): ServiceResponse | undefined {
  if (!FilterPolicy) return undefined;
  try {
    compilePolicy(FilterPolicy, FilterPolicyScope);
    return undefined;
  } catch (error) {
    if (!(error instanceof FilterPolicyError)) throw error;
    const message = `Invalid parameter: FilterPolicy: ${error.message}`;
    return errorResponse('sns', { status: 400, code: 'InvalidParameter', message });
  }
}

/** The attributes that a Subscribe gives. */
function subscriptionAttributes(parameters: Parameters): Parameters {
  const attributes: Parameters = {};
  for (let number = 1; parameters[`Attributes.entry.${number}.key`] !== undefined; number++)
    attributes[parameters[`Attributes.entry.${number}.key`] ?? ''] =
      parameters[`Attributes.entry.${number}.value`] ?? '';
  return attributes;
}

/** Functions confirm nothing; fauxqs would wait for it. */
function confirm(snsStore: SnsStore, { TopicArn = '', Endpoint }: Parameters): void {
  const arns = snsStore.getTopic(TopicArn)?.subscriptionArns ?? [];
  const subscription = arns.map((arn) => snsStore.getSubscription(arn)).find((one) => one?.endpoint === Endpoint);
  if (subscription === undefined) return;
  subscription.confirmed = true;
  snsStore.persistence?.updateSubscriptionAttributes(subscription.arn, subscription.attributes);
}
