import { isObject, numberAt, textAt } from '../json.ts';
import { invalidMember, KinesisError } from './errors.ts';

/** Parameters of a request: JSON, with bytes where the client spoke CBOR. Timestamps are epoch seconds. */
export type Input = Readonly<Record<string, unknown>>;

/** Names as errors have them: `StreamName` is `streamName`. */
const camel = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** @throws KinesisError ValidationException */
export function required(input: unknown, name: string): string {
  const text = textAt(input, name);
  if (text === undefined) throw invalidMember('null', camel(name), 'Member must not be null');
  return text;
}

/** A text of so many characters. @throws KinesisError ValidationException */
export function requiredText(input: unknown, name: string, limits: { readonly min: number; readonly max: number }) {
  const text = required(input, name);
  const { min, max } = limits;
  if (text.length < min)
    throw invalidMember(text, camel(name), `Member must have length greater than or equal to ${min}`);
  if (text.length > max) throw invalidMember(text, camel(name), `Member must have length less than or equal to ${max}`);
  return text;
}

/** A whole number within limits, or undefined when absent. @throws KinesisError ValidationException */
export function numberIn(
  input: Input,
  name: string,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  if (input[name] === undefined || input[name] === null) return undefined;
  const value = numberAt(input, name);
  if (value === undefined || !Number.isSafeInteger(value))
    throw new KinesisError('SerializationException', `${name} has to be a whole number, not ${String(input[name])}`);
  if (value < min) throw invalidMember(value, camel(name), `Member must have value greater than or equal to ${min}`);
  if (value > max) throw invalidMember(value, camel(name), `Member must have value less than or equal to ${max}`);
  return value;
}

/** @throws KinesisError ValidationException */
export function requiredNumber(input: Input, name: string, limits: { readonly min: number; readonly max: number }) {
  const value = numberIn(input, name, limits);
  if (value === undefined) throw invalidMember('null', camel(name), 'Member must not be null');
  return value;
}

/** One of the values, or undefined when absent. @throws KinesisError ValidationException */
export function oneOf<T extends string>(input: unknown, name: string, values: readonly T[]): T | undefined {
  const text = textAt(input, name);
  if (text === undefined) return undefined;
  const value = values.find((known) => known === text);
  if (value === undefined)
    throw invalidMember(text, camel(name), `Member must satisfy enum value set: [${values.join(', ')}]`);
  return value;
}

/** A time as whole epoch milliseconds (seconds have no exact third decimal), or undefined when absent. */
export function timeAt(input: unknown, name: string): number | undefined {
  const seconds = numberAt(input, name);
  if (seconds !== undefined) return Math.round(seconds * 1_000);
  const text = textAt(input, name);
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Bytes: base64 in JSON, as they are in CBOR. @throws KinesisError when absent or not base64 */
export function bytesAt(input: unknown, name: string): Uint8Array {
  const value = isObject(input) ? (input as Input)[name] : undefined;
  if (value instanceof Uint8Array) return value;
  if (typeof value !== 'string') throw invalidMember('null', camel(name), 'Member must not be null');
  if (value.length % 4 !== 0 || !BASE64.test(value))
    throw new KinesisError('SerializationException', `${name} is not base64`);
  return Buffer.from(value, 'base64');
}

/** Texts by name, as tags are given. @throws KinesisError ValidationException */
export function textsByName(input: Input, name: string): Readonly<Record<string, string>> {
  const given = input[name];
  if (given === undefined || given === null) return {};
  if (!isObject(given)) throw new KinesisError('SerializationException', `${name} has to be an object`);
  return Object.fromEntries(Object.keys(given).map((key) => [key, required(given, key)]));
}
