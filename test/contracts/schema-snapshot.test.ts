import { describe, expect, it } from 'vitest';
import { parseSnapshot, type SchemaSnapshot, snapshotName, snapshotText } from '../../lib/contracts/schema-snapshot.ts';

const good: SchemaSnapshot = {
  type: 'orders.order-placed',
  version: 2,
  since: '2026-11-20',
  channels: ['order-log'],
  retentionDays: 21,
  schema: { type: 'object' },
};
const NAME = 'orders.order-placed.v2.json';

describe('a snapshot', () => {
  it('comes back the same from its file', () => {
    expect(snapshotName(good)).toBe(NAME);
    expect(parseSnapshot(NAME, snapshotText(good))).toEqual(good);
  });

  it.each([
    [
      'text that is no JSON',
      '{',
      /^schemas\/orders\.order-placed\.v2\.json: it is not JSON \(.*Restore it from version control/,
    ],
    ['a list', '[]', /it is not an object/],
    ['no version', { ...good, version: undefined }, /type or version is missing/],
    [
      'another version than its name',
      { ...good, version: 3 },
      /it holds 'orders\.order-placed' version 3, which is not what its name says/,
    ],
    ['a day that is none', { ...good, since: '2026-13-40' }, /since '2026-13-40' is not a day such as 2026-11-20/],
    ['no day', { ...good, since: 'soon' }, /since 'soon' is not a day/],
    ['channels that are no names', { ...good, channels: [1] }, /channels is not a list of names/],
    ['a retention below zero', { ...good, retentionDays: -1 }, /retentionDays '-1' is not a number of days/],
    ['no schema', { ...good, schema: 'object' }, /schema is not a JSON Schema/],
  ])('is refused with %s', (_, content, message) => {
    expect(() => parseSnapshot(NAME, typeof content === 'string' ? content : JSON.stringify(content))).toThrow(message);
  });
});
