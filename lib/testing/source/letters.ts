import { DEAD_LETTER_ATTRIBUTE, type DeadLetter } from '../../contracts/agreed/dead-letter.ts';
import type { Envelope } from '../../contracts/events/envelope.ts';
import { keptMessages, unwrapped } from '../../runtime/dead-letters/kept-messages.ts';
import type { Runtime } from '../../runtime/invocation/runtime.ts';
import { openBody } from '../../runtime/messages/body.ts';
import { readBatch } from '../../runtime/messages/sources.ts';
import { recordOf } from '../lambda/queue-mapping.ts';
import type { MemoryQueue, StoredMessage } from '../services/sqs.ts';

/** A dead letter as a test sees it. */
export interface TestedLetter {
  /** Short and stable; `undefined` where the queue or the mapping gave up, which say none. */
  readonly reason: string | undefined;
  /** What went wrong, in words. */
  readonly message: string | undefined;
  readonly attempts: number | undefined;
  /** Who gave it up. */
  readonly by: 'consumer' | 'queue' | 'mapping';
  /** As it came, opened where it had to be wrapped. */
  readonly body: string;
  /** Where the body is one. */
  readonly event: Envelope | undefined;
}

/** Reads what lies in a queue of dead letters. */
export function lettersIn(
  queue: MemoryQueue,
  subscription: string,
  runtime: Pick<Runtime, 'aws' | 'env'>,
): Promise<TestedLetter[]> {
  return Promise.all(queue.messages.map((message) => letterOf(message, queue, subscription, runtime)));
}

async function letterOf(
  message: StoredMessage,
  queue: MemoryQueue,
  name: string,
  runtime: Pick<Runtime, 'aws' | 'env'>,
): Promise<TestedLetter> {
  const [read] = readBatch({ Records: [recordOf(message, queue)] }).messages;
  if (read === undefined) throw new Error(`dead letter '${message.id}' cannot be read`);
  const { body } = await unwrapped(read, keptMessages({ name }, runtime)).catch(() => read);
  const told = message.attributes[DEAD_LETTER_ATTRIBUTE]?.StringValue;
  const letter = told === undefined ? undefined : (JSON.parse(told) as DeadLetter);
  return {
    reason: letter?.reason,
    message: letter?.message,
    attempts: letter?.attempts,
    by: message.by ?? 'consumer',
    body,
    event: await openBody(body, runtime).then(eventIn, () => eventIn(body)),
  };
}

function eventIn(body: string): Envelope | undefined {
  try {
    const value = JSON.parse(body) as Partial<Envelope> | null;
    return typeof value?.specversion === 'string' ? (value as Envelope) : undefined;
  } catch {
    return undefined; // No event is among what is given up.
  }
}
