import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type QuotasOptions, quotas } from '../../bin/commands/quotas.ts';
import { DEFAULT_ACCOUNT, NEW_ACCOUNT } from '../../lib/local/account/account.ts';

/** What the command says of a template, word for word, and with which exit code. */
let folder: string;
let out: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-quotas-'));
  out = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const consumer = (MaximumConcurrency?: number) => ({
  Type: 'AWS::Lambda::EventSourceMapping',
  Properties: MaximumConcurrency === undefined ? {} : { ScalingConfig: { MaximumConcurrency } },
});
const reserving = (ReservedConcurrentExecutions: number) => ({
  Type: 'AWS::Lambda::Function',
  Properties: { ReservedConcurrentExecutions },
});
const warm = (WriteUnitsPerSecond: number) => ({
  Type: 'AWS::DynamoDB::GlobalTable',
  Properties: { WarmThroughput: { WriteUnitsPerSecond } },
});
const mails = {
  Type: 'AWS::IAM::Policy',
  Properties: { PolicyDocument: { Statement: [{ Action: 'ses:SendEmail' }] } },
};
async function said(Resources: object, more: Partial<QuotasOptions> = {}) {
  const assembly = join(folder, 'shop.json');
  writeFileSync(assembly, JSON.stringify({ Resources }));
  const code = await quotas({ json: true, context: {}, callers: 10, assembly, ...more });
  return { code, text: out.join('') };
}
const ACCOUNT = (concurrency: number, shards = 10) => ({
  ...DEFAULT_ACCOUNT,
  lambda: { ...DEFAULT_ACCOUNT.lambda, concurrency },
  kinesis: { ...DEFAULT_ACCOUNT.kinesis, shards },
});

it('says what is asked for, by whom, and how to ask for more', async () => {
  const log = { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 3 } };
  const { code, text } = await said({ a: consumer(20), b: consumer(), log, mails }, { json: false });
  expect(code).toBe(0);
  expect(
    text.replaceAll(/ +\n/g, '\n'),
  ).toBe(`quota                       asked for    new account  default  this account
Lambda: executions at once  20 and more  10           1000     not said (--account)
Lambda: of them reserved    0            0            900      not said (--account)
Kinesis: shards             3            1000         20000    not said (--account)

executions  by                                     at
20          maximum concurrency                    shop/a
all         a queue without a maximum concurrency  shop/b

Ask for more before you deploy:
  aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000

The app sends e-mail. In the sandbox of SES (200 a day, 1 a second) it reaches verified addresses and the mailbox simulator only:
  aws sesv2 get-account
`);
});

it('says what tables are warmed for, of which the largest counts', async () => {
  const table = (WarmThroughput: object) => ({ Type: 'AWS::DynamoDB::Table', Properties: { WarmThroughput } });
  const resources = {
    a: table({ WriteUnitsPerSecond: 8_000 }),
    b: table({ WriteUnitsPerSecond: 16_000, ReadUnitsPerSecond: 20_000 }),
    c: { Type: 'AWS::DynamoDB::Table', Properties: {} },
  };
  const { text } = await said(resources, { json: false, account: DEFAULT_ACCOUNT });
  expect(text.replaceAll(/ +\n/g, '\n')).toContain(`
DynamoDB: write units of a table  16000      40000        40000    40000
DynamoDB: read units of a table   20000      40000        40000    40000
`);
  expect(text.replaceAll(/ +\n/g, '\n')).toContain(`
warm throughput  of                    at
8000             write units a second  shop/a
16000            write units a second  shop/b
20000            read units a second   shop/b
`);
});

it('says nothing of what is enough', async () => {
  const { text } = await said({ a: consumer(2) }, { json: false });
  expect(text).not.toContain('Ask for more');
  expect(text).not.toContain('sends e-mail');
});

it.each([
  ['just enough executions', { a: consumer(20) }, ACCOUNT(20), 0],
  ['one too few', { a: consumer(21) }, ACCOUNT(20), 1],
  ['just enough shards', { a: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 10 } } }, ACCOUNT(20), 0],
  ['one shard too few', { a: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 11 } } }, ACCOUNT(20), 1],
  ['just as warm as may be', { t: warm(40_000) }, DEFAULT_ACCOUNT, 0],
  ['a unit too warm', { t: warm(40_001) }, DEFAULT_ACCOUNT, 1],
  ['just as much to reserve as may be', { f: reserving(900) }, DEFAULT_ACCOUNT, 0],
  ['one reserved too many', { f: reserving(901) }, DEFAULT_ACCOUNT, 1],
  ['anything reserved in a new account', { f: reserving(1) }, NEW_ACCOUNT, 1],
  ['e-mail in the sandbox', { mails }, NEW_ACCOUNT, 1],
  ['e-mail outside of it', { mails }, DEFAULT_ACCOUNT, 0],
])('exits by whether the account grants it: %s', async (_, resources, account, code) => {
  const result = await said(resources, { account });
  expect(result.code).toBe(code);
  expect(JSON.parse(result.text)).toMatchObject({ ok: code === 0 });
});

it('asks for twice of what a large app may use', async () => {
  const { text } = await said({ a: consumer(900) });
  expect(JSON.parse(text).quotas[0].ask).toContain('--desired-value 1800');
});
