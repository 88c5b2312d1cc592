import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { INBOX_TABLE, OUTBOX_TABLE } from '../../../lib/contracts/agreed/tables.ts';
import { readLog } from '../../../lib/operations/traffic/read-log.ts';
import { describeFailure, sendDeadLetter } from '../../../lib/runtime/dead-letters/dead-letters.ts';
import { keptMessages } from '../../../lib/runtime/dead-letters/kept-messages.ts';
import { lambda } from '../../../lib/runtime/invocation/runtime.ts';
import { bodyOfBytes, type Message } from '../../../lib/runtime/messages/message.ts';
import { salesTotals } from '../../../lib/systems/orders/contract.ts';
import { type Clients, openClients } from '../../../lib/systems/orders/tools/clients.ts';
import { stillToDo } from '../../../lib/systems/orders/tools/settled.ts';
import { type Snapshot, takeSnapshot } from '../../../lib/systems/orders/tools/snapshot.ts';
import {
  createBusinessTable,
  createInboxTable,
  createOutboxTable,
  createQueue,
  createStream,
  useLocalServices,
} from '../../runtime/local-services.ts';

useLocalServices();

/** Tables of a snapshot by the member that shows them. */
const TABLES = {
  orders: 'Orders',
  payments: 'Payments',
  provider: 'Provider',
  reservations: 'Reservations',
  stock: 'Stock',
  totals: 'Totals',
} as const;
/** The queue of each consumer, as everything about it is called in the outputs. */
const FED = {
  'charge-card': 'Payments',
  'reserve-stock': 'Stock',
  'make-invoice': 'Invoices',
  'send-email': 'Emails',
} as const;
const OWNERS = { ...FED, 'sales-totals': 'SalesTotals', 'order-outbox': 'Outbox' } as const;

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
const records = (StreamName: string, ...bodies: readonly string[]) =>
  clients.kinesis.send(
    new PutRecordsCommand({
      StreamName,
      Records: bodies.map((body) => ({ Data: Buffer.from(body), PartitionKey: body })),
    }),
  );

