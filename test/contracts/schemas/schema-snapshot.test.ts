import { describe, expect, it } from 'vitest';
import {
  parseSnapshot,
  type SchemaSnapshot,
  snapshotName,
  snapshotText,
} from '../../../lib/contracts/schemas/schema-snapshot.ts';

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
    ['anything may be written', { schema: true }],
    ['it is gone at once', { retentionDays: 0 }],
  ])('may say that %s', (_, more) => {
    expect(parseSnapshot(NAME, snapshotText({ ...good, ...more }))).toEqual({ ...good, ...more });
  });

  it('keeps what the parser said', () => {
    expect(() => parseSnapshot(NAME, '{')).toThrow(expect.objectContaining({ cause: expect.any(SyntaxError) }));
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
    ['a type that is no name', { ...good, type: 7 }, /type or version is missing/],
    ['a version in words', { ...good, version: '2' }, /type or version is missing/],
    ['no text for a day', { ...good, since: 20_261_120 }, /since '20261120' is not a day/],
    ['a day among others', { ...good, since: '2026-11-20T08:00:00Z' }, /since '2026-11-20T08:00:00Z' is not a day/],
    ['a list of one day', { ...good, since: ['2026-11-20'] }, /since '2026-11-20' is not a day/],
    ['channels that are no names', { ...good, channels: ['log', 1] }, /channels is not a list of names/],
    ['channels that are no list', { ...good, channels: 'log' }, /channels is not a list of names/],
    ['a retention below zero', { ...good, retentionDays: -1 }, /retentionDays '-1' is not a number of days/],
    ['a retention in words', { ...good, retentionDays: '21' }, /retentionDays '21' is not a number of days/],
    ['no schema', { ...good, schema: 'object' }, /schema is not a JSON Schema/],
  ])('is refused with %s', (_, content, message) => {
    expect(() => parseSnapshot(NAME, typeof content === 'string' ? content : JSON.stringify(content))).toThrow(message);
  });
});
