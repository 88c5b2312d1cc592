import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { KINESIS } from '../../contracts/declaring/limits.ts';
import { type MailSettings, SIMULATED_MAIL, type Stage, type StageSettings } from './stage-settings.ts';

const NAME = /^[a-z][a-z0-9-]{0,15}$/;
const SECONDS_PER_DAY = 86_400;
/** Of each function that callers wait for: 500 calls a second that take 200 ms each. */
const RESERVED_WHERE_DATA_IS_KEPT = 100;
const PERIODS = Object.values(RetentionDays).filter((days): days is RetentionDays => typeof days === 'number');
const EMAIL = /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/;
/** Nobody receives mail there, so that it bounces, and SES pauses an account that bounces. https://www.rfc-editor.org/rfc/rfc2606 */
const UNREACHABLE = /[@.](example\.(com|net|org)|example|test|invalid|localhost)$/i;
/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names */
const POLICY = /^(arn:aws[a-z-]*:iam::(\d{12}|aws):policy\/)?([\w+=,.@-]+\/)*[\w+=,.@-]{1,128}$/;
const PRINCIPAL =
  /^arn:aws[a-z-]*:(iam::\d{12}:(root|(role|user)\/[\w+=,.@/-]+)|sts::\d{12}:assumed-role\/[\w+=,.@/-]+)$/;
/** What all services take in a tag's value. https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html */
const TAG = /^[\p{L}\p{N} +=._:/@-]{1,256}$/u;
const KEYS: readonly (keyof StageSettings)[] = [
  'keepsData',
  'logRetention',
  'alarmEmails',
  'alarms',
  'dashboards',
  'logs',
  'warmTables',
  'runbooks',
  'mail',
  'callers',
  'reservedForCallers',
  'permissionsBoundary',
  'tags',
  'env',
];

interface Check {
  readonly holds: boolean;
  readonly property: string;
  readonly value: unknown;
  readonly rule: string;
}

/**
 * Checks the settings of a stage and fills in what they leave out.
 * @throws Error naming the stage, the setting, its value and the rule
 */
export function resolveStage(name: string, settings: StageSettings = {}): Stage {
  if (!NAME.test(name)) {
    throw new Error(
      `context 'stage' must be 1 to 16 characters, a-z, 0-9 and hyphens, starting with a letter (given '${name}'). Write for example: npx cdk deploy --all -c stage=dev`,
    );
  }
  checkSettings(name, settings);
  const { alarmEmails, runbooks = 'docs/runbooks/', tags = {}, mail = 'written' } = settings;
  const keepsData = settings.keepsData ?? /^prod(-|$)/.test(name);
  return {
    name,
    keepsData,
    logRetention: logRetentionIn(settings) ?? (keepsData ? RetentionDays.THREE_MONTHS : RetentionDays.ONE_WEEK),
    alarmEmails: { critical: alarmEmails?.critical ?? [], warning: alarmEmails?.warning ?? [] },
    alarms: settings.alarms ?? 'all',
    dashboards: settings.dashboards ?? true,
    logs: settings.logs ?? {},
    warmTables: settings.warmTables ?? true,
    runbooks: runbooks.endsWith('/') ? runbooks : `${runbooks}/`,
    mail: mail === 'written' ? mail : { to: SIMULATED_MAIL, perSecond: 1, identity: 'existing', ...mail },
    callers: settings.callers ?? [],
    reservedForCallers: reservedIn(settings, keepsData),
    permissionsBoundary: settings.permissionsBoundary,
    tags: {
      ...(tags.owner === undefined ? {} : { owner: tags.owner }),
      ...(tags.costCentre === undefined ? {} : { 'cost-centre': tags.costCentre }),
    },
    env: settings.env ?? {},
  };
}

const reservedIn = ({ reservedForCallers: given }: StageSettings, keepsData: boolean): number | undefined =>
  given === 'none' ? undefined : (given ?? (keepsData ? RESERVED_WHERE_DATA_IS_KEPT : undefined));

function checkSettings(stage: string, settings: StageSettings): void {
  for (const { holds, property, value, rule } of checks(settings)) {
    if (!holds) throw new Error(`stage '${stage}': ${property} must be ${rule} (given ${shown(value)})`);
  }
}

/** As CloudWatch has it; undefined: none, or no period of CloudWatch. */
const logRetentionIn = ({ logRetention }: StageSettings): RetentionDays | undefined =>
  PERIODS.find((days) => days * SECONDS_PER_DAY === logRetention?.seconds);

const text = (property: string, value: unknown, pattern: RegExp, rule: string): Check => ({
  ...{ property, value, rule },
  holds: value === undefined || (typeof value === 'string' && pattern.test(value)),
});

