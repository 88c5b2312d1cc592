import { randomUUID } from 'node:crypto';
import { PutRecordCommand } from '@aws-sdk/client-kinesis';
import { DeleteFunctionConcurrencyCommand, InvokeCommand, PutFunctionConcurrencyCommand } from '@aws-sdk/client-lambda';
import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { marshall } from '@aws-sdk/util-dynamodb';
import { envelope } from '../../../lib/contracts/events/envelope.ts';
import { sendMalformed } from '../../../lib/operations/systems/malformed.ts';
import { publisher } from '../../../lib/runtime/publishing/publish.ts';
import { OrderPlaced, orderTopic } from '../../../lib/systems/orders/contract.ts';
import { anOrder, type OrdersOnEngine } from '../orders-app.ts';
import { datapoints, type Incident, metricsOf, type Scene, type Watched } from './incident.ts';
import { purge, switchMapping } from './levers.ts';

const QUEUE_CONSUMERS = ['charge-card', 'reserve-stock', 'make-invoice', 'send-email'];
const CONSUMERS = [...QUEUE_CONSUMERS, 'sales-totals'];
const OUTBOX_FUNCTIONS = ['order-outbox-relay', 'order-outbox-sweeper'];
const FUNCTIONS = [...CONSUMERS, 'place-order', ...OUTBOX_FUNCTIONS];

const all = (names: readonly string[], kind: string): string[] => names.map((name) => `${name}-${kind}`);

/** More than the depth that the alarm allows. */
const FLOOD = 10_010;
const MESSAGES_PER_REQUEST = 10;
const PARALLEL_REQUESTS = 20;
const DAY_MS = 86_400_000;

