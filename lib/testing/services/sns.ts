import { AwsError } from '../../runtime/aws/calls/call.ts';
import type { World } from '../world/world.ts';
import { type Attributes, MAX_SNS_BYTES, messageBytes, refusal } from './sizes.ts';
import { DEDUPLICATION_MILLIS, type MemorySqs } from './sqs.ts';

export interface TopicSpec {
  readonly name: string;
  readonly fifo: boolean;
  readonly subscribers: readonly { readonly queue: string; readonly types: readonly string[] }[];
}

export const topicArn = (name: string): string => `arn:aws:sns:us-east-1:000000000000:${name}`;

const MAX_DELIVERY_MILLIS = 400;

interface PublishEntry {
  readonly Id: string;
  readonly Message: string;
  readonly MessageAttributes?: Attributes;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
}

/**
 * SNS in memory: filtered, raw delivery to queues; in order per group from a FIFO topic to a FIFO queue.
 * @param accepted told of every message that was taken in. @default nobody is
 */
export function memorySns(
  world: World,
  specs: readonly TopicSpec[],
  sqs: MemorySqs,
  accepted: (topic: string, body: string) => void = () => undefined,
) {
  const recent = new Map<string, number>();
  /** When the newest message of a group arrives at a queue: the next one arrives later. */
  const arrivals = new Map<string, number>();

  function deliver(topic: TopicSpec, entry: PublishEntry): void {
    for (const { queue, types } of topic.subscribers) {
      if (!types.includes(entry.MessageAttributes?.type?.StringValue ?? '')) continue;
      const target = sqs.queue(queue);
      let delay = world.chance.between(1, MAX_DELIVERY_MILLIS);
      if (target.spec.fifo) {
        const lane = `${queue}/${entry.MessageGroupId}`;
        const arrival = Math.max(world.now() + delay, (arrivals.get(lane) ?? 0) + 1);
        arrivals.set(lane, arrival);
        delay = arrival - world.now();
      }
      world.after(delay, () =>
        target.send({
          body: entry.Message,
          attributes: entry.MessageAttributes ?? {},
          ...(target.spec.fifo ? { group: entry.MessageGroupId, deduplicationId: entry.MessageDeduplicationId } : {}),
        }),
      );
    }
  }

  return {
    call(operation: string, input: object): unknown {
      if (operation !== 'PublishBatch') throw new Error(`sluice/testing does not know SNS's ${operation}`);
      const { TopicArn, PublishBatchRequestEntries } = input as {
        TopicArn: string;
        PublishBatchRequestEntries: readonly PublishEntry[];
      };
      const topic = specs.find(({ name }) => topicArn(name) === TopicArn);
      if (topic === undefined) throw new AwsError('NotFound', `there is no topic '${TopicArn}'`, 404);
      const Successful: object[] = [];
      const Failed: object[] = [];
      const bytes = PublishBatchRequestEntries.map(({ Message, MessageAttributes = {} }) =>
        messageBytes(Message, MessageAttributes),
      ).reduce((sum, own) => sum + own, 0);
      if (bytes > MAX_SNS_BYTES) {
        throw new AwsError('BatchRequestTooLong', `${bytes} bytes, at most ${MAX_SNS_BYTES}`, 400);
      }
      for (const entry of PublishBatchRequestEntries) {
        const wrong = refusal(entry.Message, entry.MessageAttributes ?? {});
        if (wrong !== undefined) {
          Failed.push({ Id: entry.Id, Code: 'InvalidParameter', Message: wrong.message, SenderFault: true });
          continue;
        }
        Successful.push({ Id: entry.Id, MessageId: `${topic.name}-${entry.Id}` });
        const id = `${topic.name}/${entry.MessageDeduplicationId}`;
        const before = recent.get(id);
        const repeated = topic.fifo && before !== undefined && world.now() - before < DEDUPLICATION_MILLIS;
        if (repeated) continue;
        recent.set(id, world.now());
        accepted(topic.name, entry.Message);
        deliver(topic, entry);
      }
      return { Successful, Failed };
    },
  };
}
