import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { AttributeValue, DynamoDBRecord } from 'aws-lambda';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { outbox } from '../../../lib/contracts/channels/outbox.ts';
import { minutes } from '../../../lib/contracts/declaring/duration.ts';
import type { Envelope } from '../../../lib/contracts/events/envelope.ts';
import type { AwsService } from '../../../lib/runtime/aws/calls/call.ts';
import { lambda } from '../../../lib/runtime/invocation/runtime.ts';
import { type OutboxRow, occurred, outboxWriter } from '../../../lib/runtime/outbox/outbox.ts';
import { relayOutbox, sweepOutbox } from '../../../lib/runtime/outbox/relay-handlers.ts';
import { SENDERS } from '../../../lib/runtime/publishing/senders.ts';
import { opened, orderedQueue, TicketOpened } from '../../contracts/sample-declarations.ts';
import { dynamodb } from '../clients.ts';
import { lambdaContext } from '../lambda-events.ts';
import { createOutboxTable, createQueue, drain, itemsOf, useLocalServices } from '../local-services.ts';

const OUTBOX = 'outbox';
const CREATED = Date.parse('2026-11-20T08:00:00Z');
const box = outbox('ticket-outbox', { publishes: [orderedQueue] });

useLocalServices();

let queueUrl: string;
let lines: Record<string, unknown>[];

let counter = 0;
beforeEach(async () => {
  const table = `${OUTBOX}-${++counter}`;
  await createOutboxTable(table);
  // A queue for each test: a FIFO queue drops ids that it has seen in the last five minutes.
  queueUrl = await createQueue(`ordered-${counter}.fifo`);
  Object.assign(process.env, { SLUICE_OUTBOX_TABLE: table, SLUICE_CHANNEL_ORDERED_WORK: queueUrl });
  lines = [];
  vi.spyOn(Math, 'random').mockReturnValue(0);
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(JSON.parse(String(line))) > 0);
});

const tell = (aggregate: string, count: number, at = CREATED): Promise<Envelope[]> => {
  const events = Array.from({ length: count }, () => occurred(TicketOpened, { ticket: aggregate, text: '' }));
  return outboxWriter(box, { ...lambda, now: () => new Date(at).getTime() })({
    aggregate,
    after: 0,
    writes: [],
    events,
  });
};

/** Stream records of rows, in the order given, numbered from 100. */
async function recordsOf(
  ...order: readonly (readonly [aggregate: string, sequence: number])[]
): Promise<DynamoDBRecord[]> {
  const items = await itemsOf(process.env.SLUICE_OUTBOX_TABLE ?? '');
  return order.map(([aggregate, sequence], i) => {
    const item = items.find((row) => row.aggregateId === aggregate && row.sequence === sequence) ?? {};
    return {
      eventName: 'INSERT',
      dynamodb: { SequenceNumber: String(100 + i), NewImage: marshall(item) as Record<string, AttributeValue> },
    };
  });
}

const published = async () =>
  (await drain(queueUrl)).map(({ Body = '' }) => (JSON.parse(Body) as Envelope).id.replace('ticket-outbox/', ''));
const metric = (name: string) => lines.filter((line) => name in line).map((line) => line[name]);
const relay = (Records: DynamoDBRecord[]) => relayOutbox(box)({ Records }, lambdaContext());
const refuse = (...ids: string[]) =>
  vi
    .spyOn(SENDERS.queue, 'send')
    .mockImplementation(async (_aws, _channel, _address, entries) =>
      entries.filter(({ envelope }) => ids.includes(envelope.id)).map((entry) => ({ entry, error: 'Throttled: no' })),
    );

describe('relayOutbox', () => {
  it('publishes the rows of a stream batch', async () => {
    await tell('A', 2);
    await tell('B', 1);
    expect(await relay(await recordsOf(['A', 1], ['B', 1], ['A', 2]))).toEqual({ batchItemFailures: [] });
    expect((await published()).sort()).toEqual(['A/1', 'A/2', 'B/1']);
    expect(metric('Published')).toEqual([[3]]);
  });

  it('reports the lowest number of an aggregate that failed, and says why', async () => {
    await tell('A', 1);
    await tell('B', 2);
    await tell('C', 1);
    const records = await recordsOf(['A', 1], ['B', 1], ['C', 1], ['B', 2]);
    refuse('ticket-outbox/C/1', 'ticket-outbox/B/2');
    expect(await relay(records)).toEqual({ batchItemFailures: [{ itemIdentifier: '101' }] });
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'error', outbox: 'ticket-outbox', aggregate: 'C', reason: 'Throttled: no' }),
    );
  });

  it('takes no notice of cursors, published rows and removed ones', async () => {
    const image = (item: object) => marshall(item) as Record<string, AttributeValue>;
    const records: DynamoDBRecord[] = [
      { dynamodb: { SequenceNumber: '1', NewImage: image({ aggregateId: 'A', sequence: 0, published: 1 }) } },
      {
        dynamodb: {
          SequenceNumber: '2',
          NewImage: image({ aggregateId: 'A', sequence: 1, body: JSON.stringify(opened('A')) }),
        },
      },
      { dynamodb: { SequenceNumber: '3' } },
      {},
    ];
    expect(await relay(records)).toEqual({ batchItemFailures: [] });
    expect(await published()).toEqual([]);
  });
});

