import { createHash } from 'node:crypto';
import { DEAD_LETTER_ATTRIBUTE, type DeadLetter, MAX_REASON_CHARACTERS } from '../contracts/dead-letter.ts';
import { ATTRIBUTE } from '../contracts/envelope.ts';
import { SQS } from '../contracts/limits.ts';
import { traceIdOf } from '../contracts/trace.ts';
import type { AwsCall } from './aws/call.ts';
import type { Message } from './message.ts';

/** Ids, numbers and quoted values differ between failures of one kind; without them the kind remains. */
const VARIABLE_PARTS = /'[^']*'|"[^"]*"|[0-9a-f]{8,}|\d+/gi;

function fingerprint(consumer: string, reason: string, message: string): string {
  const kind = `${consumer}\n${reason}\n${message.replaceAll(VARIABLE_PARTS, '*')}`;
  return createHash('sha256').update(kind).digest('hex').slice(0, 16);
}

/** What is known about a message that is given up. */
export function describeFailure(
  consumer: string,
  message: Message,
  reason: string,
  error: Error,
  now: number,
): DeadLetter {
  const text = error.message.slice(0, MAX_REASON_CHARACTERS);
  const id = identity(message.body);
  return {
    reason,
    message: text,
    fingerprint: fingerprint(consumer, reason, error.message),
    consumer,
    source: message.source,
    attempts: message.receives ?? 1,
    firstReceived: new Date(message.firstReceived).toISOString(),
    failedAt: new Date(now).toISOString(),
    traceId: traceIdOf(message.attributes[ATTRIBUTE.traceparent] ?? id.traceparent),
    eventId: id.id,
    eventType: message.attributes[ATTRIBUTE.type] ?? id.type,
  };
}

/** What an unreadable body still tells about itself. */
function identity(body: string): { id?: string; type?: string; traceparent?: string } {
  const text = (value: unknown) => (typeof value === 'string' ? value.slice(0, MAX_REASON_CHARACTERS) : undefined);
  try {
    const value = JSON.parse(body) as Record<string, unknown> | null;
    return { id: text(value?.id), type: text(value?.type), traceparent: text(value?.traceparent) } as ReturnType<
      typeof identity
    >;
  } catch {
    return {}; // Not JSON: that is often the very reason it is given up, and is already in the dead letter.
  }
}

/** Moves a message to a dead-letter queue: the body unchanged, its attributes kept, the reason beside them. */
export async function sendDeadLetter(
  aws: AwsCall,
  queueUrl: string,
  message: Message,
  letter: DeadLetter,
): Promise<void> {
  // A message takes ten attributes; the reason is one of them.
  const kept = Object.entries(message.attributes).slice(0, SQS.maxAttributes - 1);
  const attributes = [...kept, [DEAD_LETTER_ATTRIBUTE, JSON.stringify(letter)] as const];
  await aws('sqs', 'SendMessage', {
    QueueUrl: queueUrl,
    MessageBody: message.body,
    MessageAttributes: Object.fromEntries(
      attributes.map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
    ),
    // The message id keeps a dead letter single if the consumer crashes between this and its acknowledgement.
    ...(message.tenant === undefined ? {} : { MessageGroupId: message.tenant }),
    ...(message.group === undefined ? {} : { MessageGroupId: message.group, MessageDeduplicationId: message.id }),
  });
}
