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
import { seconds } from '../../contracts/declaring/duration.ts';
import { backoffSeconds, exponential } from '../../contracts/declaring/retry.ts';
import { foundByDynamodb } from './answers.ts';
import { type AwsCall, AwsError } from './calls/call.ts';
import { readNumber } from './calls/numbers.ts';
import { transactionBytesOf, type WireWrites } from './calls/write-size.ts';

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
    return fromWire(await call('dynamodb', operation, { ...token, ...(toWire(input) as object) })) as never;
  };
}

/** Bytes of a transaction's items as far as they are known: of an update or a condition only its key. */
export const transactionBytes = (input: TransactWriteCommandInput): number =>
  transactionBytesOf(toWire(input) as WireWrites);

/** BatchGetItem takes 100 keys. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
const MAX_BATCH_GET = 100;

/** What DynamoDB leaves unprocessed is asked for again after a wait, as AWS recommends; so often in a row without any progress. */
const UNPROCESSED = exponential({ attempts: 6, base: seconds(0.05), cap: seconds(2) });
const MILLIS_PER_SECOND = 1_000;

interface Waits {
  readonly sleep: (milliseconds: number) => Promise<unknown>;
  readonly random: () => number;
}

/**
 * Reads items of one table, consistently. What DynamoDB leaves unprocessed is asked for again: an item missing here is not there.
 * @param waits how it waits before that: a function's `Runtime`
 * @throws UnbelievableAnswer for an answer that does not say so; Error when DynamoDB goes on processing nothing
 */
export async function readItems<Key extends Record<string, unknown>>(
  dynamodb: (operation: 'BatchGetItem', input: BatchGetCommandInput) => Promise<Operations['BatchGetItem'][1]>,
  table: string,
  keys: readonly Key[],
  waits: Waits,
): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  let left = [...keys];
  for (let fruitless = 0; left.length > 0; ) {
    const asked = left.slice(0, MAX_BATCH_GET);
    const RequestItems = { [table]: { Keys: asked, ConsistentRead: true } };
    const { items, unprocessed } = foundByDynamodb(table, asked, await dynamodb('BatchGetItem', { RequestItems }));
    found.push(...items);
    left = [...unprocessed, ...left.slice(MAX_BATCH_GET)];
    fruitless = unprocessed.length === asked.length ? fruitless + 1 : 0;
    if (fruitless === UNPROCESSED.attempts)
      throw new Error(
        `DynamoDB has left ${left.length} keys of table '${table}' unprocessed ${fruitless} times in a row`,
      );
    if (fruitless > 0) await waits.sleep(backoffSeconds(UNPROCESSED, fruitless, waits.random) * MILLIS_PER_SECOND);
  }
  return found;
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

/** Every call goes through it twice: loops, and no lists of entries that are thrown away. */
function convert(value: unknown, one: (item: object) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((entry) => convert(entry, one));
  const converted: Record<string, unknown> = {};
  for (const name in value) converted[name] = convertField(name, value[name as keyof typeof value], one);
  return converted;
}

function convertField(name: string, field: unknown, one: (item: object) => unknown): unknown {
  if (typeof field !== 'object' || field === null) return field;
  if (ITEMS.has(name)) return one(field);
  if (LISTS.has(name)) return (field as object[]).map(one);
  // Lists of items by table.
  if (name === 'Responses') return mapValues(field as Record<string, object[]>, (items) => items.map(one));
  return convert(field, one);
}

const mapValues = <A, B>(record: Record<string, A>, change: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
