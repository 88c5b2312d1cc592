import { errorResponse } from '../endpoint-errors.ts';
import { formParameters } from '../endpoint-request.ts';
import type { ServiceHandler, ServiceRequest, ServiceResponse } from '../service.ts';
import type { State } from '../state/state.ts';
import { type Fauxqs, SNS_OPERATIONS } from './fauxqs.ts';
import { type Access, policyRefusal } from './resource-policies.ts';
import { createTopicDeduplication } from './topic-deduplication.ts';

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
 * fauxqs' SNS plus: FIFO topics deduplicate before they fan out (so standard queues get no duplicates either) and answer a
 * sequence number; standard topics refuse FIFO queues; all topic attributes that CDK sets are accepted.
 */
export function createSns(fauxqs: Fauxqs, access: Pick<Access, 'problemIn'>, state?: State): ServiceHandler {
  const { snsStore } = fauxqs;
  const deduplication = createTopicDeduplication(state);
  const send = ({ headers }: ServiceRequest, body: Parameters) =>
    fauxqs.delivery.publish(body.TopicArn ?? '', () => fauxqs.callSns({ headers, body }));

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
      return fauxqs.callSns({ headers: request.headers, body: parameters });
    },
    async SetTopicAttributes(request, parameters) {
      const topic = snsStore.getTopic(parameters.TopicArn ?? '');
      const { AttributeName = '', AttributeValue = '' } = parameters;
      const policy = AttributeName === 'Policy' ? AttributeValue : undefined;
      const refusal = policyRefusal('sns', 'InvalidParameter', policy, access);
      if (refusal !== undefined) return refusal;
      if (topic === undefined || !LATE_TOPIC_ATTRIBUTES.has(AttributeName)) {
        return fauxqs.callSns({ headers: request.headers, body: parameters });
      }
      topic.attributes[AttributeName] = AttributeValue;
      // The answer is that of an attribute fauxqs knows.
      const harmless = {
        ...parameters,
        AttributeName: 'DisplayName',
        AttributeValue: topic.attributes.DisplayName ?? '',
      };
      return fauxqs.callSns({ headers: request.headers, body: harmless });
    },
    async Publish(request, parameters) {
      const topic = snsStore.getTopic(parameters.TopicArn ?? '');
      const publish = () => send(request, parameters);
      return topic?.attributes.FifoTopic === 'true' ? deduplication.publish(topic, parameters, publish) : publish();
    },
    async PublishBatch(request, parameters) {
      const topic = snsStore.getTopic(parameters.TopicArn ?? '');
      const publish = (body: Parameters) => send(request, body);
      return topic?.attributes.FifoTopic === 'true'
        ? deduplication.publishBatch(topic, parameters, publish)
        : publish(parameters);
    },
  };

  return async (request) => {
    const operation = request.operation ?? '';
    if (!(SNS_OPERATIONS as readonly string[]).includes(operation)) {
      const message = `sns: operation ${operation} is not available in the engine; available: ${SNS_OPERATIONS.join(', ')}`;
      return errorResponse('sns', { status: 400, code: 'UnknownOperationException', message });
    }
    const parameters = Object.fromEntries(formParameters(request.body));
    const own = operations[operation];
    return own === undefined
      ? fauxqs.callSns({ headers: request.headers, body: parameters })
      : own(request, parameters);
  };
}
