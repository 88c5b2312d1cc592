import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type AlarmSettings, CONSUMER_ALARMS, declareAlarms } from '../declaring/alarms.ts';
import { declare, declareName } from '../declaring/declaration-error.ts';
import { type Duration, hours } from '../declaring/duration.ts';
import type { EventType } from '../events/event.ts';
import { type Item, ItemChanged, type ItemChangedData } from '../events/item-change.ts';

/**
 * Which images of an item the table's stream shows: the table is created with it.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_StreamSpecification.html
 */
export type StreamView = 'new-and-old-images' | 'new-image' | 'old-image' | 'keys-only';

/** What can happen to an item of a table. */
export type Change = ItemChangedData['change'];

interface About {
  readonly table: string;
  readonly keys: Item;
}
type Before<T, View> = View extends 'new-and-old-images' | 'old-image' ? { readonly before: T } : object;
type After<T, View> = View extends 'new-and-old-images' | 'new-image' ? { readonly after: T } : object;

interface ByChange<T, View> {
  readonly insert: About & After<T, View> & { readonly change: 'insert' };
  readonly modify: About & Before<T, View> & After<T, View> & { readonly change: 'modify' };
  /** `expired`: removed by its time to live, not by a writer. */
  readonly remove: About & Before<T, View> & { readonly change: 'remove'; readonly expired: boolean };
}

/** What a handler gets: told apart by `change`, with the images that the view shows. */
export type ItemChange<T = Item, View extends StreamView = 'new-and-old-images', C extends Change = Change> = ByChange<
  T,
  View
>[C];

/**
 * The changes of a table as a channel: who writes to the table knows nothing of it. In order per item, kept for 24 hours, and read by two
 * consumers at most. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
 */
export interface TableChanges<Data = unknown> {
  readonly kind: 'table-changes';
  readonly name: string;
  readonly order: 'per-key';
  readonly events: readonly [EventType<Data, 'dynamodb.item-changed'>];
  readonly view: StreamView;
  readonly changes: readonly Change[];
  /** What an item looks like; undefined: anything. */
  readonly item: StandardSchemaV1 | undefined;
  readonly retention: Duration;
  /** What is different about the alarms of its consumers. */
  readonly alarms: AlarmSettings;
}

/** The changes of some table, whatever its items. */
// biome-ignore lint/suspicious/noExplicitAny: as for events, only `any` lets changes of different items share a type.
export type AnyTableChanges = TableChanges<any>;

const SHOWS: Readonly<Record<StreamView, { readonly before: boolean; readonly after: boolean }>> = {
  'new-and-old-images': { before: true, after: true },
  'new-image': { before: false, after: true },
  'old-image': { before: true, after: false },
  'keys-only': { before: false, after: false },
};

/** The images of an item that a change shows: a new item has none from before, a removed one none from after. */
export const imagesOf = (view: StreamView, change: Change): readonly ('before' | 'after')[] => [
  ...(SHOWS[view].before && change !== 'insert' ? ['before' as const] : []),
  ...(SHOWS[view].after && change !== 'remove' ? ['after' as const] : []),
];

const CHANGES: readonly Change[] = ['insert', 'modify', 'remove'];

/**
 * Declares the changes of a table as something that can be subscribed to.
 * @param name of the channel, not of the table: the stack says which table it is
 * @throws DeclarationError for an unknown view or change, or an item's shape for a view that shows no item
 */
export function tableChanges<
  T = Item,
  const View extends StreamView = 'new-and-old-images',
  const C extends Change = Change,
>(
  name: string,
  options: {
    /** Any Standard Schema validator of an item as plain JSON: what does not fit is dead-lettered, with the field. @default anything */
    readonly item?: StandardSchemaV1<unknown, T>;
    /** Must be that of the table's stream. @default 'new-and-old-images' */
    readonly view?: View;
    /** Others are filtered out before the function is called. @default all */
    readonly changes?: readonly C[];
    /** Other thresholds of alarms, or reasons to have none; a subscription's own come first. @default the defaults of each kind */
    readonly alarms?: AlarmSettings;
  } = {},
): TableChanges<ItemChange<T, View, C>> {
  const thing = `table changes '${name}'`;
  const { item, view = 'new-and-old-images', changes = CHANGES } = options;
  declareName('table changes', name);
  declare(
    view in SHOWS,
    thing,
    `view must be one of ${Object.keys(SHOWS).join(', ')} (given '${view}')`,
    "Write the table's own view",
  );
  const strangers = changes.filter((change) => !CHANGES.includes(change));
  declare(
    changes.length > 0 && strangers.length === 0,
    thing,
    `changes must be some of ${CHANGES.join(', ')} (given ${changes.join(', ') || 'none'})`,
    'Leave changes out to have all',
  );
  declare(
    item === undefined || view !== 'keys-only',
    thing,
    "an item's shape needs a view that shows items, and 'keys-only' shows none",
    "Leave item out, or choose view 'new-image' or 'new-and-old-images'",
  );
  const data = changeSchema(item, view, changes) as StandardSchemaV1<unknown, ItemChange<T, View, C>>;
  return {
    kind: 'table-changes',
    name,
    order: 'per-key',
    events: [{ ...ItemChanged, data, key: (change) => ItemChanged.key(change as unknown as ItemChangedData) }],
    view,
    changes: [...changes],
    item,
    retention: hours(24),
    alarms: declareAlarms(thing, CONSUMER_ALARMS['table-changes'], options.alarms),
  };
}

/** Checks what the source made of a stream record: its images, and that the stream is the declared one. */
function changeSchema(
  item: StandardSchemaV1 | undefined,
  view: StreamView,
  changes: readonly Change[],
): StandardSchemaV1<unknown, unknown> {
  const validate = (value: unknown): StandardSchemaV1.Result<unknown> => {
    const data = value as ItemChangedData;
    if (!changes.includes(data.change)) {
      const message = `'${data.change}' is not among the declared changes (${changes.join(', ')}): the mapping's filter is missing`;
      return { issues: [{ message, path: ['change'] }] };
    }
    const parsed: Record<string, unknown> = {};
    for (const image of imagesOf(view, data.change)) {
      const found = data[image];
      if (found === undefined) {
        const message = `is missing: the table's stream does not show '${view}'`;
        return { issues: [{ message, path: [image] }] };
      }
      const result = item === undefined ? { value: found } : item['~standard'].validate(found);
      if (result instanceof Promise) throw new TypeError('the schema of an item must answer synchronously');
      if (result.issues !== undefined) {
        return { issues: result.issues.map(({ message, path = [] }) => ({ message, path: [image, ...path] })) };
      }
      parsed[image] = result.value;
    }
    return { value: { ...data, ...parsed } };
  };
  return { '~standard': { version: 1, vendor: 'sluice', validate } };
}