describe('sweepOutbox', () => {
  const sweep = (afterMillis: number) =>
    sweepOutbox(box, minutes(1), { ...lambda, now: () => CREATED + afterMillis })({}, lambdaContext());

  it('publishes rows that the stream never showed, and says how old the oldest was', async () => {
    await tell('A', 2);
    await tell('B', 1, CREATED + 30_000);
    expect(await sweep(90_000)).toEqual({ published: 3 });
    expect((await published()).sort()).toEqual(['A/1', 'A/2', 'B/1']);
    expect(metric('OldestUnpublished')).toEqual([[90]]);
    expect(await sweep(150_000)).toEqual({ published: 0 });
    expect(metric('OldestUnpublished')).toEqual([[90], [0]]);
  });

  it('leaves young rows to the stream, but counts their age', async () => {
    await tell('A', 1);
    expect(await sweep(59_999)).toEqual({ published: 0 });
    expect(metric('OldestUnpublished')).toEqual([[59.999]]);
    expect(await published()).toEqual([]);
    expect(await sweep(60_000)).toEqual({ published: 1 });
  });

  it('reports what it could not publish', async () => {
    await tell('A', 1);
    refuse('ticket-outbox/A/1');
    expect(await sweep(90_000)).toEqual({ published: 0 });
    expect(lines).toContainEqual(expect.objectContaining({ level: 'error', aggregate: 'A', reason: 'Throttled: no' }));
    vi.mocked(SENDERS.queue.send).mockRestore();
    expect(await sweep(90_000)).toEqual({ published: 1 });
  });

  it('finds rows in every bucket of the index', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `T-${i}`);
    for (const name of names) await tell(name, 1);
    expect(await sweep(60_000)).toEqual({ published: 40 });
    expect((await published()).sort()).toEqual(names.map((name) => `${name}/1`).sort());
  });
});

