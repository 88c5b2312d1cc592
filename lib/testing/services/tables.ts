import { AwsError } from '../../runtime/aws/calls/call.ts';
import type { AttributeValue, Item } from './expressions.ts';

/** Tables of the DynamoDB in memory: their keys, and the order of their items. */

export interface TableSpec {
  readonly name: string;
  readonly partitionKey: string;
  readonly sortKey?: string;
  readonly index?: { readonly name: string; readonly partitionKey: string; readonly sortKey: string };
}

export interface Table {
  readonly spec: TableSpec;
  readonly items: Map<string, Item>;
  /** The items as an index shows them: a little late. */
  readonly indexed: Map<string, Item>;
  /** When a transaction last touched an item, and which. */
  readonly touched: Map<string, { readonly at: number; readonly by: unknown }>;
}

export const emptyTable = (spec: TableSpec): Table => ({
  spec,
  items: new Map(),
  indexed: new Map(),
  touched: new Map(),
});

const textOf = (value: AttributeValue | undefined): string => String(value?.S ?? value?.N ?? '');

export function keyOf(spec: TableSpec, item: Item): string {
  const first = item[spec.partitionKey];
  if (first === undefined) {
    throw new AwsError(
      'ValidationException',
      `an item of table '${spec.name}' lacks its key ${spec.partitionKey}`,
      400,
    );
  }
  if (spec.sortKey === undefined) return textOf(first);
  const second = item[spec.sortKey];
  if (second === undefined) {
    throw new AwsError('ValidationException', `an item of table '${spec.name}' lacks its key ${spec.sortKey}`, 400);
  }
  return `${textOf(first)}/${textOf(second)}`;
}

export const keyAttributes = (spec: TableSpec, item: Item): Item =>
  Object.fromEntries(
    [spec.partitionKey, spec.sortKey, spec.index?.partitionKey, spec.index?.sortKey].flatMap((name) => {
      const value = name === undefined ? undefined : item[name];
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
  );

export function compareValues(a: AttributeValue | undefined, b: AttributeValue | undefined): number {
  if (a?.N !== undefined && b?.N !== undefined) return Number(a.N) - Number(b.N);
  return textOf(a) === textOf(b) ? 0 : textOf(a) < textOf(b) ? -1 : 1;
}
