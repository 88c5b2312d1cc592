import { AwsError } from '../../runtime/aws/calls/call.ts';
import type { World } from '../world/world.ts';
import { nameOf } from './expression-reader.ts';
import { type AttributeValue, holds, type Item, type Names, updated } from './expressions.ts';
import { itemBytes, MAX_ITEM_BYTES, MAX_TRANSACTION_BYTES } from './sizes.ts';
import { compareValues, emptyTable, keyAttributes, keyOf, type Table, type TableSpec } from './tables.ts';

/** How long a ClientRequestToken stands for its transaction. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
const TOKEN_MILLIS = 600_000;
const MAX_TRANSACTION_ITEMS = 100;
/** An index follows its table within this time. */
const MAX_INDEX_LAG_MILLIS = 500;
/** Two writers this close together may collide. */
const CONFLICT_MILLIS = 12;

/** One committed change of one item. */
export interface Change {
  readonly table: string;
  readonly before: Item | undefined;
  readonly after: Item | undefined;
}

interface WriteRequest extends Names {
  readonly TableName: string;
  readonly Key?: Item;
  readonly Item?: Item;
  readonly UpdateExpression?: string;
  readonly ConditionExpression?: string;
  readonly ReturnValuesOnConditionCheckFailure?: string;
  readonly ReturnValues?: string;
}

interface Reason {
  Code: string;
  Message?: string;
  Item?: Item;
}

export interface MemoryDynamodb {
  readonly call: (operation: string, input: object) => unknown;
  readonly items: (table: string) => Item[];
  readonly item: (table: string, key: string) => Item | undefined;
  /** Deletes what has expired by now. */
  readonly expire: () => void;
  /** Collisions of writers so far. */
  readonly conflicts: () => number;
}

/**
 * DynamoDB in memory: conditions, transactions with their tokens and conflicts, a lagging index, pages.
 * @param onCommit told of every change, in the order of the commits
 */
