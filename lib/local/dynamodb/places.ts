import { type AttributeValue, createKey, type Item, type Table, validateKey } from './dynalite.ts';
import type { Parameters } from './parameters.ts';
import { itemPrefix } from './view.ts';

/**
 * Where an item is in the store, unique over all tables.
 * @param data a checked write or read: `Key`, or the `Item` that has it
 * @returns undefined when the key does not fit the table, which is for others to say
 */
export function placeOf({ Key, Item }: Parameters, table: Table): string | undefined {
  const given = (Key ?? Item) as Item;
  const key: Record<string, AttributeValue> = {};
  for (const { AttributeName } of table.KeySchema) {
    const value = given[AttributeName];
    if (value === undefined) return undefined;
    key[AttributeName] = value;
  }
  if (validateKey(key, table)) return undefined;
  return itemPrefix(table.TableName) + createKey(key, table);
}

/** The value of the partition key, as text. */
export function partitionKeyOf({ Key, Item }: Parameters, { KeySchema }: Table): string {
  const hash = KeySchema.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName ?? '';
  return JSON.stringify(((Key ?? Item) as Item)[hash]);
}
