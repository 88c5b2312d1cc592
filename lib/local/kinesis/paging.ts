import { isObject } from '../json.ts';
import { invalidArgument, KinesisError } from './errors.ts';

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html (NextToken) */
const TOKEN_LIFETIME_MS = 300_000;

/** Hands out where a list goes on. @param value JSON */
export const tokenOf = (value: unknown, now: number): string =>
  Buffer.from(JSON.stringify({ value, now })).toString('base64url');

/** @throws KinesisError when it is none, or too old */
export function tokenValue(token: string, now: number): unknown {
  const parsed = parse(token);
  if (!isObject(parsed) || typeof parsed.now !== 'number') throw invalidArgument('NextToken is invalid.');
  if (now - parsed.now > TOKEN_LIFETIME_MS)
    throw new KinesisError('ExpiredNextTokenException', `NextToken is older than ${TOKEN_LIFETIME_MS} milliseconds.`);
  return parsed.value;
}

function parse(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

/**
 * A page of things with names, in the order of their names.
 * @param after name of the last one before
 * @returns `next`: the name after which the rest comes
 */
export function pageOf<T>(
  all: readonly T[],
  nameOf: (item: T) => string,
  { limit, after }: { readonly limit: number; readonly after: string | undefined },
): { readonly page: readonly T[]; readonly next: string | undefined } {
  const rest = all
    .filter((item) => after === undefined || nameOf(item) > after)
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return { page, next: rest.length > limit && last !== undefined ? nameOf(last) : undefined };
}

/** The name in a token that `pageOf` was the reason for; undefined without a token. @throws KinesisError */
export function nameIn(token: string | undefined, now: number): string | undefined {
  return token === undefined ? undefined : String(tokenValue(token, now));
}
