import { expect, it } from 'vitest';
import { readEvent } from '../../../lib/contracts/events/envelope.ts';
import { schemaUri } from '../../../lib/contracts/events/event.ts';
import { ItemChanged, type ItemChangedData, itemKey } from '../../../lib/contracts/events/item-change.ts';

it.each([
  [{ pk: 'a' }, 'a'],
  [{ sk: 7, pk: 'a' }, 'a/7'],
])('the key of %j does not depend on the order of its attributes', (keys, expected) => {
  expect(itemKey(keys)).toBe(expected);
});

it('a change is an event like any other: readable, and about its item', () => {
  const data: ItemChangedData = { change: 'insert', table: 'orders', keys: { sk: 1, pk: 'o' }, expired: false };
  const body = JSON.stringify({
    specversion: '1.0',
    id: 'orders/1',
    source: '/orders',
    type: 'dynamodb.item-changed',
    subject: 'o/1',
    time: '2026-11-20T08:00:00Z',
    dataschema: schemaUri(ItemChanged),
    data,
  });
  expect(schemaUri(ItemChanged)).toBe('urn:sluice:dynamodb.item-changed:v1');
  expect(readEvent(body, [ItemChanged]).event.data).toEqual(data);
  expect(ItemChanged.key(data)).toBe('o/1');
});
