import { hash } from 'node:crypto';
import { memoryOf } from '../state/memory-of.ts';
import type { State } from '../state/state.ts';
import type { Commit } from './commit.ts';
import {
  type ActionName,
  createKey,
  type Item,
  type Parameters,
  runNow,
  type Store,
  validate,
  validateKey,
} from './dynalite.ts';
import { DynamodbError, validationError } from './errors.ts';
import { noSuchTable, type TableCache, type View, viewOf } from './view.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
const MAX_ITEMS = 100;
const MAX_BYTES = 4 * 1024 * 1024;
/** How long a ClientRequestToken stands for its transaction. */
const TOKEN_MS = 10 * 60 * 1_000;

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

export interface TransactionContext {
  readonly store: Store;
  readonly tables: TableCache;
  readonly commit: Commit;
  /** Remembers request tokens over a restart. */
  readonly state?: State | undefined;
}

type Operation = (parameters: Parameters, body: Buffer) => Promise<Parameters>;

/** TransactWriteItems and TransactGetItems, all or nothing, on dynalite's own condition and update rules. */
export function createTransactions({ store, tables, commit, state }: TransactionContext): Record<string, Operation> {
  const tokens = createTokens(state);
  return {
    async TransactWriteItems(parameters, body) {
      const { ClientRequestToken } = parameters;
      const token = typeof ClientRequestToken === 'string' ? ClientRequestToken : undefined;
      // Before anything is checked: the same call again is a success even if its conditions would fail by now.
      if (token !== undefined && tokens.isRepeated(token, body)) return {};
      const parts = transactItems(parameters, 'TransactItems').map((item) => writePart(store, item));
      if (body.length > MAX_BYTES) throw validationError('Transaction request exceeds 4 MB');
      refuseDuplicates(parts, tables);
      const views = attempt(parts, store, tables);
      const written = commit(views);
      if (token !== undefined) tokens.remember(token, body);
      await written;
      return {};
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

function refuseDuplicates(parts: readonly Part[], tables: TableCache): void {
  const seen = new Set<string>();
  for (const { data } of parts) {
    const name = String(data.TableName);
    const table = tables.find(name);
    if (table === undefined) throw noSuchTable(name, true);
    const key = (data.Key ?? data.Item) as Item;
    // A key that does not fit its table is reported with the other reasons.
    if (table.KeySchema.some(({ AttributeName }) => key[AttributeName] === undefined)) continue;
    if (data.Key !== undefined && validateKey(key, table)) continue;
    const place = `${name}~${createKey(key, table)}`;
    if (seen.has(place)) throw validationError('Transaction request cannot include multiple operations on one item');
    seen.add(place);
  }
}

/** Runs every part on a view of its own; nothing is written yet. @throws TransactionCanceledException with all reasons. */
function attempt(parts: readonly Part[], store: Store, tables: TableCache): View[] {
  const views: View[] = [];
  const reasons = parts.map((part): Reason => {
    const view = viewOf(store, tables);
    try {
      if (part.kind === 'ConditionCheck') {
        check(part, view);
      } else {
        runNow(part.action, view, part.data);
        views.push(view);
      }
      return { Code: 'None' };
    } catch (error) {
      return reasonFor(error, part, view);
    }
  });
  if (reasons.every(({ Code }) => Code === 'None')) return views;
  const codes = reasons.map(({ Code }) => Code).join(', ');
  throw new DynamodbError(
    'TransactionCanceledException',
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    { CancellationReasons: reasons },
  );
}

function check({ data }: Part, view: View): void {
  // Deleting on a view that is thrown away checks the key and the condition, and leaves the item in lastRead.
  runNow('deleteItem', view, data);
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

function createTokens(state: State | undefined) {
  const digests = memoryOf<string>('dynamodb-tokens', TOKEN_MS, state);
  const digestOf = (body: Buffer) => hash('sha1', body);
  return {
    isRepeated(token: string, body: Buffer): boolean {
      const known = digests.get(token);
      if (known === undefined) return false;
      if (known === digestOf(body)) return true;
      throw new DynamodbError(
        'IdempotentParameterMismatchException',
        'Client request token was used with different parameters within the last 10 minutes',
      );
    },
    remember: (token: string, body: Buffer) => digests.set(token, digestOf(body)),
  };
}
