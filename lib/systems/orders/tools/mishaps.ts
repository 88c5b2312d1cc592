import { setTimeout as sleep } from 'node:timers/promises';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import type { Envelope } from '../../../contracts/events/envelope.ts';
import { parseSequence } from '../../../contracts/events/envelope.ts';
import type { Clients } from '../../../operations/deployed/clients.ts';
import { type Outputs, output } from '../../../operations/deployed/deployment.ts';
import { publisher } from '../../../runtime/publishing/publish.ts';
import { orderLog, orderTopic } from '../contract.ts';

/**
 * What goes wrong in real life, done on purpose: events published twice.
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
