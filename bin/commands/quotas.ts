import { accountNeeds, type Need } from '../../lib/lint/reading/account-needs.ts';
import type { Account } from '../../lib/local/account/account.ts';
import { DEFAULT_ACCOUNT, NEW_ACCOUNT } from '../../lib/local/account/account.ts';
import { readAssembly } from '../apps/assembly-templates.ts';
import { type WhichApp, withAssembly } from '../apps/with-assembly.ts';
import { renderTable } from '../terminal/table.ts';
import { openTerminal, type Terminal } from '../terminal/terminal.ts';

export interface QuotasOptions extends WhichApp {
  readonly json: boolean;
  /** Executions at once of each function that has a URL. */
  readonly callers: number;
  /** What is compared. @default an account of the first day and one with AWS's defaults, and the exit code is 0 */
  readonly account?: Account;
}

/** One quota, what an app asks of it, and what accounts grant. */
interface Row {
  readonly quota: string;
  readonly asked: number;
  /** Whether something asks for as much as there is. */
  readonly unbounded: boolean;
  readonly newAccount: number;
  readonly defaultAccount: number;
  readonly granted: number | undefined;
  readonly ask: string;
}

/**
 * Says what the app asks of an account, beside what accounts grant, and with which command more is asked for.
 * @returns 1 when the account that was named grants less
 */
export async function quotas(options: QuotasOptions): Promise<number> {
  const terminal = openTerminal({ json: options.json });
  const needs = accountNeeds((await withAssembly(options, readAssembly)).templates, options.callers);
  const rows = [
    concurrency(needs, options),
    reserved(needs, options),
    shards(needs, options),
    ...tables(needs, options),
  ];
  const mails = needs.some(({ quota }) => quota === 'ses-sending');
  const short = rows.filter(({ asked, granted }) => granted !== undefined && asked > granted);
  const ok = short.length === 0 && !(mails && options.account?.ses.sandbox === true);
  process.stdout.write(
    `${options.json ? JSON.stringify({ ok, quotas: rows, mails, needs }) : report(rows, needs, mails, terminal)}\n`,
  );
  return ok ? 0 : 1;
}

const of = (needs: readonly Need[], quota: Need['quota']) => needs.filter((need) => need.quota === quota);
const sumOf = (needs: readonly Need[]): number => needs.reduce((sum, { most = 0 }) => sum + most, 0);

/** https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html */
function concurrency(all: readonly Need[], { account }: QuotasOptions): Row {
  const needs = of(all, 'lambda-concurrency');
  const asked = sumOf(needs);
  return {
    quota: 'Lambda: executions at once',
    asked,
    unbounded: needs.some(({ most }) => most === undefined),
    newAccount: NEW_ACCOUNT.lambda.concurrency,
    defaultAccount: DEFAULT_ACCOUNT.lambda.concurrency,
    granted: account?.lambda.concurrency,
    ask: `aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value ${Math.max(DEFAULT_ACCOUNT.lambda.concurrency, 2 * asked)}`,
  };
}

/** What reservations may take is what they leave: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html */
function reserved(all: readonly Need[], options: QuotasOptions): Row {
  const free = ({ lambda }: Account): number => Math.max(0, lambda.concurrency - lambda.unreserved);
  return {
    quota: 'Lambda: of them reserved',
    asked: sumOf(of(all, 'lambda-reserved')),
    unbounded: false,
    newAccount: free(NEW_ACCOUNT),
    defaultAccount: free(DEFAULT_ACCOUNT),
    granted: options.account && free(options.account),
    ask: concurrency(all, options).ask,
  };
}

/** https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html */
function shards(all: readonly Need[], { account }: QuotasOptions): Row {
  return {
    quota: 'Kinesis: shards',
    asked: sumOf(of(all, 'kinesis-shards')),
    unbounded: false,
    newAccount: NEW_ACCOUNT.kinesis.shards,
    defaultAccount: DEFAULT_ACCOUNT.kinesis.shards,
    granted: account?.kinesis.shards,
    ask: 'aws service-quotas list-service-quotas --service-code kinesis   # and request-service-quota-increase with the code of the shards',
  };
}

/** Most units of any one table: the quota is for each. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html */
const TABLE_QUOTAS = [
  { quota: 'table-writes', member: 'tableWrites', text: 'DynamoDB: write units of a table' },
  { quota: 'table-reads', member: 'tableReads', text: 'DynamoDB: read units of a table' },
] as const;

function tables(all: readonly Need[], { account }: QuotasOptions): readonly Row[] {
  return TABLE_QUOTAS.flatMap(({ quota, member, text }): Row[] => {
    const needs = of(all, quota);
    if (needs.length === 0) return [];
    return [
      {
        quota: text,
        asked: Math.max(...needs.map(({ most = 0 }) => most)),
        unbounded: false,
        newAccount: NEW_ACCOUNT.dynamodb[member],
        defaultAccount: DEFAULT_ACCOUNT.dynamodb[member],
        granted: account?.dynamodb[member],
        ask: 'aws service-quotas list-service-quotas --service-code dynamodb   # and request-service-quota-increase with the code of the table-level limit',
      },
    ];
  });
}

function report(rows: readonly Row[], needs: readonly Need[], mails: boolean, terminal: Terminal): string {
  const executions = of(needs, 'lambda-concurrency').map(({ path, most, why }) => [String(most ?? 'all'), why, path]);
  const warmed = TABLE_QUOTAS.flatMap(({ quota }) =>
    of(needs, quota).map(({ path, most, why }) => [String(most), why, path]),
  );
  const short = rows.filter(({ asked, newAccount, granted }) => asked > (granted ?? newAccount));
  return [
    renderTable(
      terminal,
      ['quota', 'asked for', 'new account', 'default', 'this account'],
      rows.map((row) => [
        row.quota,
        `${row.asked}${row.unbounded ? ' and more' : ''}`,
        String(row.newAccount),
        String(row.defaultAccount),
        row.granted === undefined ? 'not said (--account)' : String(row.granted),
      ]),
    ),
    '',
    renderTable(terminal, ['executions', 'by', 'at'], executions),
    ...(warmed.length === 0 ? [] : ['', renderTable(terminal, ['warm throughput', 'of', 'at'], warmed)]),
    ...(short.length === 0
      ? []
      : ['', 'Ask for more before you deploy:', ...new Set(short.map(({ ask }) => `  ${ask}`))]),
    ...(mails
      ? [
          '',
          'The app sends e-mail. In the sandbox of SES (200 a day, 1 a second) it reaches verified addresses and the mailbox simulator only:',
          '  aws sesv2 get-account',
        ]
      : []),
  ].join('\n');
}
