import { KinesisClient } from '@aws-sdk/client-kinesis';
import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lookAtDeadLetters } from '../../lib/operations/dead-letters/dead-letter-queue.ts';
import { readLog } from '../../lib/operations/traffic/read-log.ts';
import { eventually } from './orders-app.ts';
import { startTickets, type Tickets } from './tickets/system.ts';

let app: Tickets;
let kinesis: KinesisClient;

beforeAll(async () => {
  // The breaker controller's minutes pass in two seconds.
  app = await startTickets(30);
  kinesis = new KinesisClient({});
}, 60_000);
afterAll(async () => {
  kinesis?.destroy();
  await app?.close();
});

const put = (pk: string, count: unknown, more: object = {}) =>
  app.dynamodb.send(new PutCommand({ TableName: app.output('Shelf'), Item: { pk, count, ...more } }));
const remove = (pk: string) => app.dynamodb.send(new DeleteCommand({ TableName: app.output('Shelf'), Key: { pk } }));
const work = (pk: string, item: object) =>
  app.dynamodb.send(new PutCommand({ TableName: app.output('Work'), Item: { pk, ...item } }));

interface Told {
  readonly id: string;
  readonly data: { readonly shelf: string; readonly from: number | null; readonly to: number | null };
}

/** What the log says of a shelf, in order. */
async function told(shelf: string): Promise<Told[]> {
  const events = (await readLog(kinesis, app.output('ShelfLog'))).map(({ body }) => JSON.parse(body) as Told);
  return events.filter(({ data }) => data.shelf === shelf);
}
const changesOf = async (shelf: string) => (await told(shelf)).map(({ data: { from, to } }) => [from, to]);
const toldTimes = (shelf: string, times: number) =>
  eventually(`${times} changes of ${shelf}`, async () => (await told(shelf)).length >= times);
const deadLetters = async () =>
  (await lookAtDeadLetters(app.sqs, app.output('shelfDeadLetters'))).map(({ letter }) => letter);

describe('the changes of a table', () => {
  it('become events of a log, in order per item, without the writer knowing', async () => {
    for (const count of [1, 2, 3]) {
      await put('shelf/a', count);
      await put('shelf/b', count * 10);
    }
    await remove('shelf/a');
    await toldTimes('shelf/a', 4);
    await toldTimes('shelf/b', 3);
    expect(await changesOf('shelf/a')).toEqual([
      [null, 1],
      [1, 2],
      [2, 3],
      [3, null],
    ]);
    expect(await changesOf('shelf/b')).toEqual([
      [null, 10],
      [10, 20],
      [20, 30],
    ]);
    const ids = [...(await told('shelf/a')), ...(await told('shelf/b'))].map(({ id }) => id);
    expect(new Set(ids).size).toBe(7);
  });

  it('say whether a writer or the time to live removed an item', async () => {
    await put('shelf/expiring', 1, { expiresAt: Math.floor(Date.now() / 1_000) - 1 });
    await toldTimes('shelf/expiring', 2);
    expect((await told('shelf/expiring')).map(({ data }) => data)).toMatchObject([
      { from: null, to: 1, expired: false },
      { from: 1, to: null, expired: true },
    ]);
  });

  it('that the filter leaves out are not delivered', async () => {
    await put('private/a', 1);
    await put('shelf/filtered', 1);
    await toldTimes('shelf/filtered', 1);
    expect(await changesOf('private/a')).toEqual([]);
    expect(app.logs.filter((line) => line.includes('private/a'))).toEqual([]);
    expect(await deadLetters()).toEqual([]);
  });

  it('wait while what their consumer needs is down: none is given up, all are told in order afterwards', async () => {
    await work('dependency', { down: true });
    await put('shelf/outage', 0);
    await eventually('the mapping disabled', () => app.logs.some((line) => line.includes('mapping off')));
    for (const count of [1, 2, 3]) await put('shelf/outage', count);
    await eventually('the mapping on trial', () => app.logs.some((line) => line.includes('mapping trial')));
    await work('dependency', { down: false });
    await toldTimes('shelf/outage', 4);
    expect(await changesOf('shelf/outage')).toEqual([
      [null, 0],
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
    expect(await deadLetters()).toEqual([]);
    await eventually('the mapping as before', () => app.logs.some((line) => line.includes('mapping on')));
  }, 60_000);

  it('that do not fit the declared item are dead-lettered with the field; their item is parked, others flow', async () => {
    await put('shelf/odd', 'many');
    await put('shelf/even', 2);
    await put('shelf/odd', 3);
    await toldTimes('shelf/even', 1);
    const [letter] = await eventually('a dead letter', async () => {
      const found = await deadLetters();
      return found.length > 0 && found;
    });
    expect(letter).toMatchObject({
      reason: 'invalid-data',
      message: expect.stringContaining('after.count: Invalid type: Expected number but received "many"'),
      consumer: 'tell-shelf',
      eventType: 'dynamodb.item-changed',
    });
    expect(await changesOf('shelf/odd')).toEqual([]);
    expect(await app.invoke('tell-shelf', { resume: { key: 'shelf/odd' } })).toMatchObject({
      resumed: 0,
      failed: { number: 1, reason: 'invalid-data' },
    });
  });
});
