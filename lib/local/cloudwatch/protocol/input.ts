import type { Json, JsonObject } from '../../json.ts';
import { isObject, listAt, textAt } from '../../json.ts';
import { invalidValue, missingParameter } from './errors.ts';
import type { Result } from './wire.ts';

/** An operation of the API: reads its parameters, answers its result. */
export type Operation = (input: JsonObject) => { readonly [name: string]: Result };

/** A parameter that must be there, as text. @throws CloudWatchError */
export function required(input: JsonObject, name: string): string {
  const value = textAt(input, name);
  if (value === undefined || value === '') throw missingParameter(name);
  return value;
}

/** A timestamp as real epoch milliseconds: epoch seconds, or ISO 8601 text. Undefined when absent. @throws CloudWatchError */
export function timeAt(input: Json, name: string): number | undefined {
  const value = isObject(input) ? input[name] : undefined;
  if (value === undefined || value === null) return undefined;
  const number = typeof value === 'number' ? value : Number(value);
  const ms = Number.isNaN(number) ? Date.parse(String(value)) : number * 1_000;
  if (Number.isNaN(ms)) throw invalidValue(`The parameter ${name} must be a timestamp, not ${JSON.stringify(value)}.`);
  return ms;
}

/** A timestamp that must be there, real epoch milliseconds. @throws CloudWatchError */
export function requiredTime(input: JsonObject, name: string): number {
  const value = timeAt(input, name);
  if (value === undefined) throw missingParameter(name);
  return value;
}

export const textsAt = (input: JsonObject, name: string): string[] => listAt(input, name).map(String);

/** The page of a list that a request asks for with MaxRecords and NextToken. */
export function pageOf<T>(
  items: readonly T[],
  input: JsonObject,
  size: number,
): { page: readonly T[]; next: string | undefined } {
  const from = Number(textAt(input, 'NextToken') ?? 0);
  if (!Number.isInteger(from) || from < 0) throw invalidValue('The NextToken is not one that the engine gave.');
  const page = items.slice(from, from + size);
  return { page, next: from + size < items.length ? String(from + size) : undefined };
}
