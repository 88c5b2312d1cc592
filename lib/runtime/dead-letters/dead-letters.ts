import { createHash } from 'node:crypto';
import {
  DEAD_LETTER_ATTRIBUTE,
  type DeadLetter,
  MAX_FRAMES,
  MAX_FRAMES_CHARACTERS,
  MAX_REASON_CHARACTERS,
  type MessageAttribute,
} from '../../contracts/agreed/dead-letter.ts';
import { traceIdOf } from '../../contracts/agreed/trace.ts';
import { ATTRIBUTE } from '../../contracts/events/envelope.ts';
import type { AwsCall } from '../aws/calls/call.ts';
import type { Message } from '../messages/message.ts';
import { memberOf } from '../messages/read-message.ts';
import { fitted, SQS_ROOM, sqsJson, text } from '../messages/wrapped-message.ts';
import type { KeptMessages } from './kept-messages.ts';

/** Ids, numbers and quoted values differ between failures of one kind; without them the kind remains. */
const VARIABLE_PARTS = /'[^']*'|"[^"]*"|[0-9a-f]{8,}|\d+/gi;

function fingerprint(consumer: string, reason: string, message: string): string {
  const kind = `${consumer}\n${reason}\n${message.replaceAll(VARIABLE_PARTS, '*')}`;
  return createHash('sha256').update(kind).digest('hex').slice(0, 16);
}

/** An attribute shares the message's size with the body, so that nothing in the reason may be as long as somebody pleases. */
const cut = (value: string | undefined): string | undefined => value?.slice(0, MAX_REASON_CHARACTERS);

/** Frames of the error's stack, as many whole ones as there is room for. (A message may have lines that look like some.) */
function framesOf({ stack, message }: Error): Pick<DeadLetter, 'frames'> {
  if (typeof stack !== 'string') return {};
  const head = stack.indexOf(message);
  const frames = stack
    .slice(head === -1 ? 0 : head + message.length)
    .split('\n')
    .flatMap((line) => /^ +at (?<place>.+)$/.exec(line)?.groups?.place ?? [])
    .slice(0, MAX_FRAMES);
  let room = MAX_FRAMES_CHARACTERS;
  const fitting = frames.filter(({ length }) => {
    room -= length;
    return room >= 0;
  });
  return fitting.length === 0 ? {} : { frames: fitting };
}

/** What is known about a message that is given up. */
export function describeFailure(
  consumer: string,
  message: Message,
  reason: string,
  error: Error,
  now: number,
): DeadLetter {
  const { attributes, record } = message;
  return {
    reason: reason.slice(0, MAX_REASON_CHARACTERS),
    message: error.message.slice(0, MAX_REASON_CHARACTERS),
    ...framesOf(error),
    fingerprint: fingerprint(consumer, reason, error.message),
    consumer,
    source: message.source,
    ...(record === undefined ? {} : { record: { ...record, partitionKey: cut(record.partitionKey) } as typeof record }),
    attempts: message.receives ?? 1,
    firstReceived: new Date(message.firstReceived).toISOString(),
    failedAt: new Date(now).toISOString(),
    traceId: traceIdOf(attributes[ATTRIBUTE.traceparent]?.stringValue ?? memberOf(message, 'traceparent')),
    eventId: cut(memberOf(message, 'id')),
    eventType: cut(attributes[ATTRIBUTE.type]?.stringValue ?? memberOf(message, 'type')),
  };
}

/**
 * Moves a message to a dead-letter queue, the reason beside it: body and attributes as they came where SQS takes them so, otherwise in a
 * `WrappedMessage`.
 */
export async function sendDeadLetter(
  aws: AwsCall,
  queueUrl: string,
  message: Message,
  letter: DeadLetter,
  kept: KeptMessages,
): Promise<void> {
  const reason = { [DEAD_LETTER_ATTRIBUTE]: text(sqsJson(letter)) };
  const { body, attributes } = await fitted(message, SQS_ROOM, reason, (whole) => kept.keep(whole));
  await aws('sqs', 'SendMessage', {
    QueueUrl: queueUrl,
    MessageBody: body,
    MessageAttributes: Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, asSent(value)])),
    // The message id keeps a dead letter single if the consumer crashes between this and its acknowledgement.
    ...(message.tenant === undefined ? {} : { MessageGroupId: message.tenant }),
    ...(message.group === undefined ? {} : { MessageGroupId: message.group, MessageDeduplicationId: message.id }),
  });
}

/** An attribute as SQS takes it; bytes are base64 in its JSON. */
const asSent = ({ dataType: DataType, stringValue, binaryValue }: MessageAttribute) =>
  binaryValue === undefined ? { DataType, StringValue: stringValue } : { DataType, BinaryValue: binaryValue };