describe('takeSnapshot', () => {
  /** Everything that a deployment has, each with something in it that only it has. @returns the outputs of the stack */
  async function leaveBehind(): Promise<Record<string, string>> {
    const outputs: Record<string, string> = { OutboxTable: 'outbox', InvoicesBucket: 'invoices', OrderLog: 'log' };
    for (const [member, name] of Object.entries(TABLES)) {
      outputs[`${name}Table`] = member;
      await createBusinessTable(member);
      // More than one page of a scan.
      for (let n = 0; n < 4; n++) await put(member, { pk: `${member} ${n}`, room: '.'.repeat(300_000) });
    }
    await createOutboxTable('outbox');
    for (const [aggregate, bucket] of [['A', 0], ['B', 7], ['C'], ['D'], ['E']] as const)
      await put('outbox', row(aggregate, bucket));
    await createStream('log', 2);
    await records('log', 'one', 'two', 'three');
    await clients.s3.send(new CreateBucketCommand({ Bucket: 'invoices' }));
    for (const [owner, stem] of Object.entries(OWNERS)) {
      outputs[`${stem}DeadLetters`] = await createQueue(`${stem}-dead`);
      await send(outputs[`${stem}DeadLetters`] ?? '', `dead of ${owner}`);
    }
    for (const [owner, stem] of Object.entries(FED)) {
      outputs[`${stem}Undelivered`] = await createQueue(`${stem}-undelivered`);
      await send(outputs[`${stem}Undelivered`] ?? '', `undelivered to ${owner}`);
    }
    return outputs;
  }

  /** An engine's mailbox with so many e-mails, the first without a tag. */
  async function mailbox(...tags: readonly string[]): Promise<string> {
    const messages = [
      {},
      ...tags.map((Value) => ({
        EmailTags: [
          { Name: 'other', Value: 'x' },
          { Name: 'event', Value },
        ],
      })),
    ];
    const server = createServer((request, response) => {
      response.statusCode = request.url === '/mails' ? 200 : 404;
      response.end(JSON.stringify({ messages }));
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mails`;
  }

  const bodiesOf = (letters: Snapshot['deadLetters']) =>
    Object.fromEntries(Object.entries(letters).map(([owner, found]) => [owner, found.map(({ body }) => body)]));

  it('reads each thing from where it lies, all of it', async () => {
    const outputs = await leaveBehind();
    const keys = Array.from({ length: 1_001 }, (_, n) => `invoices/${n}`);
    for (let n = 0; n < keys.length; n += 50) {
      const some = keys.slice(n, n + 50);
      await Promise.all(
        some.map((Key) => clients.s3.send(new PutObjectCommand({ Bucket: 'invoices', Key, Body: 'pdf' }))),
      );
    }
    // The letter that is too large for its queue lies in a bucket.
    const bytes = randomBytes(1_100_000);
    await clients.s3.send(new CreateBucketCommand({ Bucket: 'kept' }));
    const message: Message = {
      ...{ id: 'm', unit: 'K', source: 'work', receives: 1, firstReceived: 0, attributes: {} },
      ...bodyOfBytes(bytes),
    };
    const kept = keptMessages({ name: 'send-email' }, { ...lambda, env: () => 'kept' });
    const letter = describeFailure('send-email', message, 'too-odd', new Error('no'), 0);
    const large = await createQueue('large');
    await sendDeadLetter(lambda.aws, large, message, letter, kept);

    const snapshot = await takeSnapshot(clients, { ...outputs, EmailsDeadLetters: large }, await mailbox('e-1', 'e-2'));
    for (const member of Object.keys(TABLES) as (keyof typeof TABLES)[])
      expect(snapshot[member].map((one) => (one as unknown as { pk: string }).pk).sort()).toEqual(
        [0, 1, 2, 3].map((n) => `${member} ${n}`),
      );
    expect(snapshot.unpublished).toBe(2);
    expect(snapshot.invoices.toSorted()).toEqual(keys.toSorted());
    expect(snapshot.mails).toEqual(['', 'e-1', 'e-2']);
    expect(snapshot.log.map(({ body }) => body).sort()).toEqual(['one', 'three', 'two']);
    const { 'send-email': [odd] = [], ...others } = snapshot.deadLetters;
    expect(odd?.bytes.equals(bytes)).toBe(true);
    expect(odd).toMatchObject({ letter: { reason: 'too-odd' } });
    expect(bodiesOf(others)).toEqual(
      Object.fromEntries(
        Object.keys(OWNERS)
          .filter((owner) => owner !== 'send-email')
          .map((owner) => [owner, [`dead of ${owner}`]]),
      ),
    );
    expect(bodiesOf(snapshot.undelivered)).toEqual(
      Object.fromEntries(Object.keys(FED).map((owner) => [owner, [`undelivered to ${owner}`]])),
    );

    expect(snapshot.unseenLetters).toEqual({});

    const group = await createQueue('payments-of-guests.fifo');
    for (let n = 0; n < 12; n++)
      await clients.sqs.send(
        new SendMessageCommand({
          ...{ QueueUrl: group, MessageBody: `dead ${n}`, MessageGroupId: 'guest', MessageDeduplicationId: String(n) },
        }),
      );
    const again = await takeSnapshot(clients, { ...outputs, PaymentsDeadLetters: group }, undefined);
    expect(again.mails).toEqual([]);
    expect(again.deadLetters['charge-card']).toHaveLength(10);
    expect(again.unseenLetters).toEqual({ 'charge-card': 2 });
    await expect(takeSnapshot(clients, outputs, `${await mailbox()}-not`)).rejects.toThrow(/-not answered 404$/);
  });
});

describe('stillToDo', () => {
  let world = 0;
  async function atRest() {
    world += 1;
    const outputs: Record<string, string> = {
      ...{ OutboxTable: `rest-outbox-${world}`, InboxTable: `rest-inbox-${world}`, OrderLog: `rest-log-${world}` },
    };
    await createOutboxTable(`rest-outbox-${world}`);
    await createInboxTable(`rest-inbox-${world}`);
    await createStream(`rest-log-${world}`, 2);
    for (const stem of Object.values(FED)) outputs[`${stem}Queue`] = await createQueue(`rest-${stem}-${world}`);
    await put(`rest-outbox-${world}`, row('published'));
    return { outputs, todo: () => stillToDo(clients, outputs), at: (name: string) => outputs[name] ?? '' };
  }

  it('is nothing at rest, and every event that is not published, in whichever bucket', async () => {
    const { todo, at } = await atRest();
    expect(await todo()).toEqual([]);
    for (let bucket = 0; bucket < OUTBOX_TABLE.unpublishedBuckets; bucket++) {
      await put(at('OutboxTable'), row(`waits-${bucket}`, bucket));
      expect(await todo()).toEqual([`${bucket + 1} events to publish`]);
    }
  });

  it.each(Object.values(FED))('is what waits in the queue of %s, is being handled, or comes later', async (stem) => {
    const { todo, at } = await atRest();
    const url = at(`${stem}Queue`);
    const texts = [1, 2, 3].map((n) => [`${n} messages in ${stem.toLowerCase()}`]);
    await send(url, 'visible');
    expect(await todo()).toEqual(texts[0]);
    await clients.sqs.send(new ReceiveMessageCommand({ QueueUrl: url }));
    expect(await todo()).toEqual(texts[0]);
    await send(url, 'later', 600);
    expect(await todo()).toEqual(texts[1]);
    await send(url, 'visible');
    expect(await todo()).toEqual(texts[2]);
  });

  it('is what the totals have not counted: of each shard all that is behind its position', async () => {
    const { todo, at } = await atRest();
    await records(at('OrderLog'), ...Array.from({ length: 12 }, (_, n) => `record ${n}`));
    const shards = Map.groupBy(await readLog(clients.kinesis, at('OrderLog')), ({ shard }) => shard);
    expect(shards.size).toBe(2);
    let left = 12;
    expect(await todo()).toEqual(['12 records to count']);
    for (const [shard, inShard] of shards) {
      for (const [n, { sequenceNumber }] of inShard.entries()) {
        // Within an aggregated record the position says which event, too.
        const position = n % 2 === 0 ? sequenceNumber : `${sequenceNumber}.7`;
        await put(at('InboxTable'), { [INBOX_TABLE.partitionKey]: `${salesTotals.name}@${shard}`, position });
        left -= 1;
        expect(await todo()).toEqual(left === 0 ? [] : [`${left} records to count`]);
      }
    }
  });
});
