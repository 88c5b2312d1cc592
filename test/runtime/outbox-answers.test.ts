import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { outbox, type PublishedType } from '../../lib/contracts/channels/outbox.ts';
import { seconds } from '../../lib/contracts/declaring/duration.ts';
import { AwsError } from '../../lib/runtime/aws/calls/call.ts';
import { PROTOCOLS } from '../../lib/runtime/aws/protocols/protocol.ts';
import type { Write } from '../../lib/runtime/inbox/inbox.ts';
import { lambda, type Runtime } from '../../lib/runtime/invocation/runtime.ts';
import { type OutboxRow, occurred, outboxWriter, type Transaction } from '../../lib/runtime/outbox/outbox.ts';
import { outboxRelay } from '../../lib/runtime/outbox/relay.ts';
import { relayOutbox, sweepOutbox } from '../../lib/runtime/outbox/relay-handlers.ts';
import { opened, TicketOpened, ticketTopic } from '../contracts/sample-declarations.ts';
import { answerOf } from './aws-answers.ts';
import { lambdaContext } from './lambda-events.ts';

const box = outbox('box', { publishes: [ticketTopic], keep: seconds(100) });
const NOW = Date.parse('2026-11-20T08:00:00.500Z');
const cancelled = (...codes: string[]) =>
  new AwsError('TransactionCanceledException', 'cancelled', 400, {
    CancellationReasons: codes.map((Code) => ({ Code })),
  });
const ENV: Record<string, string> = { SLUICE_OUTBOX_TABLE: 'outbox-table', SLUICE_CHANNEL_TICKET_TOPIC: 'topic-arn' };

let calls: { operation: string; input: Record<string, unknown> }[];
let answers: Record<string, (input: Record<string, unknown>) => unknown>;
let lines: Record<string, unknown>[];

beforeEach(() => {
  calls = [];
  lines = [];
  answers = {};
});

/** A world that takes everything, but for what a test says. */
const runtime: Runtime = {
  ...lambda,
  now: () => NOW,
  sleep: async () => undefined,
  env: (name) => ENV[name],
  write: (line) => lines.push(JSON.parse(line)),
  aws: async (service, operation, given) => {
    // What the client refuses to send is no call.
    PROTOCOLS[service].encode(operation, given);
    const input = given as Record<string, unknown>;
    calls.push({ operation, input });
    return answers[operation]?.(input) ?? answerOf(operation, input);
  },
};
const refuse = (operation: string, error: Error) => {
  answers[operation] = () => {
    throw error;
  };
};
const inputsOf = (operation: string) => calls.filter((call) => call.operation === operation).map(({ input }) => input);

