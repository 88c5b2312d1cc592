import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { batchUnits, inboxUnits, outboxUnits } from '../../lib/contracts/subscriptions/table-units.ts';
import { systemContract } from '../../lib/contracts/system.ts';
import { systemCost } from '../../lib/operations/cost/system-cost.ts';
import * as orders from '../../lib/systems/orders/contract.ts';
import { anOrder, eventually, type OrdersOnEngine, STACK, startOrders } from './orders-app.ts';

/**
 * What the cost is reckoned from, against what a run really uses: the engine counts capacity units and messages under CloudWatch's names. When
 * the runtime comes to write more, or the model forgets something, they part. Indexes are not compared: the engine does not count them.
 */
const ORDERS = 30;
/** Makes rows of 3.5 KB: units are counted by whole KB, and ids may have a digit more. */
const LINES = Array.from({ length: 12 }, () => ({ description: 'x'.repeat(180), quantity: 1, unitPrice: 1 }));
/**
 * The model counts what happens when nothing fails; on a busy machine something may be handed over again. One twentieth is less than any single
 * unit of an order, so nothing can be forgotten unseen.
 */
const TOLERANCE = 0.05;
const HOUR_SECONDS = 3_600;

const contract = systemContract('orders', orders);
let app: OrdersOnEngine;
let cloudwatch: CloudWatchClient;

beforeAll(async () => {
  app = await startOrders();
  cloudwatch = new CloudWatchClient({});
  const order = (i: number) => anOrder({ lines: LINES.map((line) => ({ ...line, sku: `COST-${i}` })) });
  await Promise.all(Array.from({ length: ORDERS }, (_, i) => app.shop.place(order(i))));
  // By metrics and logs: whoever looks into the tables adds to what they count.
  await eventually('every order handled by everybody', async () => {
    const deleted = await Promise.all(QUEUES.map((queue) => ofQueue('NumberOfMessagesDeleted', queue)));
    return deleted.every((count) => count >= ORDERS) && countedInTotals() >= ORDERS;
  });
}, 60_000);

afterAll(async () => {
  cloudwatch?.destroy();
  await app?.close();
});

const QUEUES = ['PaymentsQueue', 'StockQueue', 'InvoicesQueue', 'EmailsQueue'];

const countedInTotals = (): number =>
  app.logs
    .filter((line) => line.includes('"message":"counted"'))
    .reduce((sum, line) => sum + (JSON.parse(line) as { done: number }).done, 0);

async function measured(namespace: string, metric: string, dimension: string, value: string): Promise<number> {
  const { Datapoints = [] } = await cloudwatch.send(
    new GetMetricStatisticsCommand({
      Namespace: namespace,
      MetricName: metric,
      Dimensions: [{ Name: dimension, Value: value }],
      StartTime: new Date(Date.now() - HOUR_SECONDS * 1_000),
      EndTime: new Date(Date.now() + HOUR_SECONDS * 1_000),
      Period: HOUR_SECONDS,
      Statistics: ['Sum'],
    }),
  );
  return Datapoints.reduce((sum, { Sum = 0 }) => sum + Sum, 0);
}

/** A queue's or a topic's name is the end of its address. */
const nameOf = (output: string): string => app.output(output).split(/[/:]/).at(-1) ?? '';
const ofQueue = (metric: string, output: string) => measured('AWS/SQS', metric, 'QueueName', nameOf(output));
const ofTopic = (metric: string) => measured('AWS/SNS', metric, 'TopicName', nameOf('OrderTopic'));
const ofLog = (metric: string) => measured('AWS/Kinesis', metric, 'StreamName', nameOf('OrderLog'));
const units = (kind: 'Read' | 'Write', output: string) =>
  measured('AWS/DynamoDB', `Consumed${kind}CapacityUnits`, 'TableName', app.output(output));

/** Waits for the last of it: the relay marks its rows after the consumers have theirs. */
async function expectAbout(what: string, look: () => Promise<number>, reckoned: number): Promise<void> {
  await eventually(`${reckoned} ${what}`, async () => (await look()) >= reckoned);
  expect(await look(), what).toBeLessThanOrEqual(reckoned * (1 + TOLERANCE));
}

it('the outbox table takes what the model says', async () => {
  const { write, read } = outboxUnits((await ofLog('IncomingBytes')) / ORDERS);
  expect({ write, read }).toEqual({ write: 20, read: 2 });
  await expectAbout('write units', () => units('Write', 'OutboxTable'), ORDERS * write);
  await expectAbout('read units', () => units('Read', 'OutboxTable'), ORDERS * read);
});

it('the inbox table takes what the model says', async () => {
  const { salesTotals } = orders;
  const batches = await measured('AWS/Lambda', 'Invocations', 'FunctionName', `${STACK}-${salesTotals.name}`);
  const perOrder = contract.subscriptions.map(inboxUnits);
  // Batches of a burst hold fewer events than a transaction takes.
  const perBatch = batchUnits(salesTotals, 1);
  for (const [kind, of] of [
    ['Write', 'write'],
    ['Read', 'read'],
  ] as const) {
    const reckoned = ORDERS * perOrder.reduce((sum, one) => sum + one[of], 0) + batches * perBatch[of];
    await expectAbout(`${of} units`, () => units(kind, 'InboxTable'), reckoned);
  }
});

it('messages are as many as the model says', async () => {
  const { charges, messages } = systemCost(contract, { region: 'us-east-1' });
  const perMessage = (price: string, part: string) =>
    charges
      .filter((one) => one.price === price && one.part === part)
      .reduce((sum, { quantity }) => sum + quantity / messages, 0);
  const about = (what: string, look: () => Promise<number>, each: number) => {
    expect(each, `${what} of an order`).toBeGreaterThan(0);
    return expectAbout(what, look, ORDERS * each);
  };
  const deliveries = perMessage('snsFifoDeliveries', 'topic order-topic');
  await about('deliveries', () => ofTopic('NumberOfNotificationsDelivered'), deliveries);
  await about('records', () => ofLog('IncomingRecords'), perMessage('kinesisPut', 'log order-log'));
  const payments = perMessage('sqsFifo', 'queue payments');
  await about('payments', () => ofQueue('NumberOfMessagesSent', 'PaymentsQueue'), payments);
  for (const [queue, output] of [
    ['stock', 'StockQueue'],
    ['invoices', 'InvoicesQueue'],
    ['emails', 'EmailsQueue'],
  ] as const) {
    const each = perMessage('sqsStandard', `queue ${queue}`);
    await about(queue, () => ofQueue('NumberOfMessagesSent', output), each);
  }
});