const oneOf = (property: string, value: unknown, values: readonly unknown[]): Check => ({
  ...{ property, value, rule: values.map(shown).join(' or ') },
  holds: value === undefined || values.includes(value),
});

const known = (property: string, value: object, names: readonly string[]): Check[] =>
  Object.keys(value).map((key) => ({
    ...{ property, value: key, rule: `of ${names.join(', ')}` },
    holds: names.includes(key),
  }));

const each = (property: string, value: unknown, pattern: RegExp, rule: string): Check[] =>
  Array.isArray(value)
    ? value.map((one) => text(property, one, pattern, rule))
    : [{ ...{ property, value, rule }, holds: value === undefined }];

function checks(settings: StageSettings): Check[] {
  const { keepsData, logRetention, alarmEmails = {}, logs = {}, permissionsBoundary, tags = {}, env = {} } = settings;
  const { reservedForCallers: reserved } = settings;
  return [
    ...known('a setting', settings, KEYS),
    ...known('alarmEmails', alarmEmails, ['critical', 'warning']),
    ...known('logs', logs, ['shards', 'retention']),
    ...known('tags', tags, ['owner', 'costCentre']),
    ...known('env', env, ['account', 'region']),
    oneOf('keepsData', keepsData, [true, false]),
    {
      ...{ property: 'logRetention', value: logRetention, rule: `one of ${PERIODS.join(', ')} days, as days(7)` },
      holds: logRetention === undefined || logRetentionIn(settings) !== undefined,
    },
    ...Object.entries(alarmEmails).flatMap(([severity, given]: [string, unknown]) =>
      each(`alarmEmails.${severity}`, given, EMAIL, 'a list of e-mail addresses'),
    ),
    oneOf('alarms', settings.alarms, ['all', 'critical']),
    oneOf('dashboards', settings.dashboards, [true, false]),
    oneOf('warmTables', settings.warmTables, [true, false]),
    ...logChecks(logs),
    text('runbooks', settings.runbooks, /^\S+$/, 'the start of a link, without spaces'),
    ...mailChecks(settings.mail),
    ...each(
      'callers',
      settings.callers,
      PRINCIPAL,
      'a list of ARNs of roles, users or accounts (arn:aws:iam::ACCOUNT:root)',
    ),
    {
      ...{ property: 'reservedForCallers', value: reserved },
      rule: "a whole number of 1 or more, or 'none'",
      holds: reserved === undefined || reserved === 'none' || isCount(reserved),
    },
    text('permissionsBoundary', permissionsBoundary, POLICY, 'the name or ARN of a managed policy'),
    text('tags.owner', tags.owner, TAG, '1 to 256 letters, digits, spaces and + - = . _ : / @'),
    text('tags.costCentre', tags.costCentre, TAG, '1 to 256 letters, digits, spaces and + - = . _ : / @'),
    text('env.account', env.account, /^\d{12}$/, 'the 12 digits of an AWS account'),
    text('env.region', env.region, /^[a-z]{2}(-[a-z]+)+-\d$/, 'the name of a region, as eu-west-1'),
  ];
}

const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 1;

const logChecks = ({ shards, retention }: NonNullable<StageSettings['logs']>): Check[] => [
  {
    ...{ property: 'logs.shards', value: shards, rule: 'a whole number of 1 or more' },
    holds: shards === undefined || isCount(shards),
  },
  {
    ...{ property: 'logs.retention', value: retention, rule: 'from 24 hours to 365 days, as days(1)' },
    holds:
      retention === undefined ||
      (retention.seconds >= KINESIS.minRetentionSeconds && retention.seconds <= KINESIS.maxRetentionSeconds),
  },
];

function mailChecks(mail: MailSettings | undefined): Check[] {
  if (mail === undefined || mail === 'written') return [];
  const rule = `'written', or { from: 'an address that SES may send from' }`;
  if (typeof mail !== 'object') return [{ property: 'mail', value: mail, rule, holds: false }];
  const { from, to, perSecond, identity } = mail;
  return [
    ...known('mail', mail, ['from', 'to', 'perSecond', 'identity']),
    { property: 'mail.from', value: from, rule: 'an e-mail address', holds: EMAIL.test(String(from)) },
    text('mail.to', to, EMAIL, 'an e-mail address, in which {customer} stands for the number of the customer'),
    {
      ...{ property: 'mail.to', value: to },
      rule: 'an address at which mail can be received: what bounces has SES pause the account. Leave it out for the mailbox simulator',
      holds: typeof to !== 'string' || !UNREACHABLE.test(to),
    },
    {
      ...{ property: 'mail.perSecond', value: perSecond, rule: 'a number of 1 or more' },
      holds: perSecond === undefined || (Number.isFinite(perSecond) && perSecond >= 1),
    },
    oneOf('mail.identity', identity, ['existing', 'create']),
  ];
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}
