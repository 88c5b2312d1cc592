import { isObject } from '../json.ts';
import { type Account, NAMED_ACCOUNTS } from './account.ts';

/** What is wrong with a description of an account: the member, its value, the rule, and what to do. */
export class AccountError extends Error {
  override readonly name = 'AccountError';
}

interface Rule {
  /** `must be ...` */
  readonly must: string;
  holds(value: unknown): boolean;
}

const isNumber = (value: unknown, min: number): boolean =>
  typeof value === 'number' && Number.isFinite(value) && value >= min;
const isList = (value: unknown, holds: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(holds);

const FLAG: Rule = { must: 'true or false', holds: (value) => typeof value === 'boolean' };
const whole = (min: number): Rule => ({
  must: `a whole number from ${min}`,
  holds: (value) => isNumber(value, min) && Number.isSafeInteger(value),
});
const RATE: Rule = { must: 'a number of 1 or more', holds: (value) => isNumber(value, 1) };
const SHARE: Rule = {
  must: 'a number above 0, at most 1',
  holds: (value) => isNumber(value, Number.MIN_VALUE) && Number(value) <= 1,
};
const SPAN: Rule = { must: 'a number of 0 or more', holds: (value) => isNumber(value, 0) };
const SPANS: Rule = {
  must: 'a list of two numbers of seconds, such as [60, 120]',
  holds: (value) => isList(value, (item) => isNumber(item, 0)) && (value as unknown[]).length === 2,
};
const IDENTITIES: Rule = {
  must: 'a list of e-mail addresses and domains, such as ["shop@example.org", "example.net"]',
  holds: (value) => isList(value, (item) => typeof item === 'string' && IDENTITY.test(item)),
};
const IDENTITY = /^([^@\s]+@)?[^@\s]+\.[^@\s]+$/;

/** The same shape as Account, member by member. */
const RULES: { readonly [Part in keyof Account]: { readonly [Member in keyof Account[Part]]: Rule } } = {
  ses: { sandbox: FLAG, perDay: whole(1), perSecond: RATE, identities: IDENTITIES },
  lambda: { concurrency: whole(1), unreserved: whole(0), retrySeconds: SPANS, freezes: FLAG },
  dynamodb: {
    ...{ newTableWrites: RATE, newTableReads: RATE, tableWrites: RATE, tableReads: RATE },
    ...{ keyWrites: RATE, keyReads: RATE, warmShare: SHARE, transactionMs: SPAN },
  },
  kinesis: { shards: whole(1), onDemandStreams: whole(0), scalingsPerDay: whole(0) },
  http: { idleSeconds: { must: 'a number above 0', holds: (value) => isNumber(value, Number.MIN_VALUE) } },
};

/**
 * Reads the description of an account: what it does not say is as in the account that it names as `like`.
 * @param text JSON: `{ "like": "new", "ses": { "identities": ["shop@example.org"] } }`. `like` is by default `new`
 * @param from where it comes from, for errors
 * @throws AccountError
 */
export function readAccount(text: string, from: string): Account {
  const given = parsed(text, from);
  const { like = 'new', ...parts } = given;
  const base = own(NAMED_ACCOUNTS, String(like));
  if (base === undefined)
    throw new AccountError(`${from}: like is ${JSON.stringify(like)}; it must be one of ${named(NAMED_ACCOUNTS)}`);
  for (const [name, members] of Object.entries(parts)) {
    const rules = own<Readonly<Record<string, Rule>>>(RULES, name);
    if (rules === undefined)
      throw new AccountError(`${from}: there is no ${name}; an account has ${named(RULES)}, and like`);
    if (!isObject(members))
      throw new AccountError(`${from}: ${name} is ${JSON.stringify(members)}; it must be an object of ${named(rules)}`);
    for (const [member, value] of Object.entries(members)) {
      const rule = own(rules, member);
      if (rule === undefined)
        throw new AccountError(`${from}: there is no ${name}.${member}; ${name} has ${named(rules)}`);
      if (!rule.holds(value))
        throw new AccountError(`${from}: ${name}.${member} is ${JSON.stringify(value)}; it must be ${rule.must}`);
    }
  }
  const account = Object.fromEntries(
    Object.entries(base).map(([name, members]) => [name, { ...members, ...(parts[name] as object | undefined) }]),
  ) as unknown as Account;
  const { concurrency, unreserved } = account.lambda;
  if (unreserved > concurrency)
    throw new AccountError(
      `${from}: lambda.unreserved is ${unreserved}; it must be at most lambda.concurrency, which is ${concurrency}`,
    );
  return account;
}

function parsed(text: string, from: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AccountError(`${from} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (isObject(value)) return value;
  throw new AccountError(`${from} is ${text.trim().slice(0, 40)}; it must be a JSON object with ${named(RULES)}`);
}

/** A member that is not of every object. */
const own = <T>(members: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(members, name) ? members[name] : undefined;

const named = (members: object): string => Object.keys(members).join(', ');
