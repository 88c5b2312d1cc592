import type {
  BatchGetCommandInput,
  BatchGetCommandOutput,
  DeleteCommandInput,
  GetCommandInput,
  GetCommandOutput,
  PutCommandInput,
  QueryCommandInput,
  QueryCommandOutput,
  TransactWriteCommandInput,
  UpdateCommandInput,
  UpdateCommandOutput,
} from '@aws-sdk/lib-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { type AwsCall, AwsError } from './call.ts';
import { readNumber } from './numbers.ts';

/** The operations the runtime and its users need, with the shapes of the SDK's document client: plain values in and out. */
interface Operations {
  GetItem: [GetCommandInput, Pick<GetCommandOutput, 'Item'>];
  BatchGetItem: [BatchGetCommandInput, Pick<BatchGetCommandOutput, 'Responses' | 'UnprocessedKeys'>];
  Query: [QueryCommandInput, Pick<QueryCommandOutput, 'Items' | 'LastEvaluatedKey' | 'Count'>];
  PutItem: [PutCommandInput, object];
  UpdateItem: [UpdateCommandInput, Pick<UpdateCommandOutput, 'Attributes'>];
  DeleteItem: [DeleteCommandInput, object];
  TransactWriteItems: [TransactWriteCommandInput, object];
}

export type Dynamodb = <K extends keyof Operations>(operation: K, input: Operations[K][0]) => Promise<Operations[K][1]>;

/** Reason of one item in a cancelled transaction; `Item` is what was there, as plain values. */
export interface CancellationReason {
  readonly Code?: string;
  readonly Message?: string;
  readonly Item?: Record<string, unknown>;
}

/**
 * DynamoDB over a call: values are converted both ways. A transaction carries a token that stays the same over the tries of one
 * call, so that a try whose answer was lost is not refused by its own work.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 */
export function dynamodbOver(call: AwsCall, id: () => string): Dynamodb {
  return async (operation, input) => {
    const token = operation === 'TransactWriteItems' ? { ClientRequestToken: id() } : {};
    const wire = { ...token, ...(toWire(input) as object) };
    return fromWire(await call('dynamodb', operation, wire)) as never;
  };
}

/** BatchGetItem takes 100 keys. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
const MAX_BATCH_GET = 100;

/** Reads items of one table, consistently. What DynamoDB leaves unprocessed is asked for again: an item missing here is not there. */
export async function readItems(
  dynamodb: (operation: 'BatchGetItem', input: BatchGetCommandInput) => Promise<Operations['BatchGetItem'][1]>,
  table: string,
  keys: readonly Record<string, unknown>[],
): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  let left = [...keys];
  while (left.length > 0) {
    const RequestItems = { [table]: { Keys: left.slice(0, MAX_BATCH_GET), ConsistentRead: true } };
    const { Responses, UnprocessedKeys } = await dynamodb('BatchGetItem', { RequestItems });
    items.push(...(Responses?.[table] ?? []));
    left = [...(UnprocessedKeys?.[table]?.Keys ?? []), ...left.slice(MAX_BATCH_GET)];
  }
  return items;
}

/** Why a transaction was cancelled, item by item; undefined when the error is another one. */
export function cancellationReasons(error: unknown): readonly CancellationReason[] | undefined {
  if (!(error instanceof AwsError) || error.name !== 'TransactionCanceledException') return undefined;
  return fromWire(error.details.CancellationReasons ?? []) as CancellationReason[];
}

/** The item that stood in the way of a condition, when it was asked for. */
export function itemInTheWay(error: AwsError): Record<string, unknown> | undefined {
  return (fromWire(error.details) as { Item?: Record<string, unknown> }).Item;
}

/** Fields that hold one item or map of values. */
const ITEMS = new Set([
  'Item',
  'Key',
  'ExpressionAttributeValues',
  'ExclusiveStartKey',
  'LastEvaluatedKey',
  'Attributes',
]);
/** Fields that hold lists of them. */
const LISTS = new Set(['Keys', 'Items']);

const toWire = (value: unknown): unknown => convert(value, (item) => marshall(item, { removeUndefinedValues: true }));
const fromWire = (value: unknown): unknown =>
  convert(value, (item) => unmarshall(item as never, { wrapNumbers: readNumber as never }));

function convert(value: unknown, one: (item: object) => unknown): unknown {
  if (Array.isArray(value)) return value.map((entry) => convert(entry, one));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => {
      if (field === undefined || field === null) return [name, field];
      if (ITEMS.has(name)) return [name, one(field as object)];
      if (LISTS.has(name)) return [name, (field as object[]).map(one)];
      // Lists of items by table.
      if (name === 'Responses') return [name, mapValues(field as Record<string, object[]>, (items) => items.map(one))];
      return [name, convert(field, one)];
    }),
  );
}

const mapValues = <A, B>(record: Record<string, A>, change: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
