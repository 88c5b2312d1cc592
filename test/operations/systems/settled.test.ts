import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INBOX_TABLE, OUTBOX_TABLE } from '../../../lib/contracts/agreed/tables.ts';
import { log } from '../../../lib/contracts/channels/log.ts';
import { event } from '../../../lib/contracts/events/event.ts';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { systemContract } from '../../../lib/contracts/system.ts';
import { type Clients, openClients } from '../../../lib/operations/deployed/clients.ts';
import { stillToDo } from '../../../lib/operations/systems/settled.ts';
import type { World } from '../../../lib/operations/systems/system.ts';
import { readLog } from '../../../lib/operations/traffic/read-log.ts';
import {
  createInboxTable,
  createOutboxTable,
  createQueue,
  createStream,
  useLocalServices,
} from '../../runtime/local-services.ts';
import { answering } from './answering.ts';
import { deployedLike } from './deployed-like.ts';

useLocalServices();

const Said = event('talk.said', { version: 1, data: v.string(), key: (text) => text });
const talk = log('log', { events: [Said] });
const totals = subscription('totals', { to: talk, guarantee: 'exactly-once-aggregation' });
const counts = subscription('counts', { to: talk, guarantee: 'exactly-once-aggregation' });
const copy = subscription('copy', { to: talk });

