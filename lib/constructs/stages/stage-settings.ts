import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { type Duration, days } from '../../contracts/declaring/duration.ts';

/** What differs between deployments of the same app, as it is written down: all of it, in one place for each stage. */
export interface StageSettings {
  /** Whether what holds data or messages outlives its stack. @default true for `prod` and `prod-...`, false otherwise */
  readonly keepsData?: boolean;
  /** How long the logs of functions are kept: one of CloudWatch's periods, 1 day to 10 years. @default 90 days where data is kept, 7 elsewhere */
  readonly logRetention?: Duration;
  /** Who is sent the alarms of each severity; each address has to confirm once. @default nobody */
  readonly alarmEmails?: { readonly critical?: readonly string[]; readonly warning?: readonly string[] };
  /** Which alarms there are: `critical` leaves the warnings out, at 0.10 USD a month for each metric that they watch. @default 'all' */
  readonly alarms?: 'all' | 'critical';
  /** Whether there are dashboards, at 3 USD a month each after the first three of an account. @default true */
  readonly dashboards?: boolean;
  /** What logs have at most, where they are declared with more. @default as declared */
  readonly logs?: {
    /** Shards, 1 or more; a log that is declared on demand is provisioned with so many. */
    readonly shards?: number;
    /** 24 hours to 365 days; AWS charges for what is above 24 hours. */
    readonly retention?: Duration;
  };
  /**
   * Whether tables are warmed for the declared peaks, where those ask for more than a new table takes (4,000 write and 12,000 read units a second). It is charged once,
   * when a table is made; without it a table takes double of what it has taken half an hour before. @default true
   */
  readonly warmTables?: boolean;
  /** Start of the links to runbooks in the texts of alarms, up to the last slash. @default 'docs/runbooks/': the folder in the repository */
  readonly runbooks?: string;
  /** What becomes of e-mails to customers. @default 'written': they are kept in a bucket, and nobody is sent any */
  readonly mail?: MailSettings;
  /**
   * ARNs of roles, users or accounts that may call function URLs, beside those whom their own policies let: it takes lambda:InvokeFunctionUrl and
   * lambda:InvokeFunction. https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html @default nobody
   */
  readonly callers?: readonly string[];
  /**
   * Executions at once that each function has for itself which callers wait for, 1 or more: others cannot use them up, and it has no more. `none` lets it share
   * the account's. An account must keep 100 of its executions (a new one all 10) for functions without any, or the deployment fails: `sluice quotas`.
   * https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html @default 100 where data is kept, 'none' elsewhere
   */
  readonly reservedForCallers?: number | 'none';
  /** Name or ARN of the managed policy that bounds every role. A name may have a path: `teams/boundary`. @default none */
  readonly permissionsBoundary?: string;
  /** Cost allocation tags `owner` and `cost-centre`. @default none */
  readonly tags?: { readonly owner?: string; readonly costCentre?: string };
  /** Where it is deployed. Nothing is looked up there. @default where the CLI's credentials point */
  readonly env?: { readonly account?: string; readonly region?: string };
}

/** Written into a bucket, or sent by SES. */
export type MailSettings = 'written' | SentMail;

/** E-mails that SES sends. */
export interface SentMail {
  /** Address that they come from. It, or its domain, is an identity of the account that SES has verified. */
  readonly from: string;
  /**
   * Where they go; `{customer}` stands for the customer's number. What is sent to the mailbox simulator is delivered to nobody, cannot bounce, and is taken in the
   * sandbox, too. https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html#send-email-simulator
   * @default 'success+{customer}@simulator.amazonses.com'
   */
  readonly to?: string;
  /** E-mails a second that the account may send, 1 or more: "maximum send rate" in the SES console. @default 1, as in the sandbox */
  readonly perSecond?: number;
  /**
   * `create` has the stack make the identity of `from`, and keep it when the stack goes: other stages and stacks may send by it. Its owner has to click on a link in
   * an e-mail from AWS before anything can be sent. Creating one that exists fails. @default 'existing'
   */
  readonly identity?: 'existing' | 'create';
}

/** What differs between deployments of the same app, complete. */
export interface Stage {
  readonly name: string;
  readonly keepsData: boolean;
  readonly logRetention: RetentionDays;
  readonly alarmEmails: { readonly critical: readonly string[]; readonly warning: readonly string[] };
  readonly alarms: 'all' | 'critical';
  readonly dashboards: boolean;
  readonly logs: { readonly shards?: number; readonly retention?: Duration };
  readonly warmTables: boolean;
  /** Ends with a slash. */
  readonly runbooks: string;
  readonly mail: 'written' | Required<SentMail>;
  readonly callers: readonly string[];
  /** undefined: they share the account's. */
  readonly reservedForCallers: number | undefined;
  readonly permissionsBoundary: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly env: { readonly account?: string; readonly region?: string };
}

/**
 * Settings of a stage that costs little while nothing happens: for people's own stages. It gives up what declared logs have beyond one shard and a day,
 * the warnings among the alarms, the dashboards, and tables that take a declared peak from their first second on.
 */
export const SMALL_STAGE = {
  alarms: 'critical',
  dashboards: false,
  logs: { shards: 1, retention: days(1) },
  warmTables: false,
  logRetention: days(3),
} as const satisfies StageSettings;

/** Delivered to nobody, whatever stands after the plus. */
export const SIMULATED_MAIL = 'success+{customer}@simulator.amazonses.com';
