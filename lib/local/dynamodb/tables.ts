import { documents } from '../state/documents.ts';
import type { State } from '../state/state.ts';
import { type ActionName, run, type Store, type Table, validate } from './dynalite.ts';
import { DynamodbError, validationError } from './errors.ts';
import type { Expiry } from './expiry.ts';
import { changeIndex, changesIndexes } from './index-changes.ts';
import type { Parameters } from './parameters.ts';
import type { Streams } from './streams.ts';
import type { Throughput, Use, Warm } from './throughput.ts';
import { indexPrefix, itemPrefix, noSuchTable, rangeOf, type TableCache, tableKey, tagPrefix } from './view.ts';

export interface TableContext {
  readonly store: Store;
  readonly tables: TableCache;
  readonly streams: Streams;
  readonly expiry: Expiry;
  readonly state?: State | undefined;
  /** Told of the warm throughput of tables. */
  readonly throughput?: Throughput | undefined;
}

type Operation = (parameters: Parameters) => Promise<Parameters>;

/** Settings that change nothing in the engine, kept so that DescribeTable can show them. */
interface Settings {
  deletionProtection: boolean;
  pointInTimeRecovery: boolean;
  encrypted: boolean;
  tableClass: string;
  contributorInsights: boolean;
  /** Warm throughput that was asked for. */
  warm?: Warm;
}

/** Tables become active within a turn or two of the event loop; waiting longer means something is wrong. */
const ACTIVE_TIMEOUT_MS = 5_000;
/** Fields of UpdateTable that dynalite acts on. */
const DYNALITE_UPDATES = ['ProvisionedThroughput', 'BillingMode'];

/** Everything about tables themselves, and their settings. */
export function createTableOperations(context: TableContext): Record<string, Operation> {
  const { store, tables, streams, expiry, state, throughput } = context;
  const kept = state && documents<Settings>(state, 'dynamodb-settings');
  const settings = new Map<string, Settings>(kept?.entries() ?? []);
  const warm = (name: string, units: Warm | undefined): void => {
    const table = units && tables.find(name);
    if (table !== undefined) throughput?.warm(table, units ?? {});
  };
  for (const [name, known] of settings) warm(name, known.warm);

  const find = (name: unknown): Table => {
    const table = tables.find(nameOf(name));
    if (table === undefined) throw noSuchTable(nameOf(name), false);
    return table;
  };
  const settingsOf = (name: string): Settings => {
    const known = settings.get(name) ?? {
      deletionProtection: false,
      pointInTimeRecovery: false,
      encrypted: false,
      tableClass: 'STANDARD',
      contributorInsights: false,
    };
    settings.set(name, known);
    return known;
  };
  const described = (table: Table): Parameters => {
    const { deletionProtection, encrypted, tableClass, warm: units } = settingsOf(table.TableName);
    return {
      ...table,
      ...streams.describe(table.TableName),
      DeletionProtectionEnabled: deletionProtection,
      ...(encrypted && { SSEDescription: { Status: 'ENABLED', SSEType: 'KMS' } }),
      ...(tableClass !== 'STANDARD' && { TableClassSummary: { TableClass: tableClass } }),
      ...(units && { WarmThroughput: { ...toWire(units), Status: 'ACTIVE' } }),
    };
  };
  const applySettings = (name: string, given: Parameters) => {
    const current = settingsOf(name);
    if (typeof given.DeletionProtectionEnabled === 'boolean')
      current.deletionProtection = given.DeletionProtectionEnabled;
    if (typeof given.TableClass === 'string') current.tableClass = given.TableClass;
    const encryption = given.SSESpecification as { Enabled?: boolean } | undefined;
    if (encryption !== undefined) current.encrypted = encryption.Enabled === true;
    const units = warmIn(given, current.warm);
    if (units !== undefined) current.warm = units;
    warm(name, current.warm);
    kept?.put(name, current);
  };
  const plain =
    (action: ActionName): Operation =>
    (parameters) =>
      run(action, store, validate(action, store, parameters));

  return {
    async CreateTable(parameters) {
      const given = { ...parameters };
      const stream = given.StreamSpecification as Parameters | undefined;
      const data = validate('createTable', store, parameters);
      const name = String(data.TableName);
      if (tables.find(name) !== undefined) {
        throw new DynamodbError('ResourceInUseException', `Table already exists: ${name}`);
      }
      await run('createTable', store, data);
      const table = await active(tables, name);
      settings.delete(name);
      applySettings(name, given);
      if (stream?.StreamEnabled === true) streams.enable(table, stream);
      if (Array.isArray(given.Tags) && given.Tags.length > 0) {
        await run('tagResource', store, { ResourceArn: table.TableArn, Tags: given.Tags });
      }
      return { TableDescription: { ...described(table), TableStatus: 'CREATING' } };
    },
    async UpdateTable(parameters) {
      const given = { ...parameters };
      const table = find(given.TableName);
      const name = table.TableName;
      const updates = given.GlobalSecondaryIndexUpdates;
      if (changesIndexes(updates)) await changeIndex({ store, tables }, table, updates, given);
      const stream = given.StreamSpecification as Parameters | undefined;
      if (stream?.StreamEnabled === true) streams.enable(table, stream);
      else if (stream?.StreamEnabled === false) streams.disable(name);
      applySettings(name, given);
      if (
        (updates !== undefined && !changesIndexes(updates)) ||
        DYNALITE_UPDATES.some((field) => given[field] !== undefined)
      ) {
        tables.forget(name);
        await run('updateTable', store, validate('updateTable', store, { ...parameters, TableName: name }));
      }
      return { TableDescription: described(await active(tables, name)) };
    },
    async DescribeTable({ TableName }) {
      return { Table: described(find(TableName)) };
    },
    async DeleteTable({ TableName }) {
      const table = find(TableName);
      const name = table.TableName;
      if (settingsOf(name).deletionProtection) {
        throw validationError(
          'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
        );
      }
      const TableDescription = { ...described(table), TableStatus: 'DELETING' };
      streams.disable(name);
      expiry.forget(name);
      settings.delete(name);
      kept?.delete(name);
      tables.forget(name);
      await removeData(store, table);
      return { TableDescription };
    },
    ListTables: plain('listTables'),
    TagResource: plain('tagResource'),
    UntagResource: plain('untagResource'),
    ListTagsOfResource: plain('listTagsOfResource'),
    async UpdateTimeToLive({ TableName, TimeToLiveSpecification }) {
      return expiry.update(find(TableName), (TimeToLiveSpecification ?? {}) as Parameters);
    },
    async DescribeTimeToLive({ TableName }) {
      return expiry.describe(find(TableName).TableName);
    },
    async UpdateContinuousBackups({ TableName, PointInTimeRecoverySpecification }) {
      const wanted = PointInTimeRecoverySpecification as { PointInTimeRecoveryEnabled?: boolean } | undefined;
      const { TableName: name } = find(TableName);
      const current = settingsOf(name);
      current.pointInTimeRecovery = wanted?.PointInTimeRecoveryEnabled === true;
      kept?.put(name, current);
      return { ContinuousBackupsDescription: backups(current) };
    },
    async DescribeContinuousBackups({ TableName }) {
      return { ContinuousBackupsDescription: backups(settingsOf(find(TableName).TableName)) };
    },
    async UpdateContributorInsights({ TableName, ContributorInsightsAction }) {
      const { TableName: name } = find(TableName);
      const current = settingsOf(name);
      current.contributorInsights = ContributorInsightsAction === 'ENABLE';
      kept?.put(name, current);
      return {
        TableName: name,
        ContributorInsightsStatus: settingsOf(name).contributorInsights ? 'ENABLED' : 'DISABLED',
      };
    },
    async DescribeContributorInsights({ TableName }) {
      const { TableName: name } = find(TableName);
      return {
        TableName: name,
        ContributorInsightsStatus: settingsOf(name).contributorInsights ? 'ENABLED' : 'DISABLED',
      };
    },
    async DescribeLimits() {
      return {
        AccountMaxReadCapacityUnits: 80_000,
        AccountMaxWriteCapacityUnits: 80_000,
        TableMaxReadCapacityUnits: 40_000,
        TableMaxWriteCapacityUnits: 40_000,
      };
    },
  };
}

