import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pointSdkAt } from '../../bin/apps/sdk-environment.ts';
import { synthesise } from '../../bin/apps/synth.ts';
import { outboxUnits } from '../../lib/contracts/subscriptions/table-units.ts';
import { type Engine, startEngine } from '../../lib/local/engine.ts';
import { output } from '../../lib/operations/deployed/deployment.ts';
import { lettersOf } from '../../lib/operations/systems/letters.ts';
import { stillToDo } from '../../lib/operations/systems/settled.ts';
import type { Sender, World } from '../../lib/operations/systems/system.ts';
import { openWorld } from '../../lib/operations/systems/world.ts';
import type { ReminderRequest, Reply, When } from '../../lib/systems/reminders/request.ts';
import { reminders as system } from '../../lib/systems/reminders/system.ts';
import type { SentReminder } from '../../lib/systems/reminders/tools/due-times.ts';
import { reminders } from '../../lib/systems/reminders/tools/producer.ts';
import { reconcile } from '../../lib/systems/reminders/tools/reconcile.ts';
import { takeSnapshot } from '../../lib/systems/reminders/tools/snapshot.ts';
import { countDue, publishAgain, tickTwice, untilDue, untilTold } from '../../lib/systems/reminders/tools/trouble.ts';

const STACK = 'sluice-test-reminders';
const DAY_MS = 86_400_000;

let folder: string;
let engine: Engine;
let world: World;
let cloudwatch: CloudWatchClient;
let sender: Sender<ReminderRequest, Reply>;
const logs: string[] = [];
const sent: SentReminder[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-reminders-'));
  await synthesise(folder, 'test', ['reminders']);
  // A minute of the ticks passes in two seconds.
  engine = await startEngine({ assembly: folder, port: 0, timeScale: 30, onLog: ({ line }) => logs.push(line) });
  pointSdkAt(engine.url, engine.services.region);
  world = await openWorld(STACK);
  sender = reminders.open(world);
  cloudwatch = new CloudWatchClient({});
}, 60_000);
afterAll(async () => {
  sender?.close();
  cloudwatch?.destroy();
  world?.clients.close();
  await engine?.close();
  rmSync(folder, { recursive: true, force: true });
});

const TEXT = 'nobody else is to read this';

async function ask(reminderId: string, when: When | undefined, version = 1): Promise<Reply> {
  const base = { userId: 'ada', reminderId, version };
  const request: ReminderRequest =
    when === undefined ? { action: 'cancel', ...base } : { action: 'set', ...base, text: TEXT, when };
  const reply = await sender.send(request);
  sent.push({ request, reply });
  return reply;
}

async function settled(): Promise<void> {
  await vi.waitFor(
    async () => {
      expect(await stillToDo(system.contract, world)).toEqual([]);
      expect(await countDue(world)).toBe(0);
    },
    { timeout: 20_000, interval: 100 },
  );
}

const found = async () =>
  reconcile({ sent, isDead: () => false, unseen: {} }, await takeSnapshot(world.clients, world.outputs));

/** Write units of a table so far; those of its indexes are not counted here. */
async function writeUnits(name: string): Promise<number> {
  const { Datapoints = [] } = await cloudwatch.send(
    new GetMetricStatisticsCommand({
      Namespace: 'AWS/DynamoDB',
      MetricName: 'ConsumedWriteCapacityUnits',
      Dimensions: [{ Name: 'TableName', Value: output(world.outputs, `${name}Table`) }],
      StartTime: new Date(Date.now() - DAY_MS),
      EndTime: new Date(Date.now() + DAY_MS),
      Period: 3_600,
      Statistics: ['Sum'],
    }),
  );
  return Datapoints.reduce((sum, { Sum = 0 }) => sum + Sum, 0);
}

describe('reminders on the engine', () => {
  it('take the write units that docs/systems/reminders.md says', async () => {
    const COUNT = 20;
    for (let i = 0; i < COUNT; i++) await ask(`cost-${i}`, { inSeconds: 1 });
    await untilDue(sent);
    await untilTold(world);
    await settled();
    const used = await Promise.all(['Reminders', 'Outbox', 'Notifications', 'Inbox'].map(writeUnits));
    // Set and told; its row, head, mark and cursor; the notification; nothing.
    const reckoned = [1 + 2, outboxUnits(700).write, 1, 0];
    // On a busy machine two scans may meet, and one is refused.
    used.forEach((units, i) => {
      expect(units / COUNT).toBeGreaterThanOrEqual(reckoned[i] ?? 0);
      expect(units / COUNT).toBeLessThanOrEqual((reckoned[i] ?? 0) * 1.1);
    });
    expect(outboxUnits(700)).toEqual({ write: 8, read: 2, indexWrite: 2 });
  }, 30_000);

  it('are told once each when ticks fire twice at once beside their own, and events are published twice', async () => {
    for (let i = 0; i < 30; i++) await ask(`once-${i}`, { inSeconds: 2 + (i % 4) });
    for (let i = 0; i < 10; i++) {
      await ask(`changed-${i}`, { inSeconds: 86_400 });
      await ask(`changed-${i}`, { inSeconds: 2 + (i % 3) }, 2);
      await ask(`cancelled-${i}`, { inSeconds: 60 });
      await ask(`cancelled-${i}`, undefined, 2);
    }
    await ask('daily', { daily: { at: '09:00', zone: 'America/New_York' } });
    await untilDue(sent);
    await Promise.all([tickTwice(world), tickTwice(world)]);
    await untilTold(world);
    expect(await publishAgain(world)).toBe(6);
    await settled();
    expect(await found()).toMatchObject({
      problems: [],
      figures: { set: 71, changed: 10, cancelled: 10, owed: 60, notified: 60, waiting: 1 },
    });
  }, 60_000);

  it('that were missed for days are caught up with, each due time once', async () => {
    const today = await ask('every-day', { daily: { at: '00:00', zone: 'UTC' } });
    if (today.status !== 'accepted' || today.dueAt === null) throw new Error('not accepted');
    const missed = new Date(Date.parse(today.dueAt) - 3 * DAY_MS).toISOString();
    await world.clients.dynamodb.send(
      new UpdateCommand({
        TableName: output(world.outputs, 'RemindersTable'),
        Key: { userId: 'ada', reminderId: 'every-day' },
        UpdateExpression: 'SET dueAt = :missed',
        ExpressionAttributeValues: { ':missed': missed },
      }),
    );
    await settled();
    const { notifications } = await takeSnapshot(world.clients, world.outputs);
    const told = notifications.filter(({ reminderId }) => reminderId === 'every-day').map(({ dueAt }) => dueAt);
    expect(told.toSorted()).toEqual(
      [3, 2, 1].map((days) => new Date(Date.parse(today.dueAt ?? '') - days * DAY_MS).toISOString()),
    );
  }, 30_000);

  it('leave no dead letters, and their text is in no log', async () => {
    const { seen } = await lettersOf(world);
    expect(Object.values(seen).flat()).toEqual([]);
    expect(logs.filter((line) => line.includes(TEXT))).toEqual([]);
    expect(logs.some((line) => line.includes('"told":'))).toBe(true);
  });
});
