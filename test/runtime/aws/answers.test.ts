import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  foundByDynamodb,
  type NotTaken,
  notDeletedByS3,
  notTakenByEventBridge,
  notTakenByKinesis,
  notTakenBySns,
  notTakenBySqs,
  UnbelievableAnswer,
  unwrittenByDynamodb,
} from '../../../lib/runtime/aws/answers.ts';

const two = ['first', 'second'];
const told = (unsent: readonly NotTaken<unknown>[]) => unsent.map(({ entry, error, code }) => [entry, error, code]);
const silent = (entry: string, id: string, more = '') => [
  entry,
  `the answer says nothing about Id '${id}'${more}`,
  undefined,
];
const both = [silent('first', '0'), silent('second', '1')];
const why = { Code: 'InternalError', Message: 'try again', SenderFault: false };
const said = (entry: string) => [entry, 'InternalError: try again', 'InternalError'];
const ok = (...ids: unknown[]) => ids.map((Id) => ({ Id, MessageId: `m-${Id}` }));

describe.each([
  ['SQS', notTakenBySqs],
  ['SNS', notTakenBySns],
])("an answer of %s's batches", (_, judge) => {
  it.each<[string, unknown, unknown[]]>([
    ['all taken', { Successful: ok('0', '1'), Failed: [] }, []],
    ['all taken, the list of failures left out', { Successful: ok('1', '0') }, []],
    ['all taken, the list of failures null', { Successful: ok('0', '1'), Failed: null }, []],
    ['one refused', { Successful: ok('0'), Failed: [{ Id: '1', ...why }] }, [said('second')]],
    ['one refused without words', { Successful: ok('0'), Failed: [{ Id: '1', Code: 'E' }] }, [['second', 'E: ', 'E']]],
    [
      'one refused without a code',
      { Successful: ok('0'), Failed: [{ Id: '1' }] },
      [['second', 'refused without a code: ', undefined]],
    ],
    [
      'all refused',
      {
        Failed: [
          { Id: '0', ...why },
          { Id: '1', ...why },
        ],
      },
      [said('first'), said('second')],
    ],
    ['one in both lists', { Successful: ok('0', '1'), Failed: [{ Id: '1', ...why }] }, [said('second')]],
    ['one in neither list', { Successful: ok('0'), Failed: [] }, [silent('second', '1')]],
    ['only a failure named', { Failed: [{ Id: '0', ...why }] }, [said('first'), silent('second', '1')]],
    ['one twice, the other not at all', { Successful: ok('0', '0'), Failed: [] }, [silent('second', '1')]],
    ['nothing refused, nothing taken', { Failed: [] }, both],
    ['empty', {}, both],
    ['undefined', undefined, both],
    ['null', null, both],
    ['text', 'OK', both],
    ['a list', [], both],
    ['lists that are none', { Successful: { 0: { Id: '0' } }, Failed: 'none' }, both],
    [
      'a list of nothing',
      { Successful: [null, undefined, 0, '0'] },
      [silent('first', '0', ' (but about no id)'), silent('second', '1', ' (but about no id)')],
    ],
    ['an id that was not sent', { Successful: ok('0', '7') }, [silent('second', '1', ' (but about 7)')]],
    [
      'a failure that was not sent',
      { Successful: ok('0'), Failed: [{ Id: '7', ...why }] },
      [silent('second', '1', ' (but about 7)')],
    ],
    ['a surplus beside what was sent', { Successful: ok('0', '1', '2'), Failed: [{ Id: '3', ...why }] }, []],
    [
      'ids as numbers',
      { Successful: ok(0, 1) },
      [silent('first', '0', ' (but about no id)'), silent('second', '1', ' (but about no id)')],
    ],
    [
      'an id that only looks alike',
      { Successful: ok('00', '1 ') },
      [silent('first', '0', ' (but about 00, 1 )'), silent('second', '1', ' (but about 00, 1 )')],
    ],
  ])('%s', (_name, answer, unsent) => expect(told(judge(two, answer))).toEqual(unsent));
});

