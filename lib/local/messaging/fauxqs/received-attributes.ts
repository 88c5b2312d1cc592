import type { ServiceResponse } from '../../service.ts';

type Body = Readonly<Record<string, unknown>>;
type Attributes = Record<string, { readonly DataType: string }>;
interface Received {
  Attributes?: Record<string, string>;
  MessageAttributes?: Attributes;
  MD5OfMessageAttributes?: string;
  /** Left by noteDeadLetters. */
  DeadLetterQueueSourceArn?: string;
}

/** Digest of message attributes, as the SDKs check it. */
export type AttributesDigest = (attributes: Attributes) => string;

/**
 * What a receive answers beyond fauxqs: no message attributes unless they were asked for, the digest of those that were, and where a
 * dead letter comes from. Reads the answer only when there is something to do.
 */
export function withAskedAttributes(response: ServiceResponse, body: Body, digest: AttributesDigest): ServiceResponse {
  if (response.status !== 200) return response;
  const text = String(response.body);
  const names = list(body.MessageAttributeNames);
  const all = names.includes('All') || names.includes('.*');
  const attributes = !all && text.includes('"MessageAttributes"');
  if (!attributes && !text.includes('"DeadLetterQueueSourceArn"')) return response;
  const answer = JSON.parse(text) as { Messages?: Received[] };
  for (const message of answer.Messages ?? []) {
    if (attributes) keepAsked(message, names.length > 0, digest);
    placeSource(message, [...list(body.AttributeNames), ...list(body.MessageSystemAttributeNames)]);
  }
  return { ...response, body: JSON.stringify(answer) };
}

const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

function keepAsked(message: Received, someAsked: boolean, digest: AttributesDigest): void {
  if (message.MessageAttributes === undefined) return;
  if (someAsked) {
    message.MD5OfMessageAttributes = digest(message.MessageAttributes);
    return;
  }
  delete message.MessageAttributes;
  delete message.MD5OfMessageAttributes;
}

function placeSource(message: Received, asked: readonly string[]): void {
  const { DeadLetterQueueSourceArn } = message;
  if (DeadLetterQueueSourceArn === undefined) return;
  delete message.DeadLetterQueueSourceArn;
  if (asked.includes('All') || asked.includes('DeadLetterQueueSourceArn'))
    message.Attributes = { ...message.Attributes, DeadLetterQueueSourceArn };
}
