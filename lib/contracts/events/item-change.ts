import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { EventType } from './event.ts';

/** An item as plain JSON: sets are lists, binary values are base64, numbers beyond JavaScript's are text. */
export type Item = Readonly<Record<string, unknown>>;

/** What a DynamoDB stream tells of a write. Images are there as far as the table's stream view shows them. */
export interface ItemChangedData {
  readonly change: 'insert' | 'modify' | 'remove';
  readonly table: string;
  readonly keys: Item;
  readonly before?: Item | undefined;
  readonly after?: Item | undefined;
  /** Removed by its time to live, not by a writer. */
  readonly expired: boolean;
}

const schema: StandardSchemaV1<unknown, ItemChangedData> = {
  '~standard': {
    version: 1,
    vendor: 'sluice',
    // Made by the source itself out of the stream's record: there is nothing left to check.
    validate: (value) => ({ value: value as ItemChangedData }),
  },
};

/** The key of an item as text: order is kept per item. */
export const itemKey = (keys: Item): string =>
  Object.keys(keys)
    .sort()
    .map((name) => String(keys[name]))
    .join('/');

/**
 * A change of a table's item as an event: what a consumer of a DynamoDB stream handles. Its id is the stream record's, the same for
 * every delivery.
 */
export const ItemChanged: EventType<ItemChangedData, 'dynamodb.item-changed'> = {
  type: 'dynamodb.item-changed',
  version: 1,
  data: schema,
  key: ({ keys }) => itemKey(keys),
  previous: [],
};
