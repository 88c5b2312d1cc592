import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { Attributes } from '../../../lib/testing/services/sizes.ts';
import { textOf } from './journal.ts';

/** What a message or dead letter holds, its envelope opened. */
export interface Content {
  /** As `textOf` gives it. */
  readonly text: string;
  readonly attributes: Attributes;
}

interface Wrapped {
  readonly encoding: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly content: string;
  readonly attributes: Readonly<Record<string, { dataType: string; stringValue?: string; binaryValue?: string }>>;
}
interface Reference {
  readonly bucket: string;
  readonly key: string;
}

/** In a hurry: nearly every body is none. */
const START = '{"wrappedMessage":';
const REASON = 'deadLetter';

/**
 * Opens the envelope of dead letters as `contracts/dead-letter.ts` documents it: written again, because it judges the one that made it.
 * What is no proper envelope is what it is.
 */
export function contentOf(
  body: string,
  attributes: Attributes,
  objectOf: (bucket: string, key: string) => Buffer | undefined,
): Content {
  const { [REASON]: _, ...own } = attributes;
  const asItIs = { text: body, attributes: own };
  if (!body.startsWith(START)) return asItIs;
  try {
    const { wrappedMessage } = JSON.parse(body) as { wrappedMessage: Wrapped | Reference };
    const inner = 'key' in wrappedMessage ? referred(wrappedMessage, objectOf) : wrappedMessage;
    const raw = Buffer.from(inner.content, inner.encoding === 'utf8' ? 'utf8' : 'base64');
    const content = inner.encoding === 'gzip' ? gunzipSync(raw) : raw;
    const hash = createHash('sha256').update(content).digest('hex');
    if (content.length !== inner.bytes || hash !== inner.sha256) return asItIs;
    return { text: textOf(content), attributes: typed(inner.attributes) };
  } catch {
    return asItIs;
  }
}

function referred({ bucket, key }: Reference, objectOf: (bucket: string, key: string) => Buffer | undefined): Wrapped {
  return (JSON.parse(objectOf(bucket, key)?.toString('utf8') ?? '') as { wrappedMessage: Wrapped }).wrappedMessage;
}

const typed = (attributes: Wrapped['attributes']): Attributes =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, { dataType, stringValue, binaryValue }]) => [
      name,
      {
        DataType: dataType,
        ...(stringValue === undefined ? {} : { StringValue: stringValue }),
        ...(binaryValue === undefined ? {} : { BinaryValue: binaryValue }),
      },
    ]),
  );