describe('what is still to do', () => {
  let clients: Clients;
  beforeAll(() => {
    clients = openClients();
  });
  afterAll(() => clients.close());

  const put = (TableName: string, Item: Record<string, unknown>) =>
    clients.dynamodb.send(new PutCommand({ TableName, Item }));
  const send = (QueueUrl: string, MessageBody: string, DelaySeconds = 0) =>
    clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, DelaySeconds }));
  const row = (aggregate: string, bucket?: number) => ({
    ...{ [OUTBOX_TABLE.partitionKey]: aggregate, [OUTBOX_TABLE.sortKey]: 1, createdAt: '2026-11-20T08:00:00Z' },
    ...(bucket === undefined ? {} : { [OUTBOX_TABLE.unpublishedIndex.partitionKey]: String(bucket) }),
  });

  let count = 0;
  /** A stack at rest, with two outboxes, inboxes and queues, and a log that is called as another ends. */
  async function atRest(exports: Readonly<Record<string, unknown>> = { totals, copy }) {
    count += 1;
    const stackName = `rest-${count}`;
    const both = (name: string) => [`${name}-${count}`, `${name}-b-${count}`];
    const [outboxTables, inboxTables] = [both('outbox'), both('inbox')];
    for (const name of outboxTables) {
      await createOutboxTable(name);
      await put(name, row('published'));
    }
    for (const name of inboxTables) await createInboxTable(name);
    const [logName, otherLog] = [`${stackName}-log`, `${stackName}-old-log`];
    await createStream(logName, 2);
    await createStream(otherLog, 1);
    const urls = [await createQueue(`work-${count}`), await createQueue(`more-${count}`)];
    const exported = systemContract('talk', exports);
    const deployed = deployedLike({
      ...{ outboxTables, inboxTables },
      queues: urls.map((url, i) => ({ url, name: i === 0 ? 'work' : 'more', consumers: ['worker'] })),
      logs: [logName, otherLog].map((name) => ({ name, consumers: ['totals', 'copy'] })),
      consumers: ['totals', 'copy', 'worker'],
    });
    const world: World = { stackName, outputs: {}, clients, deployed, mailbox: undefined };
    return { urls, logName, otherLog, outboxTables, inboxTables, world, todo: () => stillToDo(exported, world) };
  }
  const records = (StreamName: string, how: number) =>
    clients.kinesis.send(
      new PutRecordsCommand({
        StreamName,
        Records: Array.from({ length: how }, (_, n) => ({ Data: Buffer.from(`${n}`), PartitionKey: `record ${n}` })),
      }),
    );

  it('is nothing at rest, and every event that is not published, in whichever outbox and bucket', async () => {
    const { todo, outboxTables } = await atRest();
    expect(await todo()).toEqual([]);
    let unpublished = 0;
    for (const table of outboxTables)
      for (let bucket = 0; bucket < OUTBOX_TABLE.unpublishedBuckets; bucket++) {
        await put(table, row(`waits-${bucket}`, bucket));
        unpublished += 1;
        expect(await todo()).toEqual([`${unpublished} events to publish`]);
      }
  });

  it.each([0, 1])('is what waits in a queue, is being handled, or comes later: %i', async (which) => {
    const { todo, urls } = await atRest();
    const url = urls[which] ?? '';
    const texts = [1, 2, 3].map((n) => [`${n} messages in ${which === 0 ? 'work' : 'more'}`]);
    await send(url, 'visible');
    expect(await todo()).toEqual(texts[0]);
    await clients.sqs.send(new ReceiveMessageCommand({ QueueUrl: url }));
    expect(await todo()).toEqual(texts[0]);
    await send(url, 'later', 600);
    expect(await todo()).toEqual(texts[1]);
    await send(url, 'visible');
    expect(await todo()).toEqual(texts[2]);
  });

  it('is what an aggregation has not counted: of each shard all that is behind its position, in whichever inbox', async () => {
    const { todo, logName, inboxTables } = await atRest();
    await records(logName, 12);
    const shards = Map.groupBy(await readLog(clients.kinesis, logName), ({ shard }) => shard);
    expect(shards.size).toBe(2);
    let left = 12;
    expect(await todo()).toEqual(['12 records for totals']);
    for (const [i, [shard, inShard]] of [...shards].entries()) {
      for (const [n, { sequenceNumber }] of inShard.entries()) {
        // Within an aggregated record the position says which event, too.
        const position = n % 2 === 0 ? sequenceNumber : `${sequenceNumber}.7`;
        await put(inboxTables[i] ?? '', { [INBOX_TABLE.partitionKey]: `totals@${shard}`, position });
        left -= 1;
        expect(await todo()).toEqual(left === 0 ? [] : [`${left} records for totals`]);
      }
    }
  });

  it('is told of each aggregation that is deployed, in its own log; what keeps no position is not waited for', async () => {
    const { todo, logName, otherLog, world } = await atRest({ totals, counts, copy });
    await records(otherLog, 5);
    expect(await todo()).toEqual([]);
    await records(logName, 3);
    expect(await todo()).toEqual(['3 records for totals']);
    const deployed = { ...world.deployed, consumers: [...world.deployed.consumers, 'counts'] };
    const both = await stillToDo(systemContract('talk', { totals, counts }), { ...world, deployed });
    expect(both).toEqual(['3 records for counts', '3 records for totals']);
  });

  it('is asked of the outboxes, then of the queues, then of the logs, consistently', async () => {
    const texts: string[] = [];
    for (const [unpublished, depth, position] of [
      [1, 1, '7'],
      [0, 2, '7'],
      [0, 0, undefined],
      [0, 0, '8.3'],
      [0, 0, '9'],
    ] as const) {
      const dynamodb = answering(({ name }) =>
        name === 'QueryCommand' ? { Count: unpublished } : position === undefined ? {} : { Item: { position } },
      );
      const sqs = answering(() => ({
        Attributes: {
          ...{ ApproximateNumberOfMessages: `${depth}`, ApproximateNumberOfMessagesNotVisible: `${depth * 10}` },
          ApproximateNumberOfMessagesDelayed: `${depth * 100}`,
        },
      }));
      const kinesis = answering(({ name, input }) =>
        name === 'ListShardsCommand'
          ? { Shards: [{ ShardId: 'a' }, { ShardId: 'b' }] }
          : name === 'GetShardIteratorCommand'
            ? { ShardIterator: String(input.ShardId) }
            : { Records: ['7', '8', '9'].map((SequenceNumber) => ({ SequenceNumber })), MillisBehindLatest: 0 },
      );
      const asking = { dynamodb: dynamodb.client, sqs: sqs.client, kinesis: kinesis.client } as never;
      const deployed = deployedLike({
        ...{ outboxTables: ['the outbox'], inboxTables: ['the inbox'], consumers: ['totals'] },
        queues: ['payments', 'stock'].map((name) => ({ name, url: `the queue ${name}`, consumers: ['worker'] })),
        logs: [{ name: 'shop-log', consumers: ['totals'] }],
      });
      const world = { stackName: 'shop', outputs: {}, clients: asking, deployed, mailbox: undefined };
      const left = await stillToDo(systemContract('talk', { totals }), world);
      const asked = [dynamodb, sqs, kinesis].flatMap((one) =>
        one.asked.map(({ name, input }) => `${name} ${JSON.stringify(input)}`),
      );
      texts.push(`# ${JSON.stringify(left)}\n${asked.sort().join('\n')}\n`);
    }
    await expect(texts.join('\n')).toMatchFileSnapshot('kept/still-to-do-calls.txt');
  });
});
