import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PutRecordCommand } from '@aws-sdk/client-kinesis';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import type { Envelope } from '../../../contracts/events/envelope.ts';
import { envelope, parseSequence } from '../../../contracts/events/envelope.ts';
import { type Outputs, output } from '../../../operations/deployed/deployment.ts';
import { publisher } from '../../../runtime/publishing/publish.ts';
import { OrderPlaced, orderLog, orderTopic } from '../contract.ts';
import type { Clients } from './clients.ts';

/**
 * What goes wrong in real life, done on purpose: events published twice, and messages that nobody can read.
 */

const POLL_MS = 100;
const PUBLISH_TIMEOUT_MS = 180_000;

/**
 * Waits until events have been published and returns them as they were.
 * @throws Error naming the first event that is not published in time
 */
export async function publishedEvents(
  { dynamodb }: Clients,
  table: string,
  events: readonly { readonly orderId: string; readonly sequence: number }[],
): Promise<Envelope[]> {
  const deadline = performance.now() + PUBLISH_TIMEOUT_MS;
  const published: Envelope[] = [];
  for (const { orderId, sequence } of events) {
    for (;;) {
      const Key = { aggregateId: orderId, sequence };
      const { Item } = await dynamodb.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
      if (Item !== undefined && Item.unpublished === undefined) {
        published.push(JSON.parse(Item.body as string));
        break;
      }
      if (performance.now() > deadline)
        throw new Error(
          `event ${sequence} of order '${orderId}' is still unpublished after ${PUBLISH_TIMEOUT_MS / 1_000} s`,
        );
      await sleep(POLL_MS);
    }
  }
  return published;
}

/** The same events once more, as a relay does that crashed between publishing and noting it. FIFO deduplication is passed by. */
export async function publishAgain(outputs: Outputs, events: readonly Envelope[]): Promise<void> {
  const inOrder = events.toSorted((a, b) => (parseSequence(a.sequence) ?? 0) - (parseSequence(b.sequence) ?? 0));
  const again = { deduplicationId: ({ id }: { readonly id: string }) => `${id}#again` };
  const claims = output(outputs, 'ClaimsBucket');
  await publisher(orderLog, { address: output(outputs, 'OrderLog'), claims })(inOrder);
  await publisher(orderTopic, { address: output(outputs, 'OrderTopic'), claims, ...again })(inOrder);
}

/** The work queues of the system, by the stem of their outputs' names. */
export const QUEUES = ['Payments', 'Stock', 'Invoices', 'Emails'] as const;

/** A message that cannot be read, and the reason that must stand in its dead letter. */
interface Malformed {
  readonly reason: string;
  readonly body: string;
}

function malformed(): Malformed[] {
  const order = {
    orderId: 'X1',
    documentId: 'X1',
    placedAt: '2010-12-01T08:00:00Z',
    customerId: null,
    country: 'Nowhere',
    lines: [],
    currency: 'GBP',
    totalPence: 0,
  };
  const event = envelope(OrderPlaced, order, {
    id: `malformed/${randomUUID()}`,
    source: '/mishaps',
    time: new Date(0),
  });
  return [
    { reason: 'broken-json', body: '{"specversion":"1.0","type":"orders.order-placed"' },
    { reason: 'not-an-event', body: JSON.stringify({ hello: 'world' }) },
    { reason: 'unknown-type', body: JSON.stringify({ ...event, type: 'orders.order-teleported' }) },
    { reason: 'wrong-version', body: JSON.stringify({ ...event, dataschema: 'urn:sluice:orders.order-placed:v99' }) },
    { reason: 'invalid-data', body: JSON.stringify(event) },
  ];
}

/** Sends every kind of malformed message to every queue and to the log. @returns the reasons to expect in each dead-letter queue */
export async function sendMalformed({ sqs, kinesis }: Clients, outputs: Outputs): Promise<readonly string[]> {
  const messages = malformed();
  for (const queue of QUEUES) {
    const QueueUrl = output(outputs, `${queue}Queue`);
    const fifo = QueueUrl.endsWith('.fifo');
    for (const { body } of messages) {
      const id = { MessageGroupId: `malformed-${randomUUID()}`, MessageDeduplicationId: randomUUID() };
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body, ...(fifo ? id : {}) }));
    }
  }
  for (const { body, reason } of messages) {
    const record = { StreamName: output(outputs, 'OrderLog'), Data: Buffer.from(body), PartitionKey: reason };
    await kinesis.send(new PutRecordCommand(record));
  }
  return messages.map(({ reason }) => reason);
}