/** Trouble of the orders system that between it sets off every alarm it has. */
export function orderIncidents(app: OrdersOnEngine, scene: Scene, stack: string): Incident[] {
  const { sqs, kinesis } = app.clients;
  const { lambda } = scene;
  const { faults } = app.engine.services;
  const fill = datapoints(app.engine);
  const watchedBy = (names: readonly string[]): Watched[] => names.flatMap((name) => metricsOf(scene.alarms.get(name)));

  /** URL of the queue that an alarm looks at. */
  async function queueOf(alarm: string): Promise<string> {
    const [watched] = metricsOf(scene.alarms.get(alarm));
    const QueueName = watched?.Dimensions?.find(({ Name }) => Name === 'QueueName')?.Value;
    return (await sqs.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl ?? '';
  }
  const purgeAll = async (alarms: readonly string[]): Promise<void> => {
    for (const alarm of alarms) await purge(sqs, await queueOf(alarm));
  };
  const feed = (name: string, enabled: boolean) => switchMapping(lambda, `${stack}-${name}`, enabled);

  async function flood(alarm: string): Promise<void> {
    const QueueUrl = await queueOf(alarm);
    const fifo = QueueUrl.endsWith('.fifo');
    const request = () => {
      const Entries = Array.from({ length: MESSAGES_PER_REQUEST }, (_, i) => ({
        Id: String(i),
        MessageBody: '{}',
        ...(fifo ? { MessageGroupId: String(i), MessageDeduplicationId: randomUUID() } : {}),
      }));
      return sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    };
    for (let sent = 0; sent < FLOOD; sent += MESSAGES_PER_REQUEST * PARALLEL_REQUESTS) {
      await Promise.all(Array.from({ length: PARALLEL_REQUESTS }, request));
    }
  }

  const anEvent = (id: string) => {
    const order = {
      ...{ orderId: id, documentId: id, placedAt: '2010-12-01T08:26:00Z', customerId: null, country: 'Nowhere' },
      lines: [{ sku: 'SKU-1', description: 'A LANTERN', quantity: 1, unitPence: 1 }],
      ...{ currency: 'GBP', totalPence: 1 },
    };
    return envelope(OrderPlaced, order, { id, source: '/alarms', time: new Date() });
  };
  const invoke = (name: string, payload: unknown) =>
    lambda.send(new InvokeCommand({ FunctionName: `${stack}-${name}`, Payload: JSON.stringify(payload) }));

  let rows = 0;
  /** The relay is handed a row as the table's stream would. */
  const relayRow = () => {
    rows += 1;
    const id = `alarms-${rows}`;
    const row = { aggregateId: id, sequence: 1, body: JSON.stringify(anEvent(id)), unpublished: '0' };
    return invoke('order-outbox-relay', {
      Records: [{ dynamodb: { SequenceNumber: String(rows), NewImage: marshall(row) } }],
    });
  };
  const allowConcurrency = (most: number | undefined) =>
    Promise.all(
      FUNCTIONS.map((name) => {
        const FunctionName = `${stack}-${name}`;
        return most === undefined
          ? lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }))
          : lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: most }));
      }),
    );
  const denied = { status: 400, code: 'AccessDeniedException', message: 'the policy was changed' };
  const refused = { status: 400, code: 'InvalidParameterValue', message: 'the stream was changed' };
  const many = { when: 'before', action: 'error', times: 100_000 } as const;

  const policies = new Map<string, string | undefined>();
  const lagging = ['sales-totals-iterator-age', 'sales-totals-log-lag-messages', 'sales-totals-catch-up'];
  const drops = all(CONSUMERS, 'received-drop');
  const throttles = all(FUNCTIONS, 'throttles');
  const oldest = all(QUEUE_CONSUMERS, 'oldest-message');
  const undelivered = all(QUEUE_CONSUMERS, 'undelivered');
  const given = all(CONSUMERS, 'dead-letters');

  return [
    {
      what: 'messages that nobody can read come to all consumers',
      alarms: [...given, ...all(CONSUMERS, 'error-rate')],
      goOn: () => sendMalformed(app.contract, app.world),
      end: () => purgeAll(given),
      // What was on its way is given up after the purge.
      health: () => purgeAll(given),
    },
    {
      what: 'the consumers may no longer send dead letters',
      alarms: all(CONSUMERS, 'dead-letters-failed'),
      begin() {
        for (const name of CONSUMERS) {
          const functionName = `${stack}-${name}`;
          faults.add({ ...many, service: 'sqs', operation: 'SendMessage', functionName, error: denied });
        }
      },
      goOn: () => sendMalformed(app.contract, app.world),
      async end() {
        faults.clear();
        await purgeAll(given);
      },
      health: () => purgeAll(given),
    },
    {
      what: 'a flood comes to queues whose consumers are stopped',
      alarms: all(QUEUE_CONSUMERS, 'queue-depth'),
      async begin() {
        for (const name of QUEUE_CONSUMERS) await feed(name, false);
        for (const alarm of all(QUEUE_CONSUMERS, 'queue-depth')) await flood(alarm);
      },
      async end() {
        await purgeAll(all(QUEUE_CONSUMERS, 'queue-depth'));
        for (const name of QUEUE_CONSUMERS) await feed(name, true);
      },
    },
    {
      what: 'the queues no longer let the topic in',
      alarms: undelivered,
      async begin() {
        for (const queue of ['Payments', 'Stock', 'Invoices', 'Emails']) {
          const QueueUrl = app.output(`${queue}Queue`);
          const { Attributes } = await sqs.send(
            new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['Policy'] }),
          );
          policies.set(QueueUrl, Attributes?.Policy);
          await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: '' } }));
        }
        await publisher(orderTopic, { address: app.output('OrderTopic'), claims: app.output('ClaimsBucket') })([
          anEvent('undelivered'),
        ]);
      },
      async end() {
        for (const [QueueUrl, Policy = ''] of policies) {
          await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
        }
        await purgeAll(undelivered);
      },
      health: () => purgeAll(undelivered),
    },
    {
      what: 'log and topic take nothing, the table lets nobody in',
      alarms: [
        ...['order-log-producer-errors', 'order-topic-producer-errors'],
        ...all(['place-order', ...OUTBOX_FUNCTIONS], 'function-errors'),
        ...['order-outbox-oldest-unpublished', 'sales-totals-state-failures'],
      ],
      begin() {
        const relay = { ...many, functionName: `${stack}-order-outbox-relay`, error: refused };
        faults.add({ ...relay, service: 'kinesis', operation: 'PutRecords' });
        faults.add({ ...relay, service: 'sns', operation: 'PublishBatch' });
        for (const [name, operation] of [
          ['place-order', 'GetItem'],
          ['order-outbox-sweeper', 'Query'],
          ['sales-totals', 'TransactWriteItems'],
        ] as const) {
          const functionName = `${stack}-${name}`;
          faults.add({ ...many, service: 'dynamodb', operation, functionName, error: denied });
        }
      },
      async goOn() {
        const Data = Buffer.from(JSON.stringify(anEvent(randomUUID())));
        await Promise.all([
          relayRow(),
          invoke('place-order', anOrder()),
          // Not an event of a stream.
          invoke('order-outbox-relay', {}),
          kinesis.send(new PutRecordCommand({ StreamName: app.output('OrderLog'), Data, PartitionKey: 'one' })),
        ]);
      },
      end: () => faults.clear(),
    },
    {
      what: 'the outbox gives a batch up',
      alarms: ['order-outbox-dead-letters'],
      standsInBecause:
        'the relay tries ten times, for minutes, before Lambda gives a batch up: the message is put there by hand',
      begin: async () =>
        sqs.send(new SendMessageCommand({ QueueUrl: await queueOf('order-outbox-dead-letters'), MessageBody: '{}' })),
      end: () => purgeAll(['order-outbox-dead-letters']),
    },
    {
      what: 'messages wait for more than five minutes',
      alarms: oldest,
      standsInBecause: 'ages are not scaled: five minutes take five minutes',
      goOn: () => fill(watchedBy(oldest), { ApproximateAgeOfOldestMessage: 301 }),
    },
    {
      what: 'the reader of the log is days behind',
      alarms: lagging,
      standsInBecause: 'half of the retention are three and a half days',
      goOn: () => fill(watchedBy(lagging), { IteratorAge: 4 * DAY_MS, IncomingRecords: 12_000, Consumed: 6_000 }),
      health: () => fill(watchedBy(lagging), { IteratorAge: 10, IncomingRecords: 6_000, Consumed: 6_000 }),
    },
    {
      what: 'one shard of the log lags',
      alarms: ['sales-totals-hot-shard'],
      standsInBecause: 'a shard is hot from a minute of lag, and lag is not scaled',
      goOn: () => fill(watchedBy(['sales-totals-hot-shard']), { ShardLag: [200, 120_000] }),
      health: () => fill(watchedBy(['sales-totals-hot-shard']), { ShardLag: [200, 300] }),
    },
    {
      what: 'no orders come',
      alarms: drops,
      standsInBecause:
        'the usual 20 orders a second are 4,000 a second in scaled time; what is missing stays missing, what is usual is put in',
      health: () => fill(watchedBy(drops), { Received: 1_300 }),
    },
    {
      what: 'the functions may not run',
      alarms: throttles,
      begin: () => allowConcurrency(0),
      // Refused, as it should be.
      goOn: () => Promise.allSettled(FUNCTIONS.map((name) => invoke(name, { Records: [] }))),
      end: () => allowConcurrency(undefined),
    },
  ];
}
