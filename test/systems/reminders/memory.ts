import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Context } from 'aws-lambda';
import { takingDue } from '../../../lambdas/reminders/due/scan.ts';
import { delivering } from '../../../lambdas/reminders/inbox/notify.ts';
import { settingReminders } from '../../../lambdas/reminders/setting/set.ts';
import { channelEnv, ENV } from '../../../lib/contracts/agreed/environment.ts';
import { OUTBOX_TABLE } from '../../../lib/contracts/agreed/tables.ts';
import { envelope } from '../../../lib/contracts/events/envelope.ts';
import type { Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import { BUCKETS, REMINDERS_ENV, ScanDue } from '../../../lib/systems/reminders/contract.ts';
import type { Reply } from '../../../lib/systems/reminders/request.ts';
import { NOTIFICATIONS_TABLE, REMINDERS_TABLE, type StoredReminder } from '../../../lib/systems/reminders/stored.ts';
import type { Notification, Snapshot } from '../../../lib/systems/reminders/tools/snapshot.ts';
import { type Change, memoryDynamodb } from '../../../lib/testing/services/dynamodb.ts';
import { chanceOf } from '../../../lib/testing/world/chance.ts';
import { createWorld, STREAM } from '../../../lib/testing/world/world.ts';
import { lambdaContext, sqsEvent } from '../../runtime/lambda-events.ts';

const TABLES = { reminders: 'reminders', notifications: 'notifications', outbox: 'outbox' } as const;
const TIMEOUT_MILLIS = 60_000;
/** Of a call, both ways. */
const MAX_LATENCY_MILLIS = 15;
const PAGE = 7;

const ENVIRONMENT: Readonly<Record<string, string>> = {
  [REMINDERS_ENV.remindersTable]: TABLES.reminders,
  [REMINDERS_ENV.notificationsTable]: TABLES.notifications,
  [ENV.outboxTable]: TABLES.outbox,
  [ENV.inboxTable]: 'inbox',
  [ENV.queue]: 'https://sqs.us-east-1.amazonaws.com/000000000000/work',
  [ENV.deadLetterQueue]: 'https://sqs.us-east-1.amazonaws.com/000000000000/work-dlq',
  [channelEnv({ name: 'due-reminders' })]: 'https://sqs.us-east-1.amazonaws.com/000000000000/due-reminders',
};

/** The functions of the reminders as they are deployed, over a DynamoDB in memory, in virtual time. The way from the outbox to the queue is the test's. */
export function remindersInMemory(seed: number, onCommit: (changes: readonly Change[]) => void = () => undefined) {
  const world = createWorld(chanceOf(seed, STREAM.schedule));
  const db = memoryDynamodb(
    world,
    [
      { name: TABLES.reminders, ...keysOf(REMINDERS_TABLE), index: REMINDERS_TABLE.dueIndex },
      { name: TABLES.notifications, ...keysOf(NOTIFICATIONS_TABLE) },
      { name: TABLES.outbox, ...keysOf(OUTBOX_TABLE), index: OUTBOX_TABLE.unpublishedIndex },
    ],
    { pageSize: PAGE, onCommit },
  );
  const lines: string[] = [];
  let ids = 0;
  /** A reminder whose telling fails, by its user. */
  const poison = new Set<string>();
  const runtime: Runtime = {
    aws: (service, operation, input) =>
      new Promise((resolve, reject) => {
        if (service !== 'dynamodb') throw new Error(`nobody here answers ${operation} of ${service}`);
        world.after(world.chance.between(1, MAX_LATENCY_MILLIS), () => {
          try {
            if (
              operation === 'TransactWriteItems' &&
              [...poison].some((user) => JSON.stringify(input).includes(`"${user}"`))
            )
              throw new Error('poison');
            const answer = db.call(operation, input);
            world.after(world.chance.between(1, MAX_LATENCY_MILLIS), () => resolve(answer as never));
          } catch (error) {
            reject(error);
          }
        });
      }),
    now: world.now,
    sleep: (millis) => new Promise((resolve) => world.after(millis, resolve)),
    every(millis, task) {
      let on = true;
      const again = () =>
        world.after(millis, () => {
          if (!on) return;
          task();
          again();
        });
      again();
      return () => {
        on = false;
      };
    },
    random: () => world.chance.next(),
    id: () => `id-${ids++}`,
    env: (name) => ENVIRONMENT[name],
    write: (line) => lines.push(line),
  };
  const take = takingDue(runtime);
  const deliver = delivering(runtime);
  const context = (): Context => {
    const end = world.now() + TIMEOUT_MILLIS;
    return lambdaContext(() => end - world.now());
  };
  const failures: unknown[] = [];
  const watched = (work: Promise<unknown>) => {
    work.catch((error) => failures.push(error));
    return work;
  };
  const tick = (bucket: number) => {
    const time = new Date(world.now());
    const event = envelope(ScanDue, { bucket }, { id: `tick-${bucket}@${ids++}`, source: '/test', time });
    return watched(take(sqsEvent([{ body: JSON.stringify(event) }]), context()));
  };
  const unmarshalled = <T>(table: string): T[] => db.items(table).map((item) => unmarshall(item as never) as T);
  return {
    ...{ world, db, lines, failures, poison },
    set: settingReminders(runtime) as (input: unknown) => Promise<Reply>,
    tick,
    /** A tick for every bucket, all at once. */
    tickAll: () => Promise.all(Array.from({ length: BUCKETS }, (_, bucket) => tick(bucket))),
    /** Events as the queue hands them on. */
    deliver: (...bodies: readonly string[]) => watched(deliver(sqsEvent(bodies.map((body) => ({ body }))), context())),
    reminders: () => unmarshalled<StoredReminder>(TABLES.reminders),
    /** Whether something in a bucket is due. */
    isDue(bucket: number) {
      const now = new Date(world.now()).toISOString();
      return db
        .items(TABLES.reminders)
        .some((item) => item.bucket?.S === String(bucket) && String(item.dueAt?.S ?? now) < now);
    },
    snapshot: (): Snapshot => ({
      reminders: unmarshalled<StoredReminder>(TABLES.reminders),
      notifications: unmarshalled<Notification>(TABLES.notifications),
      events: unmarshalled<{ body?: string }>(TABLES.outbox).flatMap(({ body }) =>
        body === undefined ? [] : [{ body, unpublished: false }],
      ),
      at: world.now(),
    }),
  };
}

export type RemindersInMemory = ReturnType<typeof remindersInMemory>;

const keysOf = ({ partitionKey, sortKey }: { readonly partitionKey: string; readonly sortKey: string }) => ({
  partitionKey,
  sortKey,
});

/** The body of an event that a change has put into the outbox. */
export const eventIn = ({ table, before, after }: Change): string | undefined =>
  table === TABLES.outbox && before === undefined ? (after?.body?.S as string | undefined) : undefined;

/** When and in which bucket a change lets a reminder be due. */
export function dueIn({ table, after }: Change): { readonly at: number; readonly bucket: number } | undefined {
  const [dueAt, bucket] = [after?.dueAt?.S, after?.bucket?.S];
  return table !== TABLES.reminders || dueAt === undefined || bucket === undefined
    ? undefined
    : { at: Date.parse(String(dueAt)), bucket: Number(bucket) };
}
