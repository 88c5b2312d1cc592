import { writeUnits } from './capacity.ts';
import { type Item, runNow, validate } from './dynalite.ts';
import type { ItemContext } from './item-context.ts';
import type { Parameters } from './parameters.ts';
import { partitionKeyOf, placeOf } from './places.ts';
import { type Exceeded, throttling } from './throughput.ts';
import { viewOf } from './view.ts';

interface WriteRequest {
  readonly PutRequest?: { readonly Item: Item };
  readonly DeleteRequest?: { readonly Key: Item };
}
type RequestItems = Readonly<Record<string, readonly WriteRequest[]>>;

/**
 * BatchWriteItem: what a transaction has in its hands, and what is beyond the throughput of a table, comes back as unprocessed. When
 * nothing is left for want of throughput the call is throttled.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
 */
export function batchWrite(context: ItemContext): (parameters: Parameters) => Promise<Parameters> {
  const { store, tables, commit, inFlight, throughput } = context;
  return async (parameters) => {
    const data = validate('batchWriteItem', store, parameters);
    const view = viewOf(store, tables);
    // All of it is checked before a part is put back.
    const result = runNow('batchWriteItem', view, data);
    if (inFlight.isEmpty && throughput === undefined) {
      await commit([view]);
      return result;
    }
    const { admitted, unprocessed, exceeded } = sorted(data.RequestItems as RequestItems, context);
    if (Object.keys(unprocessed).length === 0) {
      await commit([view]);
      return result;
    }
    if (Object.keys(admitted).length === 0) {
      if (exceeded !== undefined) throw throttling(exceeded);
      return { UnprocessedItems: unprocessed };
    }
    const rest = viewOf(store, tables);
    const part = runNow('batchWriteItem', rest, { ...data, RequestItems: admitted });
    await commit([rest]);
    return { ...part, UnprocessedItems: unprocessed };
  };
}

/** What can be written now and what cannot, and the last limit that was hit. */
function sorted(
  items: RequestItems,
  { tables, inFlight, throughput }: ItemContext,
): {
  readonly admitted: RequestItems;
  readonly unprocessed: RequestItems;
  readonly exceeded: Exceeded | undefined;
} {
  const admitted: Record<string, WriteRequest[]> = {};
  const unprocessed: Record<string, WriteRequest[]> = {};
  let exceeded: Exceeded | undefined;
  for (const [name, requests] of Object.entries(items)) {
    const table = tables.find(name);
    for (const request of requests) {
      const key = { Key: request.DeleteRequest?.Key, Item: request.PutRequest?.Item };
      const isHeld = table !== undefined && inFlight.isHeld(() => placeOf(key, table));
      const units = throughput === undefined ? 0 : writeUnits(undefined, request.PutRequest?.Item);
      const limit =
        isHeld || table === undefined ? undefined : throughput?.take('write', table, partitionKeyOf(key, table), units);
      exceeded = limit ?? exceeded;
      const list = isHeld || limit !== undefined ? unprocessed : admitted;
      list[name] = [...(list[name] ?? []), request];
    }
  }
  return { admitted, unprocessed, exceeded };
}
