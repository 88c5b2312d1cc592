import * as v from 'valibot';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { type AnyTableChanges, imagesOf, tableChanges } from '../../../lib/contracts/channels/table-changes.ts';
import { DeclarationError } from '../../../lib/contracts/declaring/declaration-error.ts';
import { days, hours } from '../../../lib/contracts/declaring/duration.ts';
import { envelope, readEnvelope } from '../../../lib/contracts/events/envelope.ts';
import type { DataOf } from '../../../lib/contracts/events/event.ts';
import { type Item, ItemChanged, type ItemChangedData } from '../../../lib/contracts/events/item-change.ts';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';

const Row = v.object({ pk: v.string(), count: v.number(), note: v.optional(v.string(), 'none') });
type Row = v.InferOutput<typeof Row>;

/** A change as the source makes it of a stream record. */
const bodyOf = (change: Partial<ItemChangedData>) => {
  const data = { change: 'modify', table: 'shelf', keys: { pk: 'a' }, expired: false, ...change } as ItemChangedData;
  return JSON.stringify(envelope(ItemChanged, data, { id: 'shelf/1', source: 'arn', time: new Date() }));
};
const read = (changes: AnyTableChanges, change: Partial<ItemChangedData>) =>
  readEnvelope(bodyOf(change), changes.events).data;

describe('tableChanges', () => {
  it('has sensible defaults: all changes, both images, any item', () => {
    expect(tableChanges('shelf-changes')).toMatchObject({
      kind: 'table-changes',
      name: 'shelf-changes',
      order: 'per-key',
      view: 'new-and-old-images',
      changes: ['insert', 'modify', 'remove'],
      item: undefined,
      retention: hours(24),
    });
  });

  it('parses the images with the shape of the item', () => {
    const changes = tableChanges('shelf-changes', { item: Row });
    const before = { pk: 'a', count: 1 };
    expect(read(changes, { before, after: { ...before, count: 2, note: 'x' } })).toMatchObject({
      change: 'modify',
      before: { pk: 'a', count: 1, note: 'none' },
      after: { pk: 'a', count: 2, note: 'x' },
    });
    expect(read(changes, { change: 'insert', after: before })).toMatchObject({ after: { note: 'none' } });
    expect(read(changes, { change: 'remove', before, expired: true })).toMatchObject({ expired: true });
  });

  it.each([
    [
      'an item that does not fit',
      { before: { pk: 'a', count: 1 }, after: { pk: 'a', count: 'two' } },
      'the data of \'dynamodb.item-changed\' is invalid: after.count: Invalid type: Expected number but received "two"',
    ],
    [
      'an image that the stream should show',
      { after: { pk: 'a', count: 1 } },
      "before: is missing: the table's stream does not show 'new-and-old-images'",
    ],
  ])('refuses %s', (_, change, message) => {
    expect(() => read(tableChanges('shelf-changes', { item: Row }), change)).toThrow(message);
  });

  it('refuses a change that is not declared: somebody forgot the filter', () => {
    const changes = tableChanges('shelf-changes', { changes: ['insert'] });
    expect(() => read(changes, { change: 'remove', before: {} })).toThrow(
      "change: 'remove' is not among the declared changes (insert): the mapping's filter is missing",
    );
  });

  it('keeps order per item, whatever its key is made of', () => {
    const [event] = tableChanges('shelf-changes').events;
    expect(event.key({ change: 'insert', table: 't', keys: { sk: 7, pk: 'a' }, after: {} })).toBe('a/7');
  });

  it.each([
    ['new-and-old-images', ['after'], ['before', 'after'], ['before']],
    ['new-image', ['after'], ['after'], []],
    ['old-image', [], ['before'], ['before']],
    ['keys-only', [], [], []],
  ] as const)('view %s shows images as the stream does', (view, insert, modify, remove) => {
    expect(imagesOf(view, 'insert')).toEqual(insert);
    expect(imagesOf(view, 'modify')).toEqual(modify);
    expect(imagesOf(view, 'remove')).toEqual(remove);
    expect(read(tableChanges('shelf-changes', { view, changes: ['modify'] }), { before: {}, after: {} })).toBeDefined();
  });

  it('gives handlers what the view and the changes say, and nothing else', () => {
    const all = tableChanges('a', { item: Row });
    type All = DataOf<(typeof all)['events'][number]>;
    expectTypeOf<Extract<All, { change: 'insert' }>>().not.toHaveProperty('before');
    expectTypeOf<Extract<All, { change: 'modify' }>['before']>().toEqualTypeOf<Row>();
    expectTypeOf<Extract<All, { change: 'remove' }>['expired']>().toEqualTypeOf<boolean>();
    const some = tableChanges('b', { view: 'new-image', changes: ['insert', 'modify'] });
    type Some = DataOf<(typeof some)['events'][number]>;
    expectTypeOf<Some['change']>().toEqualTypeOf<'insert' | 'modify'>();
    expectTypeOf<Some['after']>().toEqualTypeOf<Item>();
    expectTypeOf<Some>().not.toHaveProperty('before');
  });

  it.each([
    ['a name', () => tableChanges('Shelf'), "table changes 'Shelf': the name must be kebab-case"],
    [
      'a view',
      () => tableChanges('shelf', { view: 'everything' as never }),
      "view must be one of new-and-old-images, new-image, old-image, keys-only (given 'everything')",
    ],
    [
      'a change',
      () => tableChanges('shelf', { changes: ['upsert' as never] }),
      'changes must be some of insert, modify, remove (given upsert)',
    ],
    ['no change', () => tableChanges('shelf', { changes: [] }), '(given none)'],
    [
      'a shape of items that are not shown',
      () => tableChanges('shelf', { item: Row, view: 'keys-only' }),
      "an item's shape needs a view that shows items, and 'keys-only' shows none",
    ],
  ])('refuses %s that cannot be', (_, declared, message) => {
    expect(declared).toThrow(DeclarationError);
    expect(declared).toThrow(message);
  });
});

describe('a subscription to table changes', () => {
  const to = tableChanges('shelf-changes');

  it('is in order per item, with the batches of a stream', () => {
    expect(subscription('reader', { to, failedKey: 'park' })).toMatchObject({ order: 'per-key', batchSize: 100 });
    expect(subscription('reader', { to, batchSize: 10_000, deduplicationWindow: days(15) }).batchSize).toBe(10_000);
  });

  it.each([
    [
      { concurrency: 5 },
      "concurrency cannot be set on table changes 'shelf-changes': DynamoDB decides about the shards of its streams. Leave it out.",
    ],
    [{ guarantee: 'exactly-once-aggregation' }, "guarantee 'exactly-once-aggregation' needs a log"],
  ] as const)('refuses %o', (options, message) => {
    expect(() => subscription('reader', { to, ...options })).toThrow(message);
  });
});
