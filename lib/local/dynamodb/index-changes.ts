import { getIndexActions, type Index, type Item, type LevelOperation, type Store, type Table } from './dynalite.ts';
import { validationError } from './errors.ts';
import type { Parameters } from './parameters.ts';
import { indexPrefix, itemPrefix, rangeOf, type TableCache, tableKey } from './view.ts';

/** Entries read at a time while an index is filled or emptied. */
const BATCH = 500;

/** One member of UpdateTable's GlobalSecondaryIndexUpdates. */
interface IndexUpdate {
  readonly Create?: Index;
  readonly Delete?: { readonly IndexName: string };
}

/** Whether an UpdateTable adds or removes an index. */
export const changesIndexes = (updates: unknown): updates is IndexUpdate[] =>
  Array.isArray(updates) && updates.some(({ Create, Delete }: IndexUpdate) => Create != null || Delete != null);

/**
 * Adds an index to a table, or removes one, while the table is used.
 * @throws DynamodbError for more than one at a time, an index that exists, or one that does not
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
 */
export async function changeIndex(
  { store, tables }: { readonly store: Store; readonly tables: TableCache },
  table: Table,
  updates: readonly IndexUpdate[],
  given: Parameters,
): Promise<void> {
  const [update] = updates;
  if (update === undefined || updates.length > 1)
    throw validationError(
      'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
    );
  const indexes = table.GlobalSecondaryIndexes ?? [];
  const name = update.Create?.IndexName ?? update.Delete?.IndexName ?? '';
  const exists = indexes.some(({ IndexName }) => IndexName === name);
  if (update.Create && exists)
    throw validationError(
      `One or more parameter values were invalid: Table already contains an index with the name: ${name}`,
    );
  if (!update.Create && !exists)
    throw validationError(
      `One or more parameter values were invalid: Table does not contain an index with the name: ${name}`,
    );
  const added = update.Create && { ...update.Create, ...described(table, name) };
  const left = indexes.filter(({ IndexName }) => IndexName !== name);
  const changed = await putTable(store, tables, table, added ? [...left, added] : left, given.AttributeDefinitions);
  if (added) await fill(store, changed, added);
  else await empty(store, indexPrefix('global', table.TableName, name));
}

const described = ({ TableArn }: Table, name: string) => ({
  IndexArn: `${TableArn}/index/${name}`,
  IndexSizeBytes: 0,
  ItemCount: 0,
  IndexStatus: 'ACTIVE',
  ProvisionedThroughput: { ReadCapacityUnits: 0, WriteCapacityUnits: 0, NumberOfDecreasesToday: 0 },
});

/** From here on writes keep the new index, or no longer the old one. */
async function putTable(
  { db }: Store,
  tables: TableCache,
  table: Table,
  indexes: readonly Index[],
  definitions: unknown,
): Promise<Table> {
  const { GlobalSecondaryIndexes: _before, ...rest } = table;
  const all = [...attributes(definitions), ...attributes(table.AttributeDefinitions)];
  const keys = new Set(
    [table, ...indexes, ...(table.LocalSecondaryIndexes ?? [])].flatMap(({ KeySchema }) =>
      KeySchema.map(({ AttributeName }) => AttributeName),
    ),
  );
  for (const key of keys) {
    if (!all.some(({ AttributeName }) => AttributeName === key))
      throw validationError(
        `One or more parameter values were invalid: ${key} is a key, but not in AttributeDefinitions`,
      );
  }
  const AttributeDefinitions = [...keys].map((key) => all.find(({ AttributeName }) => AttributeName === key));
  const value = { ...rest, AttributeDefinitions, ...(indexes.length > 0 && { GlobalSecondaryIndexes: indexes }) };
  tables.forget(table.TableName);
  await db.batch([{ type: 'put', key: tableKey(table.TableName), value }]);
  return value;
}

const attributes = (definitions: unknown) => (definitions ?? []) as readonly { readonly AttributeName: string }[];

/** Items that were there before the index. What is written in the meantime is indexed by the write. */
async function fill({ db }: Store, table: Table, index: Index): Promise<void> {
  const items = rangeOf(itemPrefix(table.TableName));
  const prefix = indexPrefix('global', table.TableName, index.IndexName);
  const iterator = db.keys(items);
  try {
    for (;;) {
      const keys = (await iterator.nextv(BATCH)) as string[];
      if (keys.length === 0) return;
      const puts = keys.flatMap((key): LevelOperation[] => {
        // Read now, not when the iterator was made: it may have changed since.
        const item = db.getSync(key) as Item | undefined;
        if (item === undefined) return [];
        const actions = getIndexActions([index], undefined, item, table);
        return actions.puts.map((put) => ({ type: 'put', key: prefix + put.key, value: put.item }));
      });
      await db.batch(puts);
    }
  } finally {
    await iterator.close();
  }
}

async function empty({ db }: Store, prefix: string): Promise<void> {
  const iterator = db.keys(rangeOf(prefix));
  try {
    for (;;) {
      const keys = (await iterator.nextv(BATCH)) as string[];
      if (keys.length === 0) return;
      await db.batch(keys.map((key) => ({ type: 'del', key })));
    }
  } finally {
    await iterator.close();
  }
}
