import { randomUUID } from 'node:crypto';
import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { envelope } from '../../lib/contracts/events/envelope.ts';
import type { Subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { paced } from '../../lib/operations/traffic/pace.ts';
import { Asked } from './contract.ts';

/** A message as it was sent. */
export interface Sent {
  readonly number: number;
  readonly key: string;
  /** Epoch milliseconds. */
  readonly sentAt: number;
}

const KEYS = 50;
/** Messages in one request, SQS's most. */
const BATCH = 10;

/**
 * Sends messages at a steady rate to the queue of each lane, in order.
 * @returns what was sent, the same to each lane
 */
export async function sendSteadily(
  sqs: SQSClient,
  lanes: readonly { readonly lane: Subscription; readonly url: string }[],
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<Sent[]> {
  const sent: Sent[] = [];
  const batches = Array.from({ length: Math.ceil((perSecond * seconds) / BATCH) }, (_, batch) => batch);
  await paced(
    batches,
    () => 'one after the other',
    async (batch) => {
      const messages = Array.from({ length: BATCH }, (_, i): Sent => {
        const number = batch * BATCH + i;
        return { number, key: `key-${number % KEYS}`, sentAt: Date.now() };
      });
      await Promise.all(lanes.map((lane) => send(sqs, lane, messages)));
      sent.push(...messages);
    },
    { parallel: 1, perSecond: perSecond / BATCH },
  );
  return sent;
}

async function send(
  sqs: SQSClient,
  { lane, url }: { readonly lane: Subscription; readonly url: string },
  messages: readonly Sent[],
): Promise<void> {
  const { Failed = [] } = await sqs.send(
    new SendMessageBatchCommand({
      QueueUrl: url,
      Entries: messages.map(({ number, key, sentAt }) => {
        const id = `${lane.name}/${number}`;
        const event = envelope(Asked, { key, number }, { id, source: '/bench', time: new Date(sentAt) });
        const fifo = lane.order === 'per-key' ? { MessageGroupId: key, MessageDeduplicationId: randomUUID() } : {};
        return { Id: String(number), MessageBody: JSON.stringify(event), ...fifo };
      }),
    }),
  );
  if (Failed.length > 0)
    throw new Error(`${lane.name}: ${Failed.length} messages were not taken: ${Failed[0]?.Message}`);
}
