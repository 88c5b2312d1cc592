import { readFileSync } from 'node:fs';
import { InvalidArgumentError, Option } from 'commander';
import { type Account, type AccountName, NAMED_ACCOUNTS } from '../../lib/local/account/account.ts';
import { AccountError, readAccount } from '../../lib/local/account/read-account.ts';

/** Where the engine is to be as unkind as a real account. */
export interface AccountOption {
  readonly account?: Account;
}

export const account = () =>
  new Option(
    '--account <which>',
    'as unkind as an AWS account: new, default, or what a JSON file says (docs/engine-account.md)',
  )
    .argParser(accountNamed)
    .default(undefined, 'no quotas');

/** @throws InvalidArgumentError that says what is wrong with the file, or that there is none */
export function accountNamed(text: string): Account {
  if (Object.hasOwn(NAMED_ACCOUNTS, text)) return NAMED_ACCOUNTS[text as AccountName];
  try {
    return readAccount(readFileSync(text, 'utf8'), text);
  } catch (error) {
    if (error instanceof AccountError) throw new InvalidArgumentError(`${error.message}.`);
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : message;
    throw new InvalidArgumentError(`it must be new, default or a JSON file (${reason}).`);
  }
}
