import type { State } from '../state/state.ts';
import { TRANSACTION_FACTOR, writeUnits } from './capacity.ts';
import { type ActionName, type Item, itemSize, runNow, type Store, validate } from './dynalite.ts';
import { DynamodbError, validationError } from './errors.ts';
import { CONFLICT, type InFlight } from './in-flight.ts';
import type { ItemContext } from './item-context.ts';
import type { Parameters } from './parameters.ts';
import { partitionKeyOf, placeOf } from './places.ts';
import { createRequestTokens } from './request-tokens.ts';
import { THROUGHPUT_EXCEEDED, type Throughput } from './throughput.ts';
import { noSuchTable, type TableCache, type View, viewOf } from './view.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
const MAX_ITEMS = 100;
const MAX_BYTES = 4 * 1024 * 1024;

/** Part of a transaction -> the action whose rules and effects it has. A check is a delete that is never committed. */
const PARTS: Readonly<Record<string, ActionName>> = {
  Put: 'putItem',
  Update: 'updateItem',
  Delete: 'deleteItem',
  ConditionCheck: 'deleteItem',
};

interface Part {
  readonly kind: string;
  readonly action: ActionName;
  readonly data: Parameters;
  /** Whether the cancellation reason carries the item. */
  readonly returnsItem: boolean;
}

interface Reason {
  readonly Code: string;
  readonly Message?: string;
  readonly Item?: Item;
}

export interface TransactionContext extends ItemContext {
  /** Remembers request tokens over a restart. */
  readonly state?: State | undefined;
}

type Operation = (parameters: Parameters, body: Buffer) => Promise<Parameters>;

/** TransactWriteItems and TransactGetItems, all or nothing, on dynalite's own condition and update rules. */
export function createTransactions(context: TransactionContext): Record<string, Operation> {
  const { store, tables, commit, inFlight, throughput, state } = context;
  const tokens = createRequestTokens(state);
  return {
    async TransactWriteItems(parameters, body) {
      const { ClientRequestToken } = parameters;
      const token = typeof ClientRequestToken === 'string' ? ClientRequestToken : undefined;
      // Before anything is checked: the same call again is a success even if its conditions would fail by now.
      if (token !== undefined && tokens.isRepeated(token, body)) return {};
      const parts = transactItems(parameters, 'TransactItems').map((item) => writePart(store, item));
      const places = placesOf(parts, tables);
      refuseHeld(places, inFlight);
      const run = () =>
        inFlight.during(places.filter(isKnown), async () => {
          const tried = attempt(parts, store, tables, throughput);
          const written = commit(tried.flatMap(({ part, view }) => (part.kind === 'ConditionCheck' ? [] : [view])));
          if (token !== undefined) tokens.remember(token, body);
          await written;
          return {};
        });
      return token === undefined ? run() : tokens.during(token, body, run);
    },
    async TransactGetItems(parameters) {
      const gets = transactItems(parameters, 'TransactItems').map((item) => {
        const { Get } = item as { Get?: Parameters };
        if (Get === undefined)
          throw validationError(
            "1 validation error detected: Value null at 'transactItems.1.member.get' failed to satisfy constraint: Member must not be null",
          );
        return validate('getItem', store, Get);
      });
      refuseHeld(
        gets.map((data) => placeIn(data, tables)),
        inFlight,
      );
      // One turn of the event loop: no write can come in between.
      return {
        Responses: gets.map((data) => {
          const { Item } = runNow('getItem', viewOf(store, tables), data);
          return Item === undefined ? {} : { Item };
        }),
      };
    },
  };
}

function transactItems(parameters: Parameters, field: string): Record<string, unknown>[] {
  const items = parameters[field];
  const problem = (rule: string) =>
    validationError(`1 validation error detected: Value at 'transactItems' failed to satisfy constraint: ${rule}`);
  if (!Array.isArray(items)) throw problem('Member must not be null');
  if (items.length === 0) throw problem('Member must have length greater than or equal to 1');
  if (items.length > MAX_ITEMS) throw problem(`Member must have length less than or equal to ${MAX_ITEMS}`);
  return items;
}

function writePart(store: Store, item: Record<string, unknown>): Part {
  const kinds = Object.keys(item).filter((kind) => PARTS[kind] !== undefined && item[kind] != null);
  const [kind = ''] = kinds;
  const action = PARTS[kind];
  if (action === undefined || kinds.length > 1) {
    throw validationError('TransactItems can only contain one of Check, Put, Update or Delete');
  }
  const given = item[kind] as Parameters;
  const returnsItem = given.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
  if (kind === 'ConditionCheck' && given.ConditionExpression == null) {
    throw validationError('The conditionExpression parameter is required for ConditionCheck');
  }
  return { kind, action, data: validate(action, store, given), returnsItem };
}

