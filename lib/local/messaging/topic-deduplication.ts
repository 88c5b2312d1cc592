import { createHash } from 'node:crypto';
import type { ServiceResponse } from '../service.ts';
import { memoryOf } from '../state/memory-of.ts';
import type { State } from '../state/state.ts';

type Parameters = Readonly<Record<string, string>>;
interface Topic {
  readonly arn: string;
  readonly attributes: Readonly<Record<string, string>>;
}
interface Published {
  readonly messageId: string;
  readonly sequenceNumber: string;
}

/** A message with the same deduplication id within five minutes is accepted but not delivered. */
const WINDOW_MS = 5 * 60 * 1_000;

/**
 * Deduplication and sequence numbers of FIFO topics.
 * https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html
 */
export function createTopicDeduplication(state?: State) {
  const messages = memoryOf<Published>('sns-deduplication', WINDOW_MS, state);
  const numbers = state?.store('sns-sequence');
  let sequence = BigInt(String(numbers?.get('last') ?? 0));

  const place = ({ arn }: Topic, key: string) => `${arn}/${key}`;
  const recall = (topic: Topic, key: string | undefined) =>
    key === undefined ? undefined : messages.get(place(topic, key));
  const remember = (topic: Topic, key: string | undefined, messageId: string): Published => {
    const published = { messageId, sequenceNumber: sequenceNumber(++sequence) };
    numbers?.put('last', String(sequence));
    if (key !== undefined) messages.set(place(topic, key), published);
    return published;
  };

  return {
    async publish(
      topic: Topic,
      parameters: Parameters,
      publish: () => Promise<ServiceResponse>,
    ): Promise<ServiceResponse> {
      const { MessageGroupId, MessageDeduplicationId, Message } = parameters;
      const key = MessageGroupId && keyOf(topic, MessageGroupId, MessageDeduplicationId, Message);
      const known = recall(topic, key);
      if (known !== undefined) return published(known);
      const response = await publish();
      const messageId = response.status === 200 ? /<MessageId>([^<]+)</.exec(String(response.body))?.[1] : undefined;
      return messageId === undefined ? response : published(remember(topic, key, messageId));
    },

    async publishBatch(
      topic: Topic,
      parameters: Parameters,
      publish: (parameters: Record<string, string>) => Promise<ServiceResponse>,
    ): Promise<ServiceResponse> {
      const fresh = { ...parameters };
      const keys = new Map<string, string | undefined>();
      const duplicates = new Map<string, string>();
      for (const number of entryNumbers(parameters)) {
        const field = (name: string) => parameters[`${ENTRY}${number}.${name}`];
        const id = field('Id') ?? '';
        const group = field('MessageGroupId');
        const key = group && keyOf(topic, group, field('MessageDeduplicationId'), field('Message'));
        const earlier = [...keys].find(([, other]) => other !== undefined && other === key)?.[0];
        if (earlier === undefined && recall(topic, key) === undefined) {
          keys.set(id, key);
          continue;
        }
        duplicates.set(id, key ?? '');
        for (const name of Object.keys(fresh)) if (name.startsWith(`${ENTRY}${number}.`)) delete fresh[name];
      }
      const response = keys.size === 0 ? EMPTY_BATCH : await publish(fresh);
      if (response.status !== 200) return response;
      const numbered = String(response.body).replaceAll(MEMBER, (_whole, id: string, messageId: string) =>
        member(id, remember(topic, keys.get(id), messageId)),
      );
      const again = [...duplicates].map(([id, key]) => {
        const known = recall(topic, key);
        return known === undefined ? '' : member(id, known);
      });
      return { ...response, body: numbered.replace('</Successful>', `${again.join('')}</Successful>`) };
    },
  };
}

const ENTRY = 'PublishBatchRequestEntries.member.';
const MEMBER = /<member><Id>([^<]+)<\/Id><MessageId>([^<]+)<\/MessageId><\/member>/g;

const member = (id: string, { messageId, sequenceNumber }: Published) =>
  `<member><Id>${id}</Id><MessageId>${messageId}</MessageId><SequenceNumber>${sequenceNumber}</SequenceNumber></member>`;

const xml = (operation: string, result: string): ServiceResponse => ({
  status: 200,
  headers: { 'content-type': 'text/xml' },
  body: `<${operation}Response xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><${operation}Result>${result}</${operation}Result></${operation}Response>`,
});

const EMPTY_BATCH = xml('PublishBatch', '<Successful></Successful><Failed></Failed>');

const published = ({ messageId, sequenceNumber }: Published) =>
  xml('Publish', `<MessageId>${messageId}</MessageId><SequenceNumber>${sequenceNumber}</SequenceNumber>`);

/** 20 digits starting with 1, as AWS returns them. */
const sequenceNumber = (count: bigint) => String(10_000_000_000_000_000_000n + count);

/** Undefined when the message has no deduplication id and gets none from its content: fauxqs refuses it. */
function keyOf({ attributes }: Topic, group: string, id: string | undefined, message: string | undefined) {
  const byContent = attributes.ContentBasedDeduplication === 'true' && message !== undefined;
  const dedup = id ?? (byContent ? createHash('sha256').update(message).digest('hex') : undefined);
  if (dedup === undefined) return undefined;
  return attributes.FifoThroughputScope === 'MessageGroup' ? `${group}|${dedup}` : dedup;
}

function entryNumbers(parameters: Parameters): string[] {
  const numbers = new Set<string>();
  for (const name of Object.keys(parameters)) {
    if (name.startsWith(ENTRY)) numbers.add(name.slice(ENTRY.length, name.indexOf('.', ENTRY.length)));
  }
  return [...numbers];
}