/** What a table has, under the names that DynamoDB gives it. */
const WARM = { read: 'ReadUnitsPerSecond', write: 'WriteUnitsPerSecond' } as const satisfies Record<Use, string>;
const USES = Object.keys(WARM) as Use[];

const toWire = (units: Warm): Parameters =>
  Object.fromEntries(USES.flatMap((use) => (units[use] === undefined ? [] : [[WARM[use], units[use]]])));

/**
 * The warm throughput that is asked for, with what the table has already.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
 * @throws DynamodbError for less than it has: a table that was warmed stays so
 */
function warmIn({ WarmThroughput }: Parameters, before: Warm = {}): Warm | undefined {
  if (WarmThroughput === undefined || WarmThroughput === null) return undefined;
  const units: Partial<Record<Use, number>> = { ...before };
  for (const use of USES) {
    const given = (WarmThroughput as Parameters)[WARM[use]];
    if (given === undefined || given === null) continue;
    if (!Number.isSafeInteger(given) || Number(given) < 1)
      throw validationError(`1 validation error detected: Value at 'warmThroughput.${WARM[use]}' must be 1 or more`);
    if (Number(given) < (before[use] ?? 0))
      throw validationError(
        `One or more parameter values were invalid: Requested ${WARM[use]} for WarmThroughput for table is lower than current WarmThroughput, decreasing WarmThroughput is not supported`,
      );
    units[use] = Number(given);
  }
  return units;
}

/** Operations take a table's name or its ARN. */
export function nameOf(tableNameOrArn: unknown): string {
  const text = String(tableNameOrArn);
  return text.startsWith('arn:') ? (text.split('/')[1] ?? text) : text;
}

/** dynalite sets the state from a timer; nothing must see a table that is not ready yet. */
async function active(tables: TableCache, name: string): Promise<Table> {
  const deadline = Date.now() + ACTIVE_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const table = tables.find(name);
    if (table?.TableStatus === 'ACTIVE') return table;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new DynamodbError('InternalServerError', `table ${name} did not become ACTIVE within ${ACTIVE_TIMEOUT_MS} ms`);
}

function backups({ pointInTimeRecovery }: Settings): Parameters {
  const status = pointInTimeRecovery ? 'ENABLED' : 'DISABLED';
  return {
    ContinuousBackupsStatus: 'ENABLED',
    PointInTimeRecoveryDescription: {
      PointInTimeRecoveryStatus: status,
      ...(pointInTimeRecovery && { RecoveryPeriodInDays: 35 }),
    },
  };
}

async function removeData({ db }: Store, table: Table): Promise<void> {
  const name = table.TableName;
  // The description goes first: from here on the table does not exist.
  await db.batch([{ type: 'del', key: tableKey(name) }]);
  const prefixes = [
    itemPrefix(name),
    tagPrefix(name),
    ...(table.GlobalSecondaryIndexes ?? []).map(({ IndexName }) => indexPrefix('global', name, IndexName)),
    ...(table.LocalSecondaryIndexes ?? []).map(({ IndexName }) => indexPrefix('local', name, IndexName)),
  ];
  for (const prefix of prefixes) await db.clear(rangeOf(prefix));
}
