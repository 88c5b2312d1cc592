/**
 * What an AWS account grants, in numbers: quotas that AWS raises on request, and how it treats who waits or comes too often. The rules
 * that hold in every account are in the services themselves.
 */
export interface Account {
  readonly ses: {
    /** Recipients must be verified identities or the mailbox simulator. */
    readonly sandbox: boolean;
    /** Recipients in 24 hours, whole number, 1 or more. */
    readonly perDay: number;
    /** Recipients a second, 1 or more. */
    readonly perSecond: number;
    /** Addresses and domains that are there already, verified: senders, and recipients in the sandbox. */
    readonly identities: readonly string[];
  };
  readonly lambda: {
    /** Executions at a time, all functions together; 1 or more. */
    readonly concurrency: number;
    /** What reservations must leave of it to functions that have none; 0 or more. */
    readonly unreserved: number;
    /** Waits before the first and the second retry of an event (asynchronous invocation), seconds. */
    readonly retrySeconds: readonly number[];
    /** An instance stands still from its answer to its next event: no timer, no socket of it is served. */
    readonly freezes: boolean;
  };
  readonly dynamodb: {
    /** Write and read units a second that a new on-demand table takes; it takes double what it has taken before. */
    readonly newTableWrites: number;
    readonly newTableReads: number;
    /** Most write and read units a second of any table. */
    readonly tableWrites: number;
    readonly tableReads: number;
    /** Most write and read units a second of one partition key. */
    readonly keyWrites: number;
    readonly keyReads: number;
    /** Part of a declared warm throughput that a table has, above 0 and at most 1: less to try a declared peak with a part of its traffic. */
    readonly warmShare: number;
    /** How long a transaction holds its items, milliseconds; others that want them meanwhile conflict. */
    readonly transactionMs: number;
  };
  readonly kinesis: {
    /** Open shards of all provisioned streams. */
    readonly shards: number;
    /** On-demand streams. */
    readonly onDemandStreams: number;
    /** UpdateShardCount for one stream in 24 hours. */
    readonly scalingsPerDay: number;
  };
  readonly http: {
    /** The services close a connection on which nothing came for so long, seconds. */
    readonly idleSeconds: number;
  };
}

/**
 * An account after its quotas were raised to AWS's documented defaults, out of the sandbox of SES.
 *
 * - SES: out of the sandbox the quota "varies"; 50,000 a day and 14 a second is what accounts are commonly given.
 *   https://docs.aws.amazon.com/ses/latest/dg/quotas.html
 * - Lambda: 1,000, of which 100 stay unreserved. https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
 *   Retries after one and two minutes. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 *   Frozen between events. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
 * - DynamoDB: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html (new tables),
 *   .../ServiceQuotas.html (tables), .../bp-partition-key-design.html (keys). Nobody documents how long a transaction takes; 10 ms is what is commonly measured.
 * - Kinesis: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html, 20,000 shards in the largest regions;
 *   https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
 * - Idle connections: "Lambda purges idle connections over time", after times that are not documented.
 *   https://docs.aws.amazon.com/lambda/latest/dg/best-practices.html
 */
export const DEFAULT_ACCOUNT: Account = {
  ses: { sandbox: false, perDay: 50_000, perSecond: 14, identities: [] },
  lambda: { concurrency: 1_000, unreserved: 100, retrySeconds: [60, 120], freezes: true },
  dynamodb: {
    ...{ newTableWrites: 4_000, newTableReads: 12_000, tableWrites: 40_000, tableReads: 40_000 },
    ...{ keyWrites: 1_000, keyReads: 3_000, warmShare: 1, transactionMs: 10 },
  },
  kinesis: { shards: 20_000, onDemandStreams: 50, scalingsPerDay: 10 },
  http: { idleSeconds: 20 },
};

/**
 * An account of the first day.
 *
 * - SES: the sandbox, 200 a day, 1 a second. https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html
 * - Lambda: new accounts have "reduced concurrency"; 10 is common, and then nothing can be reserved, because 10 must stay unreserved.
 *   https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 * - Kinesis: 1,000 shards, the least of the regions' defaults.
 */
export const NEW_ACCOUNT: Account = {
  ...DEFAULT_ACCOUNT,
  ses: { sandbox: true, perDay: 200, perSecond: 1, identities: [] },
  lambda: { ...DEFAULT_ACCOUNT.lambda, concurrency: 10, unreserved: 10 },
  kinesis: { ...DEFAULT_ACCOUNT.kinesis, shards: 1_000 },
};

/** Accounts by the names that the command line and files use. */
export const NAMED_ACCOUNTS = { new: NEW_ACCOUNT, default: DEFAULT_ACCOUNT } as const;
export type AccountName = keyof typeof NAMED_ACCOUNTS;
