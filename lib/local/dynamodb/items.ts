import { batchWrite } from './batch-write.ts';
import { writeUnits } from './capacity.ts';
import { type ActionName, run, runNow, validate } from './dynalite.ts';
import { DynamodbError } from './errors.ts';
import { transactionConflict } from './in-flight.ts';
import type { ItemContext } from './item-context.ts';
import type { Parameters } from './parameters.ts';
import { partitionKeyOf, placeOf } from './places.ts';
import { throttling } from './throughput.ts';
import { type TableCache, type View, viewOf } from './view.ts';

type Operation = (parameters: Parameters) => Promise<Parameters>;

/** Reads and writes of items: dynalite's actions on views, committed in one go. */
export function createItemOperations(context: ItemContext): Record<string, Operation> {
  const { store, tables, commit, inFlight } = context;
  const write =
    (action: ActionName): Operation =>
    async (parameters) => {
      const returnsItem = parameters.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
      const data = validate(action, store, parameters);
      if (inFlight.isHeld(() => placeIn(data, tables))) throw transactionConflict();
      const view = viewOf(store, tables);
      let result: Parameters;
      try {
        result = runNow(action, view, data);
      } catch (error) {
        takeUnits(data, view, context);
        throw returnsItem ? withItem(error, view.lastRead) : error;
      }
      takeUnits(data, view, context);
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
    BatchWriteItem: batchWrite(context),
    GetItem: read('getItem'),
    BatchGetItem: search('batchGetItem'),
    Query: search('query'),
    Scan: search('scan'),
  };
}

function placeIn(data: Parameters, tables: TableCache): string | undefined {
  const table = tables.find(String(data.TableName));
  return table && placeOf(data, table);
}

/** A write whose condition failed has cost what it looked at, too. @throws ThrottlingException */
function takeUnits(data: Parameters, view: View, { tables, throughput }: ItemContext): void {
  const table = throughput && tables.find(String(data.TableName));
  if (throughput === undefined || table === undefined) return;
  const units = writeUnits(view.lastRead, view.changes[0]?.after);
  const exceeded = throughput.take('write', table, partitionKeyOf(data, table), units);
  if (exceeded !== undefined) throw throttling(exceeded);
}

/** `ReturnValuesOnConditionCheckFailure: ALL_OLD`: the error carries the item the condition was about. */
function withItem(error: unknown, item: object | undefined): unknown {
  if (!(error instanceof DynamodbError) || error.code !== 'ConditionalCheckFailedException' || item === undefined)
    return error;
  return new DynamodbError(error.code, error.message, { Item: item });
}
