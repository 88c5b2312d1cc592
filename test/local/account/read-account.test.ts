import { expect, it } from 'vitest';
import { DEFAULT_ACCOUNT, NEW_ACCOUNT } from '../../../lib/local/account/account.ts';
import { readAccount } from '../../../lib/local/account/read-account.ts';

const read = (value: unknown) => readAccount(JSON.stringify(value), 'account.json');

it('an account says what differs from a new one, or from the one that it names', () => {
  expect(read({})).toEqual(NEW_ACCOUNT);
  expect(read({ like: 'default' })).toEqual(DEFAULT_ACCOUNT);
  expect(read({ like: 'default', lambda: { concurrency: 500 } })).toEqual({
    ...DEFAULT_ACCOUNT,
    lambda: { ...DEFAULT_ACCOUNT.lambda, concurrency: 500 },
  });
  expect(read({ ses: { identities: ['shop@example.org', 'example.net'] } }).ses).toEqual({
    ...NEW_ACCOUNT.ses,
    identities: ['shop@example.org', 'example.net'],
  });
});

it('a whole account is of the same shape', () => {
  expect(read(NEW_ACCOUNT)).toEqual(NEW_ACCOUNT);
  expect(read(DEFAULT_ACCOUNT)).toEqual(DEFAULT_ACCOUNT);
});

it.each([
  ['{', 'account.json is not JSON'],
  ['[]', 'account.json is []; it must be a JSON object'],
  ['{"like": "old"}', 'like is "old"; it must be one of new, default'],
  ['{"sns": {}}', 'there is no sns; an account has ses, lambda, dynamodb, kinesis, http'],
  ['{"ses": 3}', 'ses is 3; it must be an object of sandbox'],
  ['{"ses": {"perHour": 3}}', 'there is no ses.perHour; ses has sandbox, perDay, perSecond, identities'],
  ['{"ses": {"perDay": 0.5}}', 'ses.perDay is 0.5; it must be a whole number from 1'],
  ['{"ses": {"perSecond": 0.5}}', 'ses.perSecond is 0.5; it must be a number of 1 or more'],
  ['{"ses": {"sandbox": "no"}}', 'ses.sandbox is "no"; it must be true or false'],
  [
    '{"ses": {"identities": ["shop"]}}',
    'ses.identities is ["shop"]; it must be a list of e-mail addresses and domains',
  ],
  ['{"lambda": {"retrySeconds": [60]}}', 'lambda.retrySeconds is [60]; it must be a list of two numbers'],
  ['{"lambda": {"concurrency": 5}}', 'lambda.unreserved is 10; it must be at most lambda.concurrency, which is 5'],
  ['{"http": {"idleSeconds": 0}}', 'http.idleSeconds is 0; it must be a number above 0'],
  ['{"dynamodb": {"warmShare": 0}}', 'dynamodb.warmShare is 0; it must be a number above 0, at most 1'],
  ['{"dynamodb": {"warmShare": 1.1}}', 'dynamodb.warmShare is 1.1; it must be a number above 0, at most 1'],
  ['{"dynamodb": {"transactionMs": -1}}', 'dynamodb.transactionMs is -1; it must be a number of 0 or more'],
])('%s is refused: %s', (text, message) => {
  expect(() => readAccount(text, 'account.json')).toThrow(message);
});