export function memoryDynamodb(
  world: World,
  specs: readonly TableSpec[],
  options: {
    readonly pageSize: number;
    readonly onCommit: (changes: readonly Change[]) => void;
    /** How likely two writers collide that come to an item at the same time. @default 0.5 */
    readonly collisions?: number;
  },
): MemoryDynamodb {
  const tables = new Map(specs.map((spec): [string, Table] => [spec.name, emptyTable(spec)]));
  const tokens = new Map<string, number>();
  let conflicts = 0;

  function tableOf(name: string): Table {
    const table = tables.get(name);
    if (table === undefined) throw new AwsError('ResourceNotFoundException', `there is no table '${name}'`, 400);
    return table;
  }

  /** Whether another writer was here an instant ago: DynamoDB then refuses one of the two. */
  function collides(table: Table, key: string, by: unknown): boolean {
    const last = table.touched.get(key);
    if (last === undefined || last.by === by || world.now() - last.at > CONFLICT_MILLIS) return false;
    return world.chance.is(options.collisions ?? 0.5);
  }

  /** What one write would do; nothing is done yet. */
  function plan(kind: string, request: WriteRequest) {
    const table = tableOf(request.TableName);
    const key = keyOf(table.spec, request.Item ?? request.Key ?? {});
    const before = table.items.get(key);
    const met = holds(request.ConditionExpression, before, request);
    const after = !met || kind === 'ConditionCheck' ? before : EFFECTS[kind]?.(before, request);
    return { table, key, before, after, met, request, writes: kind !== 'ConditionCheck' };
  }

  /** @throws AwsError when an item, or all of a transaction, would be too large. A deletion counts as what it deletes. */
  function checkSizes(plans: readonly ReturnType<typeof plan>[]): void {
    const sizes = plans.map(({ before, after }) => itemBytes(after ?? before ?? {}));
    if (sizes.some((bytes) => bytes > MAX_ITEM_BYTES)) {
      throw new AwsError('ValidationException', `Item size has exceeded the maximum allowed size`, 400);
    }
    const all = sizes.reduce((sum, bytes) => sum + bytes, 0);
    if (all > MAX_TRANSACTION_BYTES) {
      throw new AwsError('ValidationException', `Transaction of ${all} bytes exceeds ${MAX_TRANSACTION_BYTES}`, 400);
    }
  }

  function commit(plans: readonly ReturnType<typeof plan>[], by: unknown): void {
    const changes: Change[] = [];
    for (const { table, key, before, after, writes } of plans) {
      if (by !== undefined) table.touched.set(key, { at: world.now(), by });
      if (!writes) continue;
      if (after === undefined) table.items.delete(key);
      else table.items.set(key, after);
      if (table.spec.index !== undefined) {
        world.after(world.chance.between(0, MAX_INDEX_LAG_MILLIS), () => {
          const current = table.items.get(key);
          if (current === undefined) table.indexed.delete(key);
          else table.indexed.set(key, current);
        });
      }
      changes.push({ table: table.spec.name, before, after });
    }
    options.onCommit(changes);
  }

  function writeOne(kind: string, request: WriteRequest): object {
    const planned = plan(kind, request);
    if (collides(planned.table, planned.key, undefined)) {
      conflicts += 1;
      throw new AwsError('TransactionConflictException', 'Transaction is ongoing for the item', 400);
    }
    if (!planned.met) {
      const shown = request.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' ? { Item: planned.before } : {};
      throw new AwsError('ConditionalCheckFailedException', 'The conditional request failed', 400, shown);
    }
    checkSizes([planned]);
    commit([planned], undefined);
    const Attributes = returned(request.ReturnValues, planned);
    return Attributes === undefined ? {} : { Attributes };
  }

  function transact(input: {
    TransactItems: readonly Record<string, WriteRequest>[];
    ClientRequestToken?: string;
  }): object {
    const token = input.ClientRequestToken;
    const known = token === undefined ? undefined : tokens.get(token);
    if (known !== undefined && world.now() - known < TOKEN_MILLIS) return {};
    if (input.TransactItems.length === 0 || input.TransactItems.length > MAX_TRANSACTION_ITEMS) {
      throw new AwsError('ValidationException', `a transaction takes 1 to ${MAX_TRANSACTION_ITEMS} items`, 400);
    }
    const plans = input.TransactItems.map((entry) => {
      const [kind = '', request] = Object.entries(entry)[0] ?? [];
      if (request === undefined || !(kind in EFFECTS))
        throw new Error(`sluice/testing does not know a '${kind}' in a transaction`);
      return plan(kind, request);
    });
    const places = new Set(plans.map(({ table, key }) => `${table.spec.name}/${key}`));
    if (places.size < plans.length) {
      throw new AwsError(
        'ValidationException',
        'Transaction request cannot include multiple operations on one item',
        400,
      );
    }
    const reasons = plans.map(({ table, key, met, before, request }): Reason => {
      if (collides(table, key, input)) return { Code: 'TransactionConflict' };
      if (met) return { Code: 'None' };
      const shown =
        request.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' && before !== undefined ? { Item: before } : {};
      return { Code: 'ConditionalCheckFailed', ...shown };
    });
    if (reasons.some(({ Code }) => Code !== 'None')) {
      if (reasons.some(({ Code }) => Code === 'TransactionConflict')) conflicts += 1;
      throw cancelled(reasons);
    }
    checkSizes(plans);
    commit(plans, input);
    if (token !== undefined) tokens.set(token, world.now());
    return {};
  }

  function query(
    input: {
      TableName: string;
      IndexName?: string;
      KeyConditionExpression: string;
      ExclusiveStartKey?: Item;
      Limit?: number;
      FilterExpression?: string;
      ProjectionExpression?: string;
      ScanIndexForward?: boolean;
    } & Names,
  ): object {
    const { spec, items, indexed } = tableOf(input.TableName);
    if (input.IndexName !== undefined && input.IndexName !== spec.index?.name) {
      throw new AwsError('ValidationException', `table '${spec.name}' has no index '${input.IndexName}'`, 400);
    }
    const sortKey = input.IndexName === undefined ? spec.sortKey : spec.index?.sortKey;
    const source = input.IndexName === undefined ? items : indexed;
    const direction = input.ScanIndexForward === false ? -1 : 1;
    const order = (a: Item, b: Item): number =>
      direction * compareValues(a[sortKey ?? ''], b[sortKey ?? '']) || (keyOf(spec, a) < keyOf(spec, b) ? -1 : 1);
    const found = [...source.values()].filter((item) => holds(input.KeyConditionExpression, item, input)).sort(order);
    const { ExclusiveStartKey: start } = input;
    // The item of the start key may be gone by now.
    const isBehind = (item: Item) =>
      start === undefined || (keyOf(spec, item) !== keyOf(spec, start) && order(start, item) < 0);
    const first = found.findIndex(isBehind);
    const from = first < 0 ? found.length : first;
    const page = found.slice(from, from + Math.min(options.pageSize, input.Limit ?? options.pageSize));
    const last = page.at(-1);
    const more = from + page.length < found.length && last !== undefined;
    // As on AWS, what a filter leaves out was read all the same: pages may be small, or empty.
    const shown = page.filter((item) => holds(input.FilterExpression, item, input));
    const Items = projected(shown, input);
    return {
      Items,
      Count: Items.length,
      ScannedCount: page.length,
      ...(more ? { LastEvaluatedKey: keyAttributes(spec, last) } : {}),
    };
  }

  function batchGet(input: { RequestItems: Readonly<Record<string, { Keys: readonly Item[] }>> }): object {
    const Responses: Record<string, Item[]> = {};
    const UnprocessedKeys: Record<string, { Keys: readonly Item[] }> = {};
    for (const [name, { Keys }] of Object.entries(input.RequestItems)) {
      const { spec, items } = tableOf(name);
      const answered = Keys.slice(0, options.pageSize);
      Responses[name] = answered.map((key) => items.get(keyOf(spec, key))).filter((item) => item !== undefined);
      if (answered.length < Keys.length) UnprocessedKeys[name] = { Keys: Keys.slice(options.pageSize) };
    }
    return { Responses, UnprocessedKeys };
  }

  const operations: Readonly<Record<string, (input: never) => object>> = {
    GetItem: ({
      TableName,
      Key,
      ...names
    }: { TableName: string; Key: Item; ProjectionExpression?: string } & Names) => {
      const { spec, items } = tableOf(TableName);
      const found = items.get(keyOf(spec, Key));
      const [Item] = found === undefined ? [] : projected([found], names);
      return Item === undefined ? {} : { Item };
    },
    PutItem: (input: WriteRequest) => writeOne('Put', input),
    UpdateItem: (input: WriteRequest) => writeOne('Update', input),
    DeleteItem: (input: WriteRequest) => writeOne('Delete', input),
    TransactWriteItems: transact as never,
    Query: query,
    BatchGetItem: batchGet as never,
  };

  return {
    call(operation, input) {
      const run = operations[operation];
      if (run === undefined) throw new Error(`sluice/testing does not know DynamoDB's ${operation}`);
      return run(input as never);
    },
    items: (name) => [...tableOf(name).items.values()],
    item: (name, key) => tableOf(name).items.get(key),
    conflicts: () => conflicts,
    expire() {
      const now = Math.floor(world.now() / 1_000);
      for (const { items, indexed } of tables.values()) {
        for (const [key, { expiresAt }] of items) {
          if (expiresAt?.N === undefined || Number(expiresAt.N) > now) continue;
          items.delete(key);
          indexed.delete(key);
        }
      }
    },
  };
}

