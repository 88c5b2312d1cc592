import type { Json, JsonObject } from '../../json.ts';
import { isObject, objectAt, textAt } from '../../json.ts';

/** A message as ReceiveMessage answers it. */
export interface ReceivedMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  /** The record as a function sees it. */
  readonly record: JsonObject;
  readonly bytes: number;
}

/**
 * Turns a received message into the record of an SQS event.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event
 */
export function toQueueRecord(message: Json, eventSourceARN: string, awsRegion: string): ReceivedMessage {
  const body = textAt(message, 'Body') ?? '';
  const messageId = textAt(message, 'MessageId') ?? '';
  const receiptHandle = textAt(message, 'ReceiptHandle') ?? '';
  const attributes: JsonObject = {};
  for (const [name, value] of Object.entries(objectAt(message, 'Attributes'))) attributes[name] = String(value);
  const messageAttributes: JsonObject = {};
  for (const [name, value] of Object.entries(objectAt(message, 'MessageAttributes')))
    messageAttributes[name] = toAttribute(value);
  const record: JsonObject = {
    messageId,
    receiptHandle,
    body,
    attributes,
    messageAttributes,
    md5OfBody: textAt(message, 'MD5OfBody') ?? '',
    eventSource: 'aws:sqs',
    eventSourceARN,
    awsRegion,
  };
  const attributesMd5 = textAt(message, 'MD5OfMessageAttributes');
  if (attributesMd5) record.md5OfMessageAttributes = attributesMd5;
  return { messageId, receiptHandle, record, bytes: Buffer.byteLength(body) + RECORD_OVERHEAD_BYTES };
}

/** What a record weighs besides its body. */
const RECORD_OVERHEAD_BYTES = 1024;

function toAttribute(value: Json): JsonObject {
  const attribute: JsonObject = {};
  const source = isObject(value) ? value : {};
  if (source.StringValue !== undefined) attribute.stringValue = source.StringValue;
  if (source.BinaryValue !== undefined) attribute.binaryValue = source.BinaryValue;
  return { ...attribute, stringListValues: [], binaryListValues: [], dataType: source.DataType ?? 'String' };
}