describe.each([
  ['Kinesis', notTakenByKinesis, 'Records', 'SequenceNumber', 'FailedRecordCount'],
  ['EventBridge', notTakenByEventBridge, 'Entries', 'EventId', 'FailedEntryCount'],
] as const)("an answer of %s's batches", (_, judge, list, proof, count) => {
  const good = { [proof]: '49', ErrorCode: null, ErrorMessage: null };
  const bad = { [proof]: null, ErrorCode: 'Throttled', ErrorMessage: 'slow down' };
  const refused = (entry: string) => [entry, 'Throttled: slow down', 'Throttled'];
  const all = (error: string) => two.map((entry) => [entry, error, undefined]);
  const missing = (entry: string, i: number) => [entry, `the answer has no ${proof} for entry ${i}`, undefined];

  it.each<[string, unknown, unknown[]]>([
    ['all taken', { [count]: 0, [list]: [good, good] }, []],
    ['all taken, absent values left out', { [count]: 0, [list]: [{ [proof]: '1' }, { [proof]: '2' }] }, []],
    ['all taken, no count', { [list]: [good, good] }, []],
    ['one refused', { [count]: 1, [list]: [good, bad] }, [refused('second')]],
    [
      'one refused and numbered all the same',
      { [count]: 1, [list]: [{ ...bad, [proof]: '49' }, good] },
      [refused('first')],
    ],
    ['all refused', { [count]: 2, [list]: [bad, bad] }, [refused('first'), refused('second')]],
    ['one without a proof', { [count]: 0, [list]: [good, {}] }, [missing('second', 1)]],
    [
      'one with a null proof and no code',
      { [count]: 0, [list]: [{ ...good, [proof]: null }, good] },
      [missing('first', 0)],
    ],
    ['one with an empty proof', { [count]: 0, [list]: [good, { [proof]: '' }] }, [missing('second', 1)]],
    ['one with a number for a proof', { [count]: 0, [list]: [good, { [proof]: 49 }] }, [missing('second', 1)]],
    ['one null', { [count]: 0, [list]: [null, good] }, [missing('first', 0)]],
    [
      'a count too high',
      { [count]: 1, [list]: [good, good] },
      all(`the answer says ${count} 1 and has 0 with an ErrorCode`),
    ],
    [
      'a count too low',
      { [count]: 0, [list]: [good, bad] },
      [['first', `the answer says ${count} 0 and has 1 with an ErrorCode`, undefined], refused('second')],
    ],
    [
      'a count that is text',
      { [count]: '0', [list]: [good, good] },
      all(`the answer says ${count} "0" and has 0 with an ErrorCode`),
    ],
    ['one too few', { [count]: 0, [list]: [good] }, all(`the answer has 1 ${list} for 2`)],
    ['one too many', { [count]: 0, [list]: [good, good, good] }, all(`the answer has 3 ${list} for 2`)],
    ['one too many, refused', { [count]: 1, [list]: [bad, good, good] }, all(`the answer has 3 ${list} for 2`)],
    ['empty', {}, all(`the answer has 0 ${list} for 2`)],
    ['null', null, all(`the answer has 0 ${list} for 2`)],
    ['a list that is none', { [count]: 0, [list]: null }, all(`the answer has 0 ${list} for 2`)],
  ])('%s', (_name, answer, unsent) => expect(told(judge(two, answer))).toEqual(unsent));
});

it("an answer of S3's DeleteObjects is judged by key", () => {
  const objects = [{ Key: 'a' }, { Key: 'b' }, { Key: 'c' }];
  const answer = { Deleted: [{ Key: 'a' }, { Key: 'd' }], Errors: [{ Key: 'b', Code: 'AccessDenied', Message: 'no' }] };
  expect(told(notDeletedByS3(objects, answer))).toEqual([
    [objects[1], 'AccessDenied: no', 'AccessDenied'],
    [objects[2], "the answer says nothing about Key 'c' (but about d)", undefined],
  ]);
  expect(told(notDeletedByS3(objects, {})).map(([object]) => object)).toEqual(objects);
});

