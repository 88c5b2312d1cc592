import type { Json } from '../../json.ts';
import { isObject } from '../../json.ts';

/** Which messages of a queue batch failed. `all` when the answer names none that it was given. */
export type QueueVerdict =
  | { readonly kind: 'success' }
  | { readonly kind: 'partial'; readonly failed: ReadonlySet<string> }
  | { readonly kind: 'all-failed' };

/** Where a stream batch has to go on. */
export type StreamVerdict =
  | { readonly kind: 'success' }
  | { readonly kind: 'from'; readonly index: number }
  | { readonly kind: 'all-failed' };

/**
 * Reads the answer of a function with ReportBatchItemFailures on a queue.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
 */
export function queueVerdict(payload: string, messageIds: readonly string[]): QueueVerdict {
  const identifiers = reportedIdentifiers(payload);
  if (identifiers === 'malformed') return { kind: 'all-failed' };
  if (identifiers.length === 0) return { kind: 'success' };
  const known = new Set(messageIds);
  if (!identifiers.every((id) => known.has(id))) return { kind: 'all-failed' };
  return { kind: 'partial', failed: new Set(identifiers) };
}

/**
 * Reads the answer of a function with ReportBatchItemFailures on a stream: it goes on at the lowest reported record.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
 */
export function streamVerdict(payload: string, sequenceNumbers: readonly string[]): StreamVerdict {
  const identifiers = reportedIdentifiers(payload);
  if (identifiers === 'malformed') return { kind: 'all-failed' };
  if (identifiers.length === 0) return { kind: 'success' };
  const indexes = identifiers.map((id) => sequenceNumbers.indexOf(id));
  const index = Math.min(...indexes);
  return index < 0 ? { kind: 'all-failed' } : { kind: 'from', index };
}

/** The reported identifiers; none for the empty forms (`{}`, null, "", [], an empty list); `malformed` when an entry has no usable one. */
function reportedIdentifiers(payload: string): readonly string[] | 'malformed' {
  const answer: Json = payload.trim() === '' ? null : (JSON.parse(payload) as Json);
  if (!isObject(answer)) return [];
  const failures = answer.batchItemFailures ?? null;
  if (failures === null) return [];
  if (!Array.isArray(failures)) return 'malformed';
  const identifiers: string[] = [];
  for (const failure of failures) {
    const identifier = isObject(failure) ? failure.itemIdentifier : undefined;
    if (typeof identifier !== 'string' || identifier === '') return 'malformed';
    identifiers.push(identifier);
  }
  return identifiers;
}
