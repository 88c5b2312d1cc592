import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { OUTBOX_TABLE } from '../../../lib/contracts/agreed/tables.ts';
import { type Clients, openClients } from '../../../lib/operations/deployed/clients.ts';
import { takeSnapshot } from '../../../lib/systems/orders/tools/snapshot.ts';
import {
  createBusinessTable,
  createOutboxTable,
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

let clients: Clients;
beforeAll(() => {
  clients = openClients();
});
afterAll(() => clients.close());

const put = (TableName: string, Item: Record<string, unknown>) =>
  clients.dynamodb.send(new PutCommand({ TableName, Item }));
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

  it('reads each thing from where it lies, all of it', async () => {
    const outputs = await leaveBehind();
    const keys = Array.from({ length: 1_001 }, (_, n) => `invoices/${n}`);
    for (let n = 0; n < keys.length; n += 50) {
      const some = keys.slice(n, n + 50);
      await Promise.all(
        some.map((Key) => clients.s3.send(new PutObjectCommand({ Bucket: 'invoices', Key, Body: 'pdf' }))),
      );
    }
    const snapshot = await takeSnapshot(clients, outputs, await mailbox('e-1', 'e-2'));
    for (const member of Object.keys(TABLES) as (keyof typeof TABLES)[])
      expect(snapshot[member].map((one) => (one as unknown as { pk: string }).pk).sort()).toEqual(
        [0, 1, 2, 3].map((n) => `${member} ${n}`),
      );
    expect(snapshot.unpublished).toBe(2);
    expect(snapshot.invoices.toSorted()).toEqual(keys.toSorted());
    expect(snapshot.mails).toEqual(['', 'e-1', 'e-2']);
    expect(snapshot.log.map(({ body }) => body).sort()).toEqual(['one', 'three', 'two']);
    expect((await takeSnapshot(clients, outputs, undefined)).mails).toEqual([]);
    await expect(takeSnapshot(clients, outputs, `${await mailbox()}-not`)).rejects.toThrow(/-not answered 404$/);
  });
});