describe('a transaction with events', () => {
  const write: Write = { Put: { TableName: 'business', Item: { pk: 'x' } } };
  const told = occurred(TicketOpened, { ticket: 'T', text: '' });
  const transact = (more: Partial<Transaction<PublishedType<typeof box>>> = {}) =>
    outboxWriter(box, runtime)({ aggregate: 'A', after: 0, writes: [write], events: [told], ...more });

  it.each([
    ['another writer had the sequence', cancelled('None', 'ConditionalCheckFailed', 'None')],
    ['another transaction is under way', cancelled('TransactionConflict', 'None')],
  ])('is a conflict when %s: read again and decide anew', async (_, error) => {
    refuse('TransactWriteItems', error);
    answers.Query = () => ({ Items: [{ sequence: { N: '7' } }] });
    await expect(transact({ after: 6 })).rejects.toMatchObject({
      name: 'SequenceConflict',
      message: expect.stringMatching(/^aggregate 'A' already has an event with sequence 7/),
      cause: error,
    });
  });

  it.each([
    ['that met another', cancelled('None', 'TransactionConflict', 'None')],
    ['of a busy table', cancelled('ThrottlingError', 'None', 'None')],
  ])('%s is tried again with the same token, and then decided', async (_, error) => {
    const waits: number[] = [];
    const aws = runtime.aws;
    let busy = 2;
    const patient: Runtime = {
      ...runtime,
      random: () => 1,
      sleep: async (wait) => void waits.push(wait),
      aws: async (...call) => {
        const answer = await aws(...call);
        if (call[1] === 'TransactWriteItems' && busy-- > 0) throw error;
        return answer;
      },
    };
    await outboxWriter(box, patient)({ aggregate: 'A', after: 0, writes: [write], events: [told] });
    expect(waits).toEqual([50, 100]);
    const tokens = inputsOf('TransactWriteItems').map((input) => input.ClientRequestToken);
    expect([tokens.length, new Set(tokens).size]).toEqual([3, 1]);
  });

  it('names the writes that were refused, with what DynamoDB said', async () => {
    const error = cancelled('None', 'ConditionalCheckFailed', 'ConditionalCheckFailed');
    refuse('TransactWriteItems', error);
    await expect(transact({ writes: [write, write] })).rejects.toMatchObject({
      name: 'WriteRefused',
      refused: [1],
      cause: error,
    });
  });

  it.each([
    ['a throttle inside', cancelled('ThrottlingError', 'None')],
    ['a throttle', new AwsError('ThrottlingException', 'slow down', 400)],
    ['no answer', new Error('no answer')],
  ])('hands on what is no decision: %s', async (_, error) => {
    refuse('TransactWriteItems', error);
    await expect(transact()).rejects.toBe(error);
  });

  it('cannot be larger than DynamoDB takes together: neither it nor claimed data is sent', async () => {
    const about = (text: string) => occurred(TicketOpened, { ticket: 'T', text });
    const many = Array.from({ length: 16 }, () => about('x'.repeat(250_000)));
    const item: Write = { Put: { TableName: 'business', Item: { pk: 'x', text: 'x'.repeat(100_000) } } };
    await expect(transact({ writes: [item], events: [...many, told] })).resolves.toHaveLength(17);
    calls = [];
    const tooMuch = transact({ writes: [item, item], events: [...many, told] });
    await expect(tooMuch).rejects.toThrow(
      /^event 'box\/A\/10' .* is 250\d{3} bytes; a transaction, here of 20 items and 42\d{5} bytes together, takes 4194304\. Commit fewer/,
    );
    await expect(tooMuch).rejects.toMatchObject({ name: 'MessageTooLarge', eventId: 'box/A/10' });
    const large: Write = { Put: { TableName: 'business', Item: { pk: 'x', text: 'x'.repeat(409_600) } } };
    await expect(transact({ writes: [large] })).rejects.toMatchObject({
      name: 'WriteTooLarge',
      message: expect.stringMatching(/^item 0 of a write is 40960\d bytes; DynamoDB takes 409600\. Keep what is large/),
    });
    expect(calls).toEqual([]);
  });

  it.each([
    ['the longest name', { aggregate: 'x'.repeat(80) }],
    ['the largest transaction', { writes: Array.from({ length: 98 }, () => write) }],
  ])('may have %s', async (_, more) => {
    expect(await transact(more)).toHaveLength(1);
  });

  it.each([
    ['no name', { aggregate: '' }, "aggregate '' must have 1 to 80 characters (given 0)"],
    ['a longer name', { aggregate: 'x'.repeat(81) }, 'must have 1 to 80 characters (given 81)'],
    [
      'more items',
      { writes: Array.from({ length: 100 }, () => write) },
      "100 writes and 1 events do not fit one transaction of 100 items, of which the aggregate's head takes one",
    ],
  ])('cannot have %s: nothing is sent', async (_, more, message) => {
    await expect(transact(more)).rejects.toThrow(
      new RangeError(message.startsWith('must') ? `aggregate '${'x'.repeat(81)}' ${message}` : message),
    );
    expect(calls).toEqual([]);
  });
});

const row = (aggregateId: string, sequence: number): OutboxRow => ({
  ...{ aggregateId, sequence, createdAt: '2026-11-20T07:59:00.000Z', unpublished: '0' },
  body: JSON.stringify(opened(aggregateId, `${aggregateId}/${sequence}`)),
});
const published = () =>
  inputsOf('PublishBatch').flatMap(({ PublishBatchRequestEntries }) =>
    (PublishBatchRequestEntries as { Message: string }[]).map(({ Message }) => JSON.parse(Message).id),
  );
