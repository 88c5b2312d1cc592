import { createHash } from 'node:crypto';
import { memoryOf } from '../../state/memory-of.ts';
import type { State } from '../../state/state.ts';
import type { Entry } from '../messages/publication.ts';

interface Topic {
  readonly arn: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What Publish answers for a message of a FIFO topic. */
export interface Numbered {
  readonly messageId: string;
  readonly sequenceNumber: string;
}

/** A message with the same deduplication id within five minutes is accepted but not delivered. */
const WINDOW_MS = 5 * 60 * 1_000;

/**
 * Deduplication and sequence numbers of FIFO topics.
 * https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html
 */
export function createTopicDeduplication(
  state?: State,
): (topic: Topic, entry: Entry, deliver: () => string) => Numbered {
  const messages = memoryOf<Numbered>('sns-deduplication', WINDOW_MS, state);
  const numbers = state?.store('sns-sequence');
  let sequence = BigInt(String(numbers?.get('last') ?? 0));

  return (topic, entry, deliver) => {
    const id = deduplicationIdOf(topic, entry) ?? '';
    const key = topic.attributes.FifoThroughputScope === 'MessageGroup' ? `${entry.group}|${id}` : id;
    const place = `${topic.arn}/${key}`;
    const known = messages.get(place);
    if (known !== undefined) return known;
    const messageId = deliver();
    sequence += 1n;
    numbers?.put('last', String(sequence));
    const numbered = { messageId, sequenceNumber: sequenceNumber(sequence) };
    messages.set(place, numbered);
    return numbered;
  };
}

/** 20 digits starting with 1, as AWS returns them. */
const sequenceNumber = (count: bigint) => String(10_000_000_000_000_000_000n + count);

/** Undefined when the message has no deduplication id and gets none from its content. */
export function deduplicationIdOf({ attributes }: Topic, { deduplicationId, message }: Entry): string | undefined {
  if (deduplicationId) return deduplicationId;
  if (attributes.ContentBasedDeduplication !== 'true') return undefined;
  return createHash('sha256').update(message).digest('hex');
}
