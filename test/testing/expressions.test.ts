import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { expect, it } from 'vitest';
import { holds, type Item, updated } from '../../lib/testing/services/expressions.ts';

const wire = (item: object) => marshall(item) as unknown as Item;
const ITEM = {
  sku: 'heart',
  quantity: 6,
  tags: new Set(['red', 'gift']),
  sizes: [1, 2],
  shelf: { row: 'B', boxes: [{ n: 3 }] },
};
const values = (given: object) => ({
  ExpressionAttributeNames: { '#shelf': 'shelf', '#n': 'n' },
  ExpressionAttributeValues: wire(given),
});

const CONDITIONS: readonly [string, boolean, object][] = [
  ['quantity BETWEEN :a AND :b', true, { ':a': 5, ':b': 6 }],
  ['quantity BETWEEN :a AND :b AND sku = :c', false, { ':a': 5, ':b': 6, ':c': 'x' }],
  ['quantity BETWEEN :a AND :b', false, { ':a': 7, ':b': 9 }],
  ['sku IN (:a, :b)', true, { ':a': 'x', ':b': 'heart' }],
  ['sku IN (:a)', false, { ':a': 'x' }],
  ['size(sku) > :a', true, { ':a': 4 }],
  ['size(sizes) = :a AND size(tags) = :a AND size(shelf) = :a', true, { ':a': 2 }],
  ['attribute_type(tags, :a)', true, { ':a': 'SS' }],
  ['attribute_type(sku, :a)', false, { ':a': 'N' }],
  ['contains(tags, :a)', true, { ':a': 'red' }],
  ['contains(tags, :a)', false, { ':a': 're' }],
  ['contains(sku, :a)', true, { ':a': 'ear' }],
  ['contains(sizes, :a)', true, { ':a': 2 }],
  ['#shelf.row = :a', true, { ':a': 'B' }],
  ['shelf.boxes[0].#n = :a', true, { ':a': 3 }],
  ['attribute_not_exists(shelf.boxes[1])', true, {}],
  ['attribute_exists(shelf.door) OR NOT (quantity > :a)', false, { ':a': 1 }],
  ['quantity = :a', false, { ':a': '6' }],
];

it.each(CONDITIONS)('%s is %s', (expression, expected, given) => {
  expect(holds(expression, wire(ITEM), values(given))).toBe(expected);
});

const UPDATES: readonly [string, object, object][] = [
  [
    'SET shelf.#n = :a, quantity = quantity - :a',
    { quantity: 5, shelf: { row: 'B', boxes: [{ n: 3 }], n: 1 } },
    { ':a': 1 },
  ],
  ['SET shelf.boxes[0].n = :a', { shelf: { row: 'B', boxes: [{ n: 9 }] } }, { ':a': 9 }],
  ['SET sizes = list_append(sizes, :a)', { sizes: [1, 2, 3] }, { ':a': [3] }],
  ['SET sizes[5] = :a', { sizes: [1, 2, 7] }, { ':a': 7 }],
  ['SET seen = if_not_exists(shelf.seen, :a)', { seen: 0 }, { ':a': 0 }],
  ['REMOVE shelf.boxes[0], sizes[0]', { shelf: { row: 'B', boxes: [] }, sizes: [2] }, {}],
  ['ADD shelf.boxes[0].n :a', { shelf: { row: 'B', boxes: [{ n: 5 }] } }, { ':a': 2 }],
  ['DELETE tags :a', { tags: new Set(['gift']) }, { ':a': new Set(['red']) }],
];

it.each(UPDATES)('%s', (expression, change, given) => {
  const before = wire(ITEM);
  expect(unmarshall(updated(expression, before, values(given)) as never)).toEqual({ ...ITEM, ...change });
  expect(unmarshall(before as never), 'the item before is as it was').toEqual(ITEM);
});

it('what AWS refuses, or nobody here knows, is refused', () => {
  expect(() => updated('SET door.row = :a', wire(ITEM), values({ ':a': 1 }))).toThrow('document path');
  expect(() => holds('sku LIKE :a', wire(ITEM), values({ ':a': 1 }))).toThrow("does not know operator 'LIKE'");
  expect(() => holds('sku = :b', wire(ITEM), values({}))).toThrow('ExpressionAttributeValues lacks :b');
});