const cursors = (...pairs: [string, number][]) => {
  answers.BatchGetItem = () => ({
    UnprocessedKeys: {},
    Responses: {
      'outbox-table': pairs.map(([aggregateId, at]) => marshall({ aggregateId, sequence: -1, published: at })),
    },
  });
};

describe('the relay', () => {
  const relay = (hints: readonly OutboxRow[], aggregate = 'A') =>
    outboxRelay(box, 'outbox-table', runtime)(new Map([[aggregate, hints]]));

  it('publishes what it was shown in sequence, without asking the table', async () => {
    cursors(['A', 1]);
    expect(await relay([row('A', 3), row('A', 2), row('A', 1)])).toEqual({ published: 2, failed: new Map() });
    expect(published()).toEqual(['A/2', 'A/3']);
    expect(inputsOf('Query')).toEqual([]);
  });

  it('moves the cursor over large rows in steps that fit a transaction', async () => {
    cursors(['A', 0]);
    const large = (sequence: number): OutboxRow => ({
      ...row('A', sequence),
      body: JSON.stringify(opened('A', `A/${sequence}`, 'x'.repeat(200_000))),
    });
    const hints = Array.from({ length: 40 }, (_, i) => large(i + 1));
    expect(await relay(hints)).toEqual({ published: 40, failed: new Map() });
    const steps = inputsOf('TransactWriteItems').map(({ TransactItems }) => (TransactItems as unknown[]).length - 1);
    expect(steps.reduce((sum, rows) => sum + rows, 0)).toBe(40);
    for (const rows of steps) expect(rows * 200_000).toBeLessThan(4_194_304 - 409_600);
    expect(steps.length).toBeLessThan(5);
  });

  it('asks the table, page by page and consistently, when it was shown a gap', async () => {
    answers.Query = () => ({
      Items: [marshall(row('A', 1))],
      LastEvaluatedKey: marshall({ aggregateId: 'A', sequence: 1 }),
    });
    answers.TransactWriteItems = () => {
      cursors(['A', 1]);
      answers.Query = () => ({ Items: [marshall(row('A', 2))] });
    };
    expect(await relay([row('A', 2)])).toEqual({ published: 2, failed: new Map() });
    expect(published()).toEqual(['A/1', 'A/2']);
    expect(inputsOf('Query').map((one) => [one.ConsistentRead, one.ExpressionAttributeValues, one.Limit])).toEqual([
      [true, marshall({ ':aggregate': 'A', ':cursor': 0 }), 99],
      [true, marshall({ ':aggregate': 'A', ':cursor': 1 }), 99],
    ]);
  });

  it('stops asking for more when the cursor does not move', async () => {
    answers.Query = () => ({
      Items: [marshall(row('A', 1))],
      LastEvaluatedKey: marshall({ aggregateId: 'A', sequence: 1 }),
    });
    refuse('TransactWriteItems', cancelled('ConditionalCheckFailed'));
    expect(await relay([])).toEqual({ published: 1, failed: new Map([['A', 'its cursor does not move on from 0']]) });
  });

  it('goes on from the cursor of a version that had it in row 0', async () => {
    answers.BatchGetItem = () => ({
      Responses: { 'outbox-table': [marshall({ aggregateId: 'A', sequence: 0, published: 1 })] },
      UnprocessedKeys: {},
    });
    await relay([row('A', 2)]);
    expect(inputsOf('TransactWriteItems')[0]?.TransactItems).toMatchObject([
      {
        Update: {
          Key: marshall({ aggregateId: 'A', sequence: -1 }),
          ConditionExpression: 'attribute_not_exists(published)',
          ExpressionAttributeValues: marshall({ ':to': 2 }),
        },
      },
      { Update: { Key: marshall({ aggregateId: 'A', sequence: 2 }) } },
    ]);
  });

  it('takes the cursor that is further when a version that had it in row 0 ran meanwhile', async () => {
    answers.BatchGetItem = () => ({
      UnprocessedKeys: {},
      Responses: {
        'outbox-table': [
          marshall({ aggregateId: 'A', sequence: 0, published: 2, newest: 3 }),
          marshall({ aggregateId: 'A', sequence: -1, published: 1 }),
        ],
      },
    });
    await relay([row('A', 2), row('A', 3)]);
    expect(published()).toEqual(['A/3']);
    expect(inputsOf('TransactWriteItems')[0]?.TransactItems).toMatchObject([
      { Update: { ExpressionAttributeValues: marshall({ ':to': 3, ':from': 1 }) } },
      { Update: { Key: marshall({ aggregateId: 'A', sequence: 3 }) } },
    ]);
  });

  it('moves the cursor from where it was, and lets published rows expire after the time they are kept', async () => {
    cursors(['A', 1]);
    await relay([row('A', 2)]);
    const [{ TransactItems } = { TransactItems: [] }] = inputsOf('TransactWriteItems');
    expect(TransactItems).toEqual([
      {
        Update: {
          TableName: 'outbox-table',
          Key: marshall({ aggregateId: 'A', sequence: -1 }),
          UpdateExpression: 'SET published = :to',
          ConditionExpression: 'published = :from',
          ExpressionAttributeValues: marshall({ ':to': 2, ':from': 1 }),
        },
      },
      {
        Update: {
          TableName: 'outbox-table',
          Key: marshall({ aggregateId: 'A', sequence: 2 }),
          UpdateExpression: 'SET expiresAt = :expiresAt REMOVE unpublished',
          ConditionExpression: 'attribute_exists(body)',
          ExpressionAttributeValues: marshall({ ':expiresAt': Math.floor(NOW / 1_000) + 100 }),
        },
      },
    ]);
  });

  it('leaves the rows to whoever has moved the cursor meanwhile', async () => {
    refuse('TransactWriteItems', cancelled('ConditionalCheckFailed'));
    const many = Array.from({ length: 120 }, (_, i) => row('A', i + 1));
    expect(await relay(many)).toEqual({ published: 120, failed: new Map() });
    expect(inputsOf('TransactWriteItems')).toHaveLength(1);
  });

  it('does not take trouble with the table for somebody else', async () => {
    refuse('TransactWriteItems', new AwsError('ThrottlingException', 'slow down', 400));
    expect(await relay([row('A', 1)])).toMatchObject({ failed: new Map([['A', 'the table was busy: slow down']]) });
  });

  it('asks nothing and publishes nothing when nothing waits', async () => {
    cursors(['A', 1]);
    expect(await relay([row('A', 1)])).toEqual({ published: 0, failed: new Map() });
    expect(calls.map(({ operation }) => operation)).toEqual(['BatchGetItem']);
  });

  describe.each([
    [
      'a key that the channel refuses',
      { body: JSON.stringify({ ...opened('B', 'B/broken'), partitionkey: 'x'.repeat(200) }) },
    ],
    ['a body that is no JSON', { body: '{' }],
    ['a body that is no event', { body: '{"id":7}' }],
    ['no body', { body: undefined }],
    ['a type that no channel lists', { body: JSON.stringify({ ...opened('B', 'B/1'), type: 'nobody.lists-this' }) }],
    ['a body that breaks what the channel is declared with', { body: '{"id":"B/1","type":"tickets.opened"}' }],
  ])('an aggregate whose row has %s', (_, broken) => {
    it.each([
      ['first', 1],
      ['in the middle', 2],
    ])('stops by itself, with the reason, when that row is %s; the others go', async (__, at) => {
      const rows = [1, 2, 3].map((sequence) => ({ ...row('B', sequence), ...(sequence === at ? broken : {}) }));
      const hints = new Map([
        ['A', [row('A', 1), row('A', 2)]],
        ['B', rows as OutboxRow[]],
        ['C', [row('C', 1)]],
      ]);
      const { failed } = await outboxRelay(box, 'outbox-table', runtime)(hints);
      expect([...failed.keys()]).toEqual(['B']);
      expect(failed.get('B')).toMatch(/./);
      expect(published().sort()).toEqual(['A/1', 'A/2', ...(at === 1 ? [] : ['B/1']), 'C/1']);
      const moved = inputsOf('TransactWriteItems').map(({ TransactItems }) => {
        const [{ Update }] = TransactItems as [{ Update: { Key: Record<string, AttributeValue> } }];
        return Update.Key.aggregateId?.S;
      });
      expect(moved.sort()).toEqual(['A', ...(at === 1 ? [] : ['B']), 'C']);
    });
  });

  it('is not stopped by an aggregate whose rows or cursor DynamoDB refuses', async () => {
    answers.Query = ({ ExpressionAttributeValues }) => {
      const aggregate = (ExpressionAttributeValues as Record<string, AttributeValue>)[':aggregate']?.S ?? '';
      if (aggregate === 'A') throw new AwsError('ProvisionedThroughputExceededException', 'hot', 400);
      return { Items: [marshall(row(aggregate, 1))] };
    };
    answers.TransactWriteItems = ({ TransactItems }) => {
      if (JSON.stringify(TransactItems).includes('"B"')) throw cancelled('None', 'ConditionalCheckFailed');
      return {};
    };
    const hints = new Map(['A', 'B', 'C'].map((aggregate) => [aggregate, []] as const));
    expect(await outboxRelay(box, 'outbox-table', runtime)(hints)).toEqual({
      published: 2,
      failed: new Map([
        ['A', 'the table was busy: hot'],
        ['B', 'published, but the row of sequence 1 is gone'],
      ]),
    });
  });

  it('begins no turn without time, and says what it has not tried', async () => {
    answers.Query = () => ({ Items: Array.from({ length: 99 }, (_, i) => marshall(row('A', i + 1))) });
    const hints = new Map(Array.from({ length: 501 }, (_, i) => [`A-${i}`, []] as const));
    const { published: count, failed } = await outboxRelay(
      box,
      'outbox-table',
      runtime,
    )(hints, { hasTime: () => false });
    expect(count).toBeGreaterThan(0);
    expect(new Set(failed.values())).toEqual(new Set(['not tried: no time was left in this invocation']));
    expect(count / 99 + failed.size).toBe(501);
  });
});

