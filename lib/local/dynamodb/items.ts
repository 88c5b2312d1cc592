import type { Commit } from './commit.ts';
import { type ActionName, type Parameters, run, runNow, type Store, validate } from './dynalite.ts';
import { DynamodbError } from './errors.ts';
import { type TableCache, viewOf } from './view.ts';

export interface ItemContext {
  readonly store: Store;
  readonly tables: TableCache;
  readonly commit: Commit;
}

type Operation = (parameters: Parameters) => Promise<Parameters>;

/** Reads and writes of items: dynalite's actions on views, committed in one go. */
export function createItemOperations({ store, tables, commit }: ItemContext): Record<string, Operation> {
  const write =
    (action: ActionName): Operation =>
    async (parameters) => {
      const returnsItem = parameters.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
      const data = validate(action, store, parameters);
      const view = viewOf(store, tables);
      let result: Parameters;
      try {
        result = runNow(action, view, data);
      } catch (error) {
        throw returnsItem ? withItem(error, view.lastRead) : error;
      }
      await commit([view]);
      return result;
    };
  const read =
    (action: ActionName): Operation =>
    async (parameters) =>
      runNow(action, viewOf(store, tables), validate(action, store, parameters));
  const search =
    (action: ActionName): Operation =>
    async (parameters) => {
      const data = validate(action, store, parameters);
      const snapshot = store.db.snapshot();
      try {
        return await run(action, viewOf(store, tables, snapshot), data);
      } finally {
        await snapshot.close();
      }
    };
  return {
    PutItem: write('putItem'),
    UpdateItem: write('updateItem'),
    DeleteItem: write('deleteItem'),
    BatchWriteItem: write('batchWriteItem'),
    GetItem: read('getItem'),
    BatchGetItem: search('batchGetItem'),
    Query: search('query'),
    Scan: search('scan'),
  };
}

/** `ReturnValuesOnConditionCheckFailure: ALL_OLD`: the error carries the item the condition was about. */
function withItem(error: unknown, item: object | undefined): unknown {
  if (!(error instanceof DynamodbError) || error.code !== 'ConditionalCheckFailedException' || item === undefined)
    return error;
  return new DynamodbError(error.code, error.message, { Item: item });
}
