import { randomUUID } from 'node:crypto';
import { nestedParameters, queryAnswer } from '../../cloudwatch/protocol/query-protocol.ts';
import type { TopicMeter } from '../../cloudwatch/service-metrics/sns-metrics.ts';
import { errorResponse } from '../../endpoint-errors.ts';
import type { JsonObject } from '../../json.ts';
import { isObject, listAt, textAt } from '../../json.ts';
import type { ServiceResponse } from '../../service.ts';
import type { State } from '../../state/state.ts';
import type { createDelivery } from '../messages/delivery.ts';
import type { SnsStore } from '../messages/fauxqs-types.ts';
import { type Entry, entryOf } from '../messages/publication.ts';
import { batchProblem, entryProblem, type SnsRefusal } from './publication-checks.ts';
import { createTopicDeduplication, deduplicationIdOf } from './topic-deduplication.ts';

type Topic = NonNullable<ReturnType<SnsStore['getTopic']>>;
type Publish = (parameters: URLSearchParams) => ServiceResponse;

const NAMESPACE = 'http://sns.amazonaws.com/doc/2010-03-31/';

/**
 * Publish and PublishBatch in place of fauxqs' own, which count binary attributes as base64, take any character and look into no list of a
 * body's filter. FIFO topics deduplicate before they fan out, so that standard queues get no duplicates either.
 */
export function createPublishing(
  snsStore: SnsStore,
  deliver: ReturnType<typeof createDelivery>,
  meter: TopicMeter,
  state?: State,
): { readonly publish: Publish; readonly publishBatch: Publish } {
  const numbered = createTopicDeduplication(state);

  function fanOut(topic: Topic, entry: Entry): string {
    const messageId = randomUUID();
    meter.published(topic.name, Buffer.byteLength(entry.message));
    for (const outcome of deliver(topic.arn, { ...entry, messageId })) meter.notified(topic.name, outcome);
    return messageId;
  }

  /** What is answered for a message that is taken. */
  function take(topic: Topic, entry: Entry): JsonObject {
    // Standard topics know no deduplication.
    if (topic.attributes.FifoTopic !== 'true')
      return { MessageId: fanOut(topic, { ...entry, deduplicationId: undefined }) };
    const whole = { ...entry, deduplicationId: deduplicationIdOf(topic, entry) };
    const { messageId, sequenceNumber } = numbered(topic, whole, () => fanOut(topic, whole));
    return { MessageId: messageId, SequenceNumber: sequenceNumber };
  }

  const onTopic =
    (action: string, run: (topic: Topic, input: JsonObject) => JsonObject | SnsRefusal): Publish =>
    (parameters) => {
      const input = nestedParameters(parameters);
      const arn = textAt(input, 'TopicArn');
      if (arn === undefined) return refused({ code: 'InvalidParameter', message: 'TopicArn is required' });
      const topic = snsStore.getTopic(arn);
      if (topic === undefined) return refused({ code: 'NotFound', message: 'Topic does not exist' }, 404);
      const result = run(topic, input);
      return isRefusal(result) ? refused(result) : queryAnswer(action, NAMESPACE, result);
    };

  return {
    publish: onTopic('Publish', (topic, input) => {
      const entry = entryOf(input);
      return entryProblem(topic, entry) ?? take(topic, entry);
    }),
    publishBatch: onTopic('PublishBatch', (topic, input) => {
      const entries = listAt(input, 'PublishBatchRequestEntries').filter(isObject).map(entryOf);
      const problem = batchProblem(entries);
      if (problem !== undefined) return problem;
      const answers = entries.map((entry): JsonObject => {
        const Id = entry.id;
        const refusal = entryProblem(topic, entry);
        return refusal === undefined
          ? { Id, ...take(topic, entry) }
          : { Id, Code: refusal.code, Message: refusal.message, SenderFault: true };
      });
      return {
        Successful: answers.filter(({ Code }) => Code === undefined),
        Failed: answers.filter(({ Code }) => Code !== undefined),
      };
    }),
  };
}

const isRefusal = (result: JsonObject | SnsRefusal): result is SnsRefusal => 'code' in result;

const refused = ({ code, message }: SnsRefusal, status = 400): ServiceResponse =>
  errorResponse('sns', { status, code, message });