describe('the functions of an outbox', () => {
  const image = (one: OutboxRow, SequenceNumber: string) => ({
    dynamodb: { NewImage: marshall(one), SequenceNumber },
  });
  const metrics = () =>
    lines
      .filter((line) => '_aws' in line)
      .map(({ outbox: name, Published, OldestUnpublished, _aws }) => ({
        ...{ name, Published, OldestUnpublished },
        units: (_aws as { CloudWatchMetrics: { Metrics: { Unit: string }[] }[] }).CloudWatchMetrics.flatMap(
          ({ Metrics }) => Metrics.map(({ Unit }) => Unit),
        ),
      }));

  it('relay a batch of the stream, and report how many were published', async () => {
    const Records = [image(row('A', 1), '100'), image(row('B', 1), '101'), image(row('A', 2), '102')];
    expect(await relayOutbox(box, runtime)({ Records } as never, lambdaContext())).toEqual({ batchItemFailures: [] });
    expect(published().sort()).toEqual(['A/1', 'A/2', 'B/1']);
    expect(metrics()).toEqual([{ name: 'box', Published: [3], OldestUnpublished: undefined, units: ['Count'] }]);
  });

  it('sweep what is old enough; the oldest is measured in seconds', async () => {
    answers.Query = ({ IndexName }) =>
      IndexName === undefined
        ? { Items: [marshall(row('A', 1))] }
        : { Items: bucketsAsked() === 1 ? [marshall(row('A', 1))] : [] };
    expect(await sweepOutbox(box, undefined, runtime)({}, lambdaContext())).toEqual({ published: 1 });
    expect(metrics()).toEqual([
      { name: 'box', Published: [1], OldestUnpublished: undefined, units: ['Count'] },
      { name: 'box', Published: undefined, OldestUnpublished: [60.5], units: ['Seconds', 'Count'] },
    ]);
    const asked = inputsOf('Query').filter(({ IndexName }) => IndexName !== undefined);
    expect(asked.map(({ ExpressionAttributeValues, Limit }) => [ExpressionAttributeValues, Limit])).toEqual(
      Array.from({ length: 8 }, (_, i) => [marshall({ ':bucket': String(i) }), 500]),
    );
  });

  const bucketsAsked = () => inputsOf('Query').filter(({ IndexName }) => IndexName !== undefined).length;
});
