import { createRequire } from 'node:module';
import { DynamodbError, validationError } from './errors.ts';
import {
  boundParsers,
  checkExpressions,
  clampIndexes,
  copyOperands,
  markOperands,
  orderRemovals,
} from './expressions.ts';
import type { Parameters } from './parameters.ts';

/** `{ S: 'text' }`, `{ N: '1' }`, ...: one attribute in DynamoDB's JSON. */
export type AttributeValue = Readonly<Record<string, unknown>>;
export type Item = Readonly<Record<string, AttributeValue>>;

export interface KeyElement {
  readonly AttributeName: string;
  readonly KeyType: string;
}

/** A secondary index in a table's description. */
export interface Index {
  readonly IndexName: string;
  readonly KeySchema: readonly KeyElement[];
  readonly [field: string]: unknown;
}

/** A table as dynalite keeps it: the description that DescribeTable returns. */
export interface Table {
  readonly TableName: string;
  readonly TableArn: string;
  readonly TableStatus: string;
  readonly KeySchema: readonly KeyElement[];
  readonly GlobalSecondaryIndexes?: readonly Index[];
  readonly LocalSecondaryIndexes?: readonly Index[];
  readonly [field: string]: unknown;
}

export interface LevelOperation {
  readonly type: 'put' | 'del';
  readonly key: string;
  readonly value?: unknown;
}

/** A write as the database tells of it. */
export interface LevelWrite {
  readonly type: 'put' | 'del';
  readonly encodedKey: Uint8Array;
  readonly encodedValue?: Uint8Array;
}

export interface Snapshot {
  close(): Promise<void>;
}

interface LevelIterator {
  nextv(size: number): Promise<unknown[]>;
  close(): Promise<void>;
}

export interface RangeOptions {
  readonly gte?: string;
  readonly gt?: string;
  readonly lte?: string;
  readonly lt?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
  readonly snapshot?: Snapshot;
}

/** The memory-level database under dynalite. */
export interface Level {
  open(): Promise<void>;
  close(): Promise<void>;
  getSync(key: string, options?: { readonly snapshot?: Snapshot }): unknown;
  batch(operations: readonly LevelOperation[]): Promise<void>;
  snapshot(): Snapshot;
  values(range: RangeOptions): LevelIterator;
  keys(range: RangeOptions): LevelIterator;
  clear(range: RangeOptions): Promise<void>;
  /** Tells of every put, del and batch (not of clear), in the turn of the event loop in which it takes effect. */
  on(event: 'write', listener: (writes: readonly LevelWrite[]) => void): void;
}

/** dynalite's store: the database, and the settings its actions read. */
export interface Store {
  readonly db: Level;
  readonly options: { readonly maxItemSize: number };
  readonly tableDb: { awsAccountId: string; awsRegion: string };
}

export type Callback<T> = (error: unknown, result?: T) => void;
type Action = (store: unknown, data: Parameters, callback: Callback<Parameters>) => void;

interface Validation {
  readonly types: object;
  readonly custom?: (data: Parameters, store: unknown) => string | undefined;
}

interface Validations {
  checkTypes(data: Parameters, types: object): Parameters;
  checkValidations(data: Parameters, types: object, custom: Validation['custom'], store: unknown): void;
}

interface Database {
  create(options: object): Store;
  createKey(item: Item, table: Table): string;
  validateKey(key: Item, table: Table): (Error & { body: { message: string } }) | undefined | null;
  checkConditional(data: Parameters, item: Item | undefined): Error | undefined | null;
  itemSize(item: Item): number;
  mapPath(path: readonly unknown[], item: unknown): unknown;
  /** What a write of an item does to indexes. */
  getIndexActions(
    indexes: readonly Index[],
    before: Item | undefined,
    after: Item | undefined,
    table: Table,
  ): { readonly puts: readonly { readonly key: string; readonly item: Item }[] };
}

const require = createRequire(import.meta.url);
boundParsers();
const database: Database = require('dynalite/db');
copyOperands(database);
const validations: Validations = require('dynalite/validations');

/** Operations of dynalite that the gateway uses, as dynalite names their files. */
const ACTIONS = [
  'batchGetItem',
  'batchWriteItem',
  'createTable',
  'deleteItem',
  'getItem',
  'listTables',
  'listTagsOfResource',
  'putItem',
  'query',
  'scan',
  'tagResource',
  'untagResource',
  'updateItem',
  'updateTable',
] as const;
export type ActionName = (typeof ACTIONS)[number];

const actions = Object.fromEntries(ACTIONS.map((name) => [name, require(`dynalite/actions/${name}`)])) as Record<
  ActionName,
  Action
>;
const rules = Object.fromEntries(ACTIONS.map((name) => [name, require(`dynalite/validations/${name}`)])) as Record<
  ActionName,
  Validation
>;

export const { createKey, validateKey, checkConditional, itemSize, getIndexActions } = database;

/** Opens an empty in-memory store. Tables change state without delay. */
export async function openStore(region: string, account: string): Promise<Store> {
  const store = database.create({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  store.tableDb.awsRegion = region;
  store.tableDb.awsAccountId = account;
  await store.db.open();
  return store;
}

/**
 * Checks parameters as DynamoDB does, and returns what the action takes (expressions parsed, unknown fields gone).
 * Changes the object it is given.
 * @throws DynamodbError (ValidationException, SerializationException)
 */
export function validate(name: ActionName, store: Store, given: Parameters): Parameters {
  const { types, custom } = rules[name];
  checkExpressions(given);
  checkArn(given.ResourceArn);
  try {
    const data = validations.checkTypes(given, types);
    validations.checkValidations(data, types, custom, store);
    clampIndexes(data);
    markOperands(data);
    orderRemovals(data);
    return data;
  } catch (error) {
    throw DynamodbError.from(error);
  }
}

/** `arn:aws:dynamodb:REGION:ACCOUNT:table/NAME` */
const ARN_PARTS = 6;
const MAX_ARN_LENGTH = 1283;

/** dynalite's own check takes too long for some texts that are no ARN at all. */
function checkArn(arn: unknown): void {
  if (typeof arn !== 'string' || (arn.length <= MAX_ARN_LENGTH && arn.split(':').length === ARN_PARTS)) return;
  throw validationError(`Invalid TableArn: Invalid ResourceArn provided as input ${arn.slice(0, MAX_ARN_LENGTH)}`);
}

/** Runs an action that may take a while (scans, table changes). @throws DynamodbError */
export function run(name: ActionName, store: unknown, data: Parameters): Promise<Parameters> {
  return new Promise((resolve, reject) => {
    actions[name](store, data, (error, result) => {
      if (error) reject(DynamodbError.from(error));
      else resolve(result ?? {});
    });
  });
}

/**
 * Runs an action on a view whose reads answer at once (see view.ts), so that nothing can come between its reads and the
 * commit of its writes. @throws DynamodbError
 */
export function runNow(name: ActionName, view: unknown, data: Parameters): Parameters {
  let outcome: { error: unknown; result: Parameters } | undefined;
  actions[name](view, data, (error, result) => {
    outcome ??= { error, result: result ?? {} };
  });
  if (outcome === undefined) throw new Error(`dynalite's ${name} did not finish at once; its version has changed?`);
  if (outcome.error) throw DynamodbError.from(outcome.error);
  return outcome.result;
}