describe('a sweep over rows that cannot go', () => {
  const table = () => process.env.SLUICE_OUTBOX_TABLE ?? '';
  const bad = (i: number, bucket = '0') => ({
    aggregateId: `bad-${i}`,
    sequence: 1,
    body: '{',
    createdAt: new Date(CREATED + i).toISOString(),
    unpublished: bucket,
  });
  const put = async (items: readonly object[]) => {
    for (let from = 0; from < items.length; from += 25) {
      const requests = items.slice(from, from + 25).map((Item) => ({ PutRequest: { Item } }));
      await dynamodb().send(new BatchWriteCommand({ RequestItems: { [table()]: requests } }));
    }
  };
  const good = (aggregateId: string, at: number): OutboxRow => ({
    ...{ aggregateId, sequence: 1, createdAt: new Date(CREATED + at).toISOString(), unpublished: '0' },
    body: JSON.stringify(opened(aggregateId, `ticket-outbox/${aggregateId}/1`)),
  });
  const sweep = (remaining: () => number = () => 30_000, aws = lambda.aws) =>
    sweepOutbox(box, minutes(1), { ...lambda, aws, now: () => CREATED + 600_000 })({}, lambdaContext(remaining));
  const told = () => lines.filter(({ message }) => message === 'events wait in the outbox');

  it.each([499, 500, 1_001])('publishes the good one behind %i of them, and tells of the others', async (count) => {
    await put([...Array.from({ length: count }, (_, i) => bad(i)), good('good', 5_000)]);
    expect(await sweep()).toEqual({ published: 1 });
    expect(await published()).toEqual(['good/1']);
    expect(metric('BlockedAggregates')).toEqual([[count]]);
    expect(metric('OldestUnpublished')).toEqual([[600]]);
    expect(told()).toHaveLength(100);
    expect(told()[0]).toMatchObject({ aggregate: 'bad-0', reason: 'the row of sequence 1 holds no event in JSON' });
    expect(lines).toContainEqual(
      expect.objectContaining({ message: 'events of more aggregates wait in the outbox', more: count - 100 }),
    );
  });

  it.each([99, 100, 101])('tells of %i of them one by one, up to a hundred, and counts the rest', async (count) => {
    await put(Array.from({ length: count }, (_, i) => bad(i)));
    await sweep();
    const rest = lines.filter(({ message }) => message === 'events of more aggregates wait in the outbox');
    expect(told()).toHaveLength(Math.min(100, count));
    expect(rest.map(({ more }) => more)).toEqual(count > 100 ? [count - 100] : []);
  });

  it('publishes the good ones behind 600 aggregates that a channel refuses', async () => {
    await put(Array.from({ length: 600 }, (_, i) => good(`refused-${i}`, i)));
    await put([good('good', 5_000)]);
    const send = SENDERS.queue.send;
    vi.spyOn(SENDERS.queue, 'send').mockImplementation(async (aws, channel, address, entries) => {
      const taken = entries.filter(({ envelope }) => envelope.id.includes('/good/'));
      if (taken.length > 0) await send(aws, channel, address, taken);
      return entries.filter((one) => !taken.includes(one)).map((entry) => ({ entry, error: 'Throttled: no' }));
    });
    expect(await sweep()).toEqual({ published: 1 });
    expect(metric('BlockedAggregates')).toEqual([[600]]);
  });

  it('stops in time, and the next one goes on where it stopped, round and round', async () => {
    await put([...Array.from({ length: 620 }, (_, i) => bad(i)), good('good', 5_000)]);
    // Time passes with the first turn, which begins with the cursors.
    const hasty = () => {
      let reads = 0;
      return sweep(
        () => (reads < 2 ? 30_000 : 5_000),
        async (service, operation, input) => {
          if (operation === 'BatchGetItem') reads += 1;
          return lambda.aws(service, operation, input);
        },
      );
    };
    const seen: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      lines = [];
      const { published: count } = await hasty();
      seen.push([count, metric('BlockedAggregates'), metric('OldestUnpublished'), told()[0]?.aggregate]);
    }
    expect(seen).toEqual([
      [0, [[500]], [[600]], 'bad-0'],
      [1, [[120]], [[600]], 'bad-500'],
      [0, [[500]], [[600]], 'bad-0'],
    ]);
    expect(await published()).toEqual(['good/1']);
    lines = [];
    // With time again: from there to the end, then what was before.
    await sweep();
    expect(metric('BlockedAggregates')).toEqual([[620]]);
    expect(told()[0]?.aggregate).toBe('bad-500');
    lines = [];
    await sweep();
    expect(told()[0]?.aggregate).toBe('bad-0');
  });

  it('names what can never go: rows behind the cursor that earlier versions let in', async () => {
    await tell('A', 2);
    await sweep();
    await put([{ ...good('A', 0), sequence: 1 }, good('B', 0), { aggregateId: 'B', sequence: 0, published: 9 }]);
    lines = [];
    expect(await sweep()).toEqual({ published: 0 });
    expect(metric('BlockedAggregates')).toEqual([[2]]);
    expect(
      told()
        .map(({ aggregate, reason }) => [aggregate, reason])
        .sort(),
    ).toEqual([
      [
        'A',
        expect.stringContaining('sequence 1 will never be published: it is not after 2, which was published before'),
      ],
      ['B', expect.stringContaining('sequence 1 will never be published: it is not after 9')],
    ]);
  });

  it('takes rows that only the index still shows for what they are: published', async () => {
    await tell('A', 2);
    const stale = (await itemsOf(table())).filter(({ sequence }) => Number(sequence) > 0);
    await sweep();
    lines = [];
    const lagging = async (service: AwsService, operation: string, input: object) =>
      operation === 'Query' && 'IndexName' in input && JSON.stringify(input).includes('{"S":"0"}')
        ? { Items: stale.map((item) => marshall(item)) }
        : lambda.aws(service, operation, input);
    await sweepOutbox(box, minutes(1), { ...lambda, aws: lagging, now: () => CREATED + 600_000 })({}, lambdaContext());
    expect(metric('BlockedAggregates')).toEqual([[0]]);
    expect(told()).toEqual([]);
  });
});

describe('outbox functions', () => {
  it.each([
    ['relay', () => relayOutbox(box)],
    ['sweeper', () => sweepOutbox(box)],
    ['writer', () => outboxWriter(box)],
  ])('the %s does not start without its table', (_, make) => {
    vi.stubEnv('SLUICE_OUTBOX_TABLE', '');
    expect(make).toThrow(
      "environment variable SLUICE_OUTBOX_TABLE is not set: it says which table is outbox 'ticket-outbox'",
    );
  });
});