const EFFECTS: Readonly<Record<string, (before: Item | undefined, request: WriteRequest) => Item | undefined>> = {
  Put: (_before, { Item }) => Item,
  Update: (before, request) => updated(request.UpdateExpression ?? '', before ?? request.Key ?? {}, request),
  Delete: () => undefined,
  ConditionCheck: (before) => before,
};

function returned(
  what: string | undefined,
  { before, after }: { readonly before: Item | undefined; readonly after: Item | undefined },
): Item | undefined {
  if (what === 'ALL_OLD') return before;
  if (what === 'ALL_NEW') return after;
  if (what !== 'UPDATED_NEW' && what !== 'UPDATED_OLD') return undefined;
  const [from, other] = what === 'UPDATED_NEW' ? [after, before] : [before, after];
  const isChanged = ([name, value]: [string, AttributeValue]) =>
    JSON.stringify(value) !== JSON.stringify(other?.[name]);
  return Object.fromEntries(Object.entries(from ?? {}).filter(isChanged));
}

/** Names of attributes; parts of maps are not taken out of them. */
function projected(
  items: readonly Item[],
  { ProjectionExpression, ...names }: Names & { readonly ProjectionExpression?: string },
): readonly Item[] {
  if (ProjectionExpression === undefined) return items;
  const wanted = ProjectionExpression.split(',').map((name) => nameOf(name.trim(), names));
  return items.map((item) =>
    Object.fromEntries(wanted.flatMap((name) => (item[name] === undefined ? [] : [[name, item[name]]]))),
  );
}

export function cancelled(reasons: readonly Reason[]): AwsError {
  const codes = reasons.map(({ Code }) => Code).join(', ');
  return new AwsError('TransactionCanceledException', `Transaction cancelled, reasons: [${codes}]`, 400, {
    CancellationReasons: reasons,
  });
}
