import { describe, expect, it } from 'vitest';
import { tableFaults } from '../../../lib/lint/patterns/table-patterns.ts';
import { readResources } from '../../../lib/lint/reading/resources.ts';

const properties = {
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
};
const [table] = readResources([
  { path: 'App', body: { Resources: { Table: { Type: 'AWS::DynamoDB::Table', Properties: properties } } } },
]).all;
const faults = (pattern: object) => tableFaults(pattern as Record<string, unknown>, table);
const image = (attributes: object) => ({ dynamodb: { NewImage: attributes } });

/** Conditions on one thing, of which some can match a record and others never do. */
const GOOD_AND_BAD: readonly (readonly [string, (conditions: readonly unknown[]) => object, unknown, unknown])[] = [
  ['numbers as text', (list) => image({ total: { N: list } }), '1', 1],
  ['numbers that are compared', (list) => image({ total: { N: list } }), { prefix: '1' }, { numeric: ['>', 1] }],
  ['numbers within a map', (list) => image({ order: { M: { total: { N: list } } } }), '1', 1],
  ['numbers among keys', (list) => ({ dynamodb: { Keys: { id: { N: list } } } }), '1', 1],
  ['names of changes', (list) => ({ eventName: list }), 'MODIFY', 'UPDATE'],
  ['alternatives of members', (list) => ({ $or: list }), { eventName: ['REMOVE'] }, { detail: { kind: ['x'] } }],
  [
    'alternatives within an image',
    (list) => ({ dynamodb: { NewImage: { $or: list } } }),
    { status: { S: ['paid'] } },
    { status: ['paid'] },
  ],
  [
    'alternatives within a change',
    (list) => ({ dynamodb: { $or: list } }),
    image({}).dynamodb,
    { Images: { a: ['x'] } },
  ],
  ['what need not be there', (list) => image({ status: list }), { exists: false }, 'paid'],
];

describe('of alternatives in a filter over the changes of a table', () => {
  it.each(GOOD_AND_BAD)('one that can match is enough: %s', (_, pattern, good, bad) => {
    const found = [[good], [good, bad], [bad, good], [good, good], [bad], [bad, bad]].map(
      (list) => faults(pattern(list)).length > 0,
    );
    expect(found).toEqual([false, false, false, false, true, true]);
  });

  it.each([
    ['attributes', image({ a: { S: ['x'] }, b: ['x'] }), ['b: ["x"] lacks the type of the attribute']],
    [
      'attributes, each with its own fault',
      image({ a: { N: [1] }, b: ['x'] }),
      ['a: {"N":[1]} compares text with a number', 'b: ["x"] lacks the type of the attribute'],
    ],
    [
      'names beside each other',
      { eventName: ['UPDATE'], ...image({ a: { S: ['x'] } }) },
      [expect.stringContaining('never one of INSERT')],
    ],
    [
      'an image of another view',
      { dynamodb: { NewImage: { a: { S: ['x'] } }, OldImage: { a: { S: ['x'] } } } },
      ['OldImage is not in the stream, which holds NEW_IMAGE'],
    ],
  ])('what must match together is blamed for any that cannot: %s', (_, pattern, said) => {
    expect(faults(pattern)).toEqual(said);
  });

  it.each(['S', 'N', 'B', 'BOOL', 'NULL', 'M', 'L', 'SS', 'NS', 'BS'])('%s is a type of attributes', (type) => {
    const condition = type === 'M' ? {} : [{ exists: true }];
    expect(faults(image({ a: { [type]: condition } }))).toEqual([]);
    expect(faults(image({ a: { [`${type}x`]: [{ exists: true }] } }))).toHaveLength(1);
  });

  it.each([
    [['REMOVE'], 'NEW_IMAGE', 'NewImage'],
    [['INSERT'], 'OLD_IMAGE', 'OldImage'],
    [['REMOVE'], 'NEW_AND_OLD_IMAGES', 'NewImage'],
    [['INSERT'], 'NEW_AND_OLD_IMAGES', 'OldImage'],
  ])('%j of %s has no %s, but other changes have', (names, StreamViewType, of) => {
    const seen = (eventName: readonly string[]) =>
      tableFaults(
        { eventName, dynamodb: { [of]: { a: { S: ['x'] } } } },
        table && {
          ...table,
          properties: { ...properties, StreamSpecification: { StreamViewType } },
        },
      );
    expect(seen(names)).toEqual([`${of} is not in a record of ${names[0]}`]);
    expect(seen(['MODIFY'])).toEqual([]);
    expect(seen([...names, 'MODIFY'])).toEqual([]);
    expect(seen(names[0] === 'INSERT' ? ['REMOVE'] : ['INSERT'])).toEqual([]);
  });
});