describe("an answer of DynamoDB's BatchGetItem", () => {
  const keys = [
    { pk: 'a', sk: 1 },
    { pk: 'b', sk: 2 },
  ];
  const [a, b] = [
    { text: 'A', sk: 1, pk: 'a' },
    { pk: 'b', sk: 2 },
  ];
  const answered = (items: unknown, left?: unknown) => ({
    Responses: { t: items },
    UnprocessedKeys: left === undefined ? {} : { t: { Keys: left, ConsistentRead: true } },
  });

  it.each<[string, unknown, unknown[], unknown[]]>([
    ['all found', answered([b, a]), [b, a], []],
    ['one not there', answered([a]), [a], []],
    ['none there', answered([]), [], []],
    ['one left', answered([a], [{ sk: 2, pk: 'b' }]), [a], [{ sk: 2, pk: 'b' }]],
    ['all left', { Responses: {}, UnprocessedKeys: { t: { Keys: keys } } }, [], keys],
    ['none left of a table that is named', { Responses: { t: [a] }, UnprocessedKeys: { t: { Keys: [] } } }, [a], []],
  ])('%s', (_name, answer, items, unprocessed) =>
    expect(foundByDynamodb('t', keys, answer)).toEqual({ items, unprocessed }),
  );

  it.each<[string, unknown]>([
    ['empty', {}],
    ['null', null],
    ['undefined', undefined],
    ['without UnprocessedKeys', { Responses: { t: [a] } }],
    ['with null for UnprocessedKeys', { Responses: { t: [a] }, UnprocessedKeys: null }],
    ['without Responses', { UnprocessedKeys: {} }],
    ['without a list of the table', { Responses: {}, UnprocessedKeys: {} }],
    ['with null for the list', answered(null)],
    ['with a list of the table that leaves some open', { Responses: {}, UnprocessedKeys: { t: { Keys: [keys[0]] } } }],
    ['with an item that was not asked', answered([a, { pk: 'c', sk: 3 }])],
    ['with an item twice', answered([a, a])],
    ['with null for an item', answered([a, null])],
    ['with an item that is said to be left', answered([a], [keys[0]])],
    ['with a key left that was not asked', answered([a], [{ pk: 'c', sk: 3 }])],
    ['with a key left twice', answered([], [keys[0], keys[0]])],
    ['with no list of what is left', { Responses: { t: [] }, UnprocessedKeys: { t: {} } }],
    ['about another table', { Responses: { t: [] }, UnprocessedKeys: { u: { Keys: [keys[0]] } } }],
  ])('%s is not believed', (_name, answer) =>
    expect(() => foundByDynamodb('t', keys, answer)).toThrow(UnbelievableAnswer),
  );
});

describe("an answer of DynamoDB's BatchWriteItem", () => {
  const requests = [{ PutRequest: { Item: { pk: 'a' } } }, { DeleteRequest: { Key: { pk: 'b' } } }];
  const left = (list: unknown) => ({ UnprocessedItems: { t: list } });

  it('names what is left', () => {
    expect(unwrittenByDynamodb('t', requests, { UnprocessedItems: {} })).toEqual([]);
    expect(unwrittenByDynamodb('t', requests, left([requests[1]]))).toEqual([requests[1]]);
    expect(unwrittenByDynamodb('t', requests, left(requests))).toEqual(requests);
  });

  it.each<[string, unknown]>([
    ['empty', {}],
    ['null', { UnprocessedItems: null }],
    ['a list', { UnprocessedItems: requests }],
    ['about another table', { UnprocessedItems: { u: [requests[0]] } }],
    ['about what was not sent', left([{ PutRequest: { Item: { pk: 'c' } } }])],
    ['about one twice', left([requests[0], requests[0]])],
    ['no list', left({})],
  ])('%s is not believed', (_name, answer) =>
    expect(() => unwrittenByDynamodb('t', requests, answer)).toThrow(UnbelievableAnswer),
  );
});

describe('whatever an answer is', () => {
  const junk = fc.oneof(fc.anything(), fc.constantFrom(null, undefined, '', '0', '1', 'E', 0, 1));
  const result = fc.dictionary(fc.constantFrom('Id', 'Code', 'Message', 'SequenceNumber', 'ErrorCode'), junk);
  const list = fc.oneof(fc.array(fc.oneof(result, junk), { maxLength: 4 }), junk);
  const answers = fc.oneof(
    junk,
    fc.dictionary(fc.constantFrom('Successful', 'Failed', 'Records', 'FailedRecordCount'), list),
  );
  const has = (value: unknown, field: string): unknown => (value as Record<string, unknown> | null)?.[field];

  it('an entry counts as taken by SQS only where the answer names it as taken and not as failed', () => {
    fc.assert(
      fc.property(answers, (answer) => {
        const unsent = new Set(notTakenBySqs(two, answer).map(({ entry }) => entry));
        const named = (field: string, id: string): boolean => {
          const found = has(answer, field);
          return Array.isArray(found) && found.some((one) => has(one, 'Id') === id);
        };
        two.forEach((entry, i) => {
          expect(!unsent.has(entry)).toBe(named('Successful', String(i)) && !named('Failed', String(i)));
        });
      }),
    );
  });

  it('an entry counts as taken by Kinesis only where it has a number and no code', () => {
    fc.assert(
      fc.property(answers, (answer) => {
        const unsent = new Set(notTakenByKinesis(two, answer).map(({ entry }) => entry));
        two.forEach((entry, i) => {
          if (unsent.has(entry)) return;
          const one = (has(answer, 'Records') as unknown[])[i];
          expect(has(one, 'SequenceNumber')).toMatch(/./s);
          expect(has(one, 'ErrorCode') ?? undefined).toBeUndefined();
        });
      }),
    );
  });
});
