import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Duration } from '../contracts/duration.ts';

/** What differs between deployments of the same app, as it is written down. */
export interface StageSettings {
  /** Whether what holds data or messages outlives its stack. @default true for `prod` and `prod-...`, false otherwise */
  readonly keepsData?: boolean;
  /** How long the logs of functions are kept: one of CloudWatch's periods, 1 day to 10 years. @default 90 days where data is kept, 7 elsewhere */
  readonly logRetention?: Duration;
  /** Who is sent the alarms of each severity; each address has to confirm once. @default nobody */
  readonly alarmEmails?: { readonly critical?: readonly string[]; readonly warning?: readonly string[] };
  /** Start of the links to runbooks in the texts of alarms, up to the last slash. @default 'docs/runbooks/': the folder in the repository */
  readonly runbooks?: string;
  /** Address that e-mails to customers come from; SES must be allowed to send from it. @default what the system declares */
  readonly mailFrom?: string;
  /** Name or ARN of the managed policy that bounds every role. A name may have a path: `teams/boundary`. @default none */
  readonly permissionsBoundary?: string;
  /** Cost allocation tags `owner` and `cost-centre`. @default none */
  readonly tags?: { readonly owner?: string; readonly costCentre?: string };
  /** Where it is deployed. Nothing is looked up there. @default where the CLI's credentials point */
  readonly env?: { readonly account?: string; readonly region?: string };
}

/** What differs between deployments of the same app, complete. */
export interface Stage {
  readonly name: string;
  readonly keepsData: boolean;
  readonly logRetention: RetentionDays;
  readonly alarmEmails: { readonly critical: readonly string[]; readonly warning: readonly string[] };
  /** Ends with a slash. */
  readonly runbooks: string;
  readonly mailFrom: string | undefined;
  readonly permissionsBoundary: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly env: { readonly account?: string; readonly region?: string };
}

const NAME = /^[a-z][a-z0-9-]{0,15}$/;
const SECONDS_PER_DAY = 86_400;
const PERIODS = Object.values(RetentionDays).filter((days): days is RetentionDays => typeof days === 'number');
const EMAIL = /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/;
/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names */
const POLICY = /^(arn:aws[a-z-]*:iam::(\d{12}|aws):policy\/)?([\w+=,.@-]+\/)*[\w+=,.@-]{1,128}$/;
/** What all services take in a tag's value. https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html */
const TAG = /^[\p{L}\p{N} +=._:/@-]{1,256}$/u;
const KEYS: readonly (keyof StageSettings)[] = [
  'keepsData',
  'logRetention',
  'alarmEmails',
  'runbooks',
  'mailFrom',
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
  for (const { holds, property, value, rule } of checks(settings)) {
    if (!holds) throw new Error(`stage '${name}': ${property} must be ${rule} (given ${shown(value)})`);
  }
  const { alarmEmails, runbooks = 'docs/runbooks/', tags = {} } = settings;
  const keepsData = settings.keepsData ?? /^prod(-|$)/.test(name);
  return {
    name,
    keepsData,
    logRetention: periodOf(settings) ?? (keepsData ? RetentionDays.THREE_MONTHS : RetentionDays.ONE_WEEK),
    alarmEmails: { critical: alarmEmails?.critical ?? [], warning: alarmEmails?.warning ?? [] },
    runbooks: runbooks.endsWith('/') ? runbooks : `${runbooks}/`,
    mailFrom: settings.mailFrom,
    permissionsBoundary: settings.permissionsBoundary,
    tags: {
      ...(tags.owner === undefined ? {} : { owner: tags.owner }),
      ...(tags.costCentre === undefined ? {} : { 'cost-centre': tags.costCentre }),
    },
    env: settings.env ?? {},
  };
}

const periodOf = ({ logRetention }: StageSettings): RetentionDays | undefined =>
  PERIODS.find((days) => days * SECONDS_PER_DAY === logRetention?.seconds);

function checks(settings: StageSettings): Check[] {
  const {
    keepsData,
    logRetention,
    alarmEmails = {},
    runbooks,
    mailFrom,
    permissionsBoundary,
    tags = {},
    env = {},
  } = settings;
  const text = (property: string, value: unknown, pattern: RegExp, rule: string): Check => ({
    ...{ property, value, rule },
    holds: value === undefined || (typeof value === 'string' && pattern.test(value)),
  });
  const known = (property: string, value: object, names: readonly string[]): Check[] =>
    Object.keys(value).map((key) => ({
      ...{ property, value: key, rule: `of ${names.join(', ')}` },
      holds: names.includes(key),
    }));
  const address = 'an e-mail address';
  return [
    ...known('a setting', settings, KEYS),
    ...known('alarmEmails', alarmEmails, ['critical', 'warning']),
    ...known('tags', tags, ['owner', 'costCentre']),
    ...known('env', env, ['account', 'region']),
    {
      ...{ property: 'keepsData', value: keepsData, rule: 'true or false' },
      holds: keepsData === undefined || typeof keepsData === 'boolean',
    },
    {
      ...{ property: 'logRetention', value: logRetention, rule: `one of ${PERIODS.join(', ')} days, as days(7)` },
      holds: logRetention === undefined || periodOf(settings) !== undefined,
    },
    ...Object.entries(alarmEmails).flatMap(([severity, given]: [string, unknown]): Check[] =>
      Array.isArray(given)
        ? given.map((one) => text(`alarmEmails.${severity}`, one, EMAIL, `a list of e-mail addresses`))
        : [
            {
              ...{ property: `alarmEmails.${severity}`, value: given, rule: `a list of e-mail addresses` },
              holds: false,
            },
          ],
    ),
    text('runbooks', runbooks, /^\S+$/, 'the start of a link, without spaces'),
    text('mailFrom', mailFrom, EMAIL, address),
    text('permissionsBoundary', permissionsBoundary, POLICY, 'the name or ARN of a managed policy'),
    text('tags.owner', tags.owner, TAG, '1 to 256 letters, digits, spaces and + - = . _ : / @'),
    text('tags.costCentre', tags.costCentre, TAG, '1 to 256 letters, digits, spaces and + - = . _ : / @'),
    text('env.account', env.account, /^\d{12}$/, 'the 12 digits of an AWS account'),
    text('env.region', env.region, /^[a-z]{2}(-[a-z]+)+-\d$/, 'the name of a region, as eu-west-1'),
  ];
}

const shown = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : JSON.stringify(value));
