import type { Json, JsonObject } from '../../json.ts';
import { isObject } from '../../json.ts';

/** Most a window's state may weigh, bytes of JSON; beyond it the window ends early. */
export const STATE_LIMIT_BYTES = 1024 * 1024;

/** A span of arrival times, epoch milliseconds, `end` excluded. */
export interface TimeSpan {
  readonly start: number;
  readonly end: number;
}

/** The window a shard is in, and what the function has gathered of it so far. */
export interface OpenWindow extends TimeSpan {
  state: Json;
  /** Something was done since the state was last empty: the end of the window has to be told. */
  touched: boolean;
}

/** The window that a moment lies in. Windows start at multiples of their length. */
export function windowAt(ms: number, seconds: number): TimeSpan {
  const length = seconds * 1000;
  const start = Math.floor(ms / length) * length;
  return { start, end: start + length };
}

export function openWindow(span: TimeSpan): OpenWindow {
  return { start: span.start, end: span.end, state: {}, touched: false };
}

/**
 * Splits records into runs of one window each, in order.
 * @param from start of the window that is open: a record that arrived before it, but was read after it opened, counts to it
 */
export function runsByWindow<T>(
  records: readonly T[],
  arrivedAt: (record: T) => number,
  seconds: number,
  from = Number.NEGATIVE_INFINITY,
): { span: TimeSpan; records: T[] }[] {
  const runs: { span: TimeSpan; records: T[] }[] = [];
  let earliest = from;
  for (const record of records) {
    const span = windowAt(Math.max(arrivedAt(record), earliest), seconds);
    const run = runs.at(-1);
    if (run?.span.start === span.start) run.records.push(record);
    else runs.push({ span, records: [record] });
    earliest = span.start;
  }
  return runs;
}

/**
 * What an event has besides its records.
 * @param end how the window ends with this event, if it does
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html
 */
export function windowMembers(
  { start, end, state }: OpenWindow,
  { shardId, eventSourceARN }: { shardId: string; eventSourceARN: string },
  ending: 'no' | 'final' | 'early',
): JsonObject {
  return {
    window: { start: withoutMillis(start), end: withoutMillis(end) },
    state,
    shardId,
    eventSourceARN,
    isFinalInvokeForWindow: ending !== 'no',
    isWindowTerminatedEarly: ending === 'early',
  };
}

const withoutMillis = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

/** The state in a function's answer; undefined when it has none, which counts as a failure. */
export function stateIn(payload: string): Json | undefined {
  const answer: Json = payload.trim() === '' ? null : (JSON.parse(payload) as Json);
  return isObject(answer) ? (answer.state ?? undefined) : undefined;
}

export function isTooLarge(state: Json): boolean {
  return Buffer.byteLength(JSON.stringify(state)) > STATE_LIMIT_BYTES;
}
