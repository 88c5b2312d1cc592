import { parseJson, type ReadEvent, readParsed, UnreadableMessage } from '../../contracts/events/envelope.ts';
import type { AnyEventType } from '../../contracts/events/event.ts';
import { Reject } from '../invocation/outcomes.ts';
import type { Runtime } from '../invocation/runtime.ts';
import { isClosed, openEnvelope } from './body.ts';
import type { Message } from './message.ts';

type Parsed = { readonly value: unknown } | { readonly error: UnreadableMessage };

/** Bodies are parsed once, whoever looks first: for copies in a batch, for dead letters that come back, for the event. */
const PARSED = new WeakMap<Message, Parsed>();

/**
 * A message's body as JSON.
 * @throws UnreadableMessage
 */
export function jsonOf(message: Message): unknown {
  let parsed = PARSED.get(message);
  if (parsed === undefined) {
    parsed = parse(message);
    PARSED.set(message, parsed);
  }
  if ('error' in parsed) throw parsed.error;
  return parsed.value;
}

function parse({ body, bytes }: Message): Parsed {
  try {
    // Text that is not what came must not be taken for it: a name in Latin-1 would be stored with a mark in the place of its letter.
    if (bytes !== undefined) throw new UnreadableMessage('broken-json', 'the body is not JSON: it is not UTF-8');
    return { value: parseJson(body, 'the body') };
  } catch (error) {
    return { error: error as UnreadableMessage };
  }
}

/** What a body tells of itself, as far as it is JSON and has text there: `id`, `type`, `traceparent`. */
export function memberOf(message: Message, name: string): string | undefined {
  try {
    const value = (jsonOf(message) as Record<string, unknown> | null)?.[name];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined; // Not JSON: that is often the very reason it is given up, and is already in the dead letter.
  }
}

/**
 * Reads the event in a message: opens it where its data is packed or elsewhere, and checks it.
 * @throws Reject for what can never be read, its reason is that of UnreadableMessage or of openEnvelope(); any other error is worth a retry
 */
export async function readMessage(
  message: Message,
  expected: readonly AnyEventType[],
  runtime: Pick<Runtime, 'aws' | 'env'>,
): Promise<ReadEvent> {
  try {
    const value = jsonOf(message);
    if (!isClosed(value)) return readParsed(value, expected);
    const { header, data } = await openEnvelope(value, runtime);
    return readParsed({ ...header, data: parseJson(data, 'the data') }, expected);
  } catch (error) {
    if (error instanceof UnreadableMessage) throw new Reject(error.reason, error.message, { cause: error });
    throw error;
  }
}
