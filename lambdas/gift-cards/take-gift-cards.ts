import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import { envelope, UnreadableMessage, validate } from '../../lib/contracts/events/envelope.ts';
import { publisher } from '../../lib/runtime/publishing/publish.ts';
import { GiftCardsReceived, giftCards } from '../../lib/systems/gift-cards/contract.ts';

type Reply = { readonly status: 'accepted' } | { readonly status: 'refused'; readonly reason: string };

const publish = publisher(giftCards);
const ACCEPTED = 202;
const REFUSED = 422;

/** By function URL, or invoked with the request as it is. The same id again is the same event: the consumer's inbox knows it. */
export async function handler(input: unknown): Promise<Reply | LambdaFunctionURLResult> {
  if (!isUrlEvent(input)) return take(input);
  const reply = await take(parsed(bodyOf(input)));
  return { statusCode: reply.status === 'accepted' ? ACCEPTED : REFUSED, body: JSON.stringify(reply) };
}

async function take(request: unknown): Promise<Reply> {
  try {
    const data = validate(GiftCardsReceived, request);
    const header = { id: `take-gift-cards/${data.id}`, source: '/take-gift-cards', time: new Date() };
    await publish([envelope(GiftCardsReceived, data, header)]);
    return { status: 'accepted' };
  } catch (error) {
    if (error instanceof UnreadableMessage) return { status: 'refused', reason: 'malformed' };
    throw error;
  }
}

const isUrlEvent = (input: unknown): input is LambdaFunctionURLEvent =>
  typeof input === 'object' && input !== null && 'requestContext' in input && 'rawPath' in input;

const bodyOf = ({ body = '', isBase64Encoded }: LambdaFunctionURLEvent): string =>
  Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8').toString('utf8');

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Refused like any other request that is none.
  }
}