/** Places of the parts' items, in their order. A key that does not fit its table is reported with the other reasons. */
function placesOf(parts: readonly Part[], tables: TableCache): (string | undefined)[] {
  const seen = new Set<string>();
  return parts.map(({ data }) => {
    const place = placeIn(data, tables);
    if (place === undefined) return undefined;
    if (seen.has(place)) throw validationError('Transaction request cannot include multiple operations on one item');
    seen.add(place);
    return place;
  });
}

function placeIn(data: Parameters, tables: TableCache): string | undefined {
  const name = String(data.TableName);
  const table = tables.find(name);
  if (table === undefined) throw noSuchTable(name, true);
  return placeOf(data, table);
}

const isKnown = (place: string | undefined): place is string => place !== undefined;

/** @throws TransactionCanceledException when another transaction has one of the items */
function refuseHeld(places: readonly (string | undefined)[], inFlight: InFlight): void {
  if (places.every((place) => !inFlight.isHeld(() => place))) return;
  throw cancelled(
    places.map((place) =>
      inFlight.isHeld(() => place) ? { Code: 'TransactionConflict', Message: CONFLICT } : { Code: 'None' },
    ),
  );
}

interface Tried {
  readonly part: Part;
  readonly view: View;
}

/**
 * Runs every part on a view of its own; nothing is written yet.
 * @throws TransactionCanceledException with all reasons, ValidationException when the items are too large together
 */
function attempt(
  parts: readonly Part[],
  store: Store,
  tables: TableCache,
  throughput: Throughput | undefined,
): readonly Tried[] {
  const tried = parts.map((part) => ({ part, view: viewOf(store, tables) }));
  const reasons = tried.map(({ part, view }): Reason => {
    try {
      // A check is a deletion on a view that is thrown away; it leaves the item in lastRead.
      runNow(part.action, view, part.data);
      return NO_REASON;
    } catch (error) {
      return reasonFor(error, part, view);
    }
  });
  if (!reasons.every((reason) => reason === NO_REASON)) throw cancelled(reasons);
  if (tried.reduce((sum, one) => sum + bytesOf(one), 0) > MAX_BYTES)
    throw validationError('Transaction request exceeds 4 MB');
  if (throughput !== undefined) takeUnits(tried, tables, throughput);
  return tried;
}

const NO_REASON: Reason = { Code: 'None' };

/** The size that counts of an item: as it will be, or was. */
function bytesOf({ part, view }: Tried): number {
  const item = part.kind === 'ConditionCheck' ? view.lastRead : (view.changes[0]?.after ?? view.lastRead);
  return item === undefined ? 0 : itemSize(item);
}

/** Each part costs double; those of one partition key are taken together. @throws TransactionCanceledException with ThrottlingError where there is not enough */
function takeUnits(tried: readonly Tried[], tables: TableCache, throughput: Throughput): void {
  const placed = tried.map(({ part: { data }, view }) => {
    const table = tables.find(String(data.TableName));
    const key = table && partitionKeyOf(data, table);
    return { table, key, units: TRANSACTION_FACTOR * writeUnits(view.lastRead, view.changes[0]?.after) };
  });
  const refused = new Set(
    [...Map.groupBy(placed, ({ table, key }) => `${table?.TableName} ${key}`).values()].flatMap((parts) => {
      const [{ table, key } = {}] = parts;
      const units = parts.reduce((sum, part) => sum + part.units, 0);
      return table !== undefined && throughput.take('write', table, key, units) !== undefined ? parts : [];
    }),
  );
  const reasons = placed.map(
    (part): Reason => (refused.has(part) ? { Code: 'ThrottlingError', Message: THROUGHPUT_EXCEEDED } : NO_REASON),
  );
  if (!reasons.every((reason) => reason === NO_REASON)) throw cancelled(reasons);
}

function cancelled(reasons: readonly Reason[]): DynamodbError {
  const codes = reasons.map(({ Code }) => Code).join(', ');
  return new DynamodbError(
    'TransactionCanceledException',
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    { CancellationReasons: reasons },
  );
}

function reasonFor(error: unknown, { returnsItem }: Part, { lastRead }: View): Reason {
  if (!(error instanceof DynamodbError)) throw error;
  switch (error.code) {
    case 'ConditionalCheckFailedException':
      return {
        Code: 'ConditionalCheckFailed',
        Message: 'The conditional request failed',
        ...(returnsItem && lastRead && { Item: lastRead }),
      };
    case 'ValidationException':
      return { Code: 'ValidationError', Message: error.message };
    default:
      throw error;
  }
}
