import { setTimeout as sleep } from 'node:timers/promises';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { envelope } from '../../../contracts/events/envelope.ts';
import { output } from '../../../operations/deployed/deployment.ts';
import type { World } from '../../../operations/systems/system.ts';
import { publisher } from '../../../runtime/publishing/publish.ts';
import { BUCKETS, ScanDue, scans } from '../contract.ts';
import { REMINDERS_TABLE } from '../stored.ts';
import { type SentReminder, versionsOf } from './due-times.ts';
import { takeSnapshot } from './snapshot.ts';

/** What goes wrong in real life, done on purpose: ticks that fire late, and twice at once, and events published twice. */

/** What is due later than this is not waited for: by then the demo is over. */
const SOON_MS = 120_000;
const ROUNDS = 2;
const AGAIN_EVERY = 10;

/** Waits until all that is due soon has been due. */
export async function untilDue(sent: readonly SentReminder[], now: () => number = Date.now): Promise<void> {
  const newest = [...versionsOf(sent).values()].map((versions) => versions.at(-1)?.reply.dueAt);
  const times = newest.flatMap((dueAt) => (dueAt == null ? [] : [Date.parse(dueAt)]));
  const last = Math.max(now(), ...times.filter((time) => time - now() < SOON_MS));
  await sleep(last - now() + 1);
}

/** Ticks of all buckets, each twice at once. @returns how many */
export async function tickTwice({ outputs }: Pick<World, 'outputs'>): Promise<number> {
  const publish = publisher(scans, { address: output(outputs, 'ScansQueue') });
  const time = new Date();
  const ticks = Array.from({ length: BUCKETS * ROUNDS }, (_, i) =>
    envelope(ScanDue, { bucket: i % BUCKETS }, { id: `twice/${time.getTime()}/${i}`, source: '/trouble', time }),
  );
  await publish(ticks);
  return ticks.length;
}

const POLL_MS = 200;
const TOLD_TIMEOUT_MS = 60_000;

/** Waits until all that is due was told and published. @throws Error when it takes more than a minute */
export async function untilTold(world: Pick<World, 'clients' | 'outputs'>): Promise<void> {
  const deadline = performance.now() + TOLD_TIMEOUT_MS;
  for (;;) {
    const { events } = await takeSnapshot(world.clients, world.outputs);
    const unpublished = events.filter((event) => event.unpublished).length;
    const due = await countDue(world);
    if (due + unpublished === 0) return;
    if (performance.now() > deadline)
      throw new Error(`${due} reminders are due and ${unpublished} unpublished after ${TOLD_TIMEOUT_MS / 1_000} s`);
    await sleep(POLL_MS);
  }
}

/** Every tenth event that was published goes into the queue once more, as from a relay that crashed before it noted it. @returns how many */
export async function publishAgain({ clients, outputs }: Pick<World, 'clients' | 'outputs'>): Promise<number> {
  const { events } = await takeSnapshot(clients, outputs);
  const published = events.filter(({ unpublished }) => !unpublished).map(({ body }) => body);
  const again = published.toSorted().filter((_, i) => i % AGAIN_EVERY === 0);
  const QueueUrl = output(outputs, 'DueRemindersQueue');
  for (const MessageBody of again) await clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  return again.length;
}

/** How many reminders are due and not told. */
export async function countDue({ clients, outputs }: Pick<World, 'clients' | 'outputs'>): Promise<number> {
  const { name, partitionKey, sortKey } = REMINDERS_TABLE.dueIndex;
  const counts = await Promise.all(
    Array.from({ length: BUCKETS }, async (_, bucket) => {
      const query = new QueryCommand({
        TableName: output(outputs, 'RemindersTable'),
        IndexName: name,
        KeyConditionExpression: '#bucket = :bucket AND #dueAt <= :now',
        ExpressionAttributeNames: { '#bucket': partitionKey, '#dueAt': sortKey },
        ExpressionAttributeValues: { ':bucket': String(bucket), ':now': new Date().toISOString() },
        Select: 'COUNT',
      });
      return (await clients.dynamodb.send(query)).Count ?? 0;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
