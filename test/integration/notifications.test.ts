import { setTimeout as sleep } from 'node:timers/promises';
import { SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { loadOn } from '../../bench/notifications/load.ts';
import { type RunningNotifications, startNotifications } from '../../bench/notifications/system.ts';
import { behaviourOf, refusalOf } from '../../lambdas/notifications/provider/behaviour.ts';
import { output } from '../../lib/operations/deployed/deployment.ts';
import { callerOf } from '../../lib/operations/systems/calling.ts';
import { deadEventIds, lettersOf } from '../../lib/operations/systems/letters.ts';
import { stillToDo } from '../../lib/operations/systems/settled.ts';
import type { Sender } from '../../lib/operations/systems/system.ts';
import type { NotificationData } from '../../lib/systems/notifications/contract.ts';
import { eventIdOf } from '../../lib/systems/notifications/request.ts';
import { notifications } from '../../lib/systems/notifications/system.ts';
import { causeOutage } from '../../lib/systems/notifications/tools/outage.ts';
import { reconcile } from '../../lib/systems/notifications/tools/reconcile.ts';
import { takeSnapshot } from '../../lib/systems/notifications/tools/snapshot.ts';
import { notification } from '../systems/notifications/sample-notifications.ts';

/** The notifications on the engine, with providers that take little. */
let app: RunningNotifications;
let desk: Sender;

const LIMITS = { push: 40, email: 40, sms: 40 };
const limitOf = (perSecond: number) => ({ perSecond, urgentShare: 0.25 });
/** Minutes of the breaker controller pass in seconds. */
const TIME_SCALE = 30;
const POLL_MILLIS = 100;
/** The pause of a breaker, twice, on a crowded machine. */
const PATIENCE_MILLIS = 120_000;

beforeAll(async () => {
  const providers = { push: limitOf(LIMITS.push), email: limitOf(LIMITS.email), sms: limitOf(LIMITS.sms) };
  app = await startNotifications({ providers, timeScale: TIME_SCALE });
  desk = callerOf(output(app.world.outputs, 'NotifyFunction'));
}, 60_000);
afterEach(() => app.engine.services.faults.clear());
afterAll(async () => {
  desk?.close();
  await app?.close();
});

async function eventually<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MILLIS;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited ${PATIENCE_MILLIS / 1_000} s in vain: ${what}`);
    await sleep(POLL_MILLIS);
  }
}

const rest = () =>
  eventually('rest', async () => {
    const left = await stillToDo(notifications.contract, app.world);
    return left.length === 0 && app.engine.busy === 0;
  });
const snapshot = () => takeSnapshot(app.world.clients, app.world.outputs);
const entryOf = async (data: NotificationData) =>
  (await snapshot()).book.find(({ key }) => key === `${data.channel}/${eventIdOf(data)}`);

let count = 0;
/** One that its provider behaves so about. */
function about(behaviour: ReturnType<typeof behaviourOf>, change: Partial<NotificationData> = {}): NotificationData {
  for (;;) {
    count += 1;
    const data = notification({ notificationId: `T${count}`, user: `user-${count}`, ...change });
    const refused = refusalOf('sluice', data.channel, data.user) !== undefined;
    if (!refused && behaviourOf('sluice', eventIdOf(data)) === behaviour) return data;
  }
}

it('a notification is accepted once, told of when it is a duplicate, and refused when it is another', async () => {
  const data = about('deliver', { channel: 'push', priority: 'urgent' });
  const { notificationId } = data;
  expect(await desk.send(data)).toEqual({ status: 'accepted', notificationId, duplicate: false });
  expect(await desk.send(data)).toEqual({ status: 'accepted', notificationId, duplicate: true });
  expect(await desk.send({ ...data, template: 'another' })).toMatchObject({ reason: 'conflicting-notification' });
  expect(await desk.send({ ...data, user: 'a@example.org' })).toMatchObject({ status: 'refused', reason: 'malformed' });
  await rest();
  expect((await entryOf(data))?.sent).toHaveLength(1);
}, 60_000);

it('what is undeliverable is recorded and not tried again; what its provider fails at goes to the dead letters', async () => {
  const users = Array.from({ length: 1_000 }, (_, i) => `gone-${i}`);
  const user = users.find((one) => refusalOf('sluice', 'push', one) !== undefined) ?? '';
  const gone = notification({ notificationId: 'gone', channel: 'push', priority: 'urgent', user });
  const failing = about('error-always', { channel: 'push', priority: 'urgent' });
  for (const data of [gone, failing]) await desk.send(data);
  await rest();
  const { undeliverable } = await snapshot();
  expect(undeliverable).toMatchObject([
    { notificationId: gone.notificationId, reason: refusalOf('sluice', 'push', gone.user) },
  ]);
  expect((await entryOf(gone))?.asked).toHaveLength(1);
  const { seen } = await lettersOf(app.world);
  const letters = Object.values(seen).flat();
  expect(letters.map(({ letter }) => [letter?.consumer, letter?.reason, letter?.eventId, letter?.attempts])).toEqual([
    ['send-push-urgent', 'attempts-exhausted', eventIdOf(failing), 3],
  ]);
}, 60_000);

/** Of a worker of SMS, between the answer of the provider and its record. */
async function killed(): Promise<NotificationData> {
  const data = about('deliver', { channel: 'sms', priority: 'normal' });
  const queue = app.world.deployed.queues.find(({ name }) => name === 'sms-bulk');
  const Attributes = { VisibilityTimeout: '2' };
  await app.world.clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl: queue?.url, Attributes }));
  const functionName = `${app.world.stackName}-send-sms-bulk`;
  app.engine.services.faults.add({
    ...{ service: 'dynamodb', operation: 'PutItem', functionName },
    ...{ when: 'before', action: 'kill' },
  });
  await desk.send(data);
  await eventually('the kill', async () => app.engine.services.faults.list().some(({ fired }) => fired === 1));
  return data;
}

it('campaigns, what is urgent beside them, an outage, a killed worker: nothing is lost, no rate is exceeded, and only the kill repeats something', async () => {
  const load = loadOn(app.world);
  const over = new AbortController();
  const urgent = load.urgently(6, over.signal);
  await Promise.all([load.burst(120, 'email', 'bulk'), load.burst(120, 'push', 'bulk')]);
  await causeOutage(app.world, 'email', PATIENCE_MILLIS);
  const notRecorded = await killed();
  await eventually('an open breaker', async () =>
    app.logs.some((line) => line.includes('"breaker open"') && line.includes('send-email-bulk')),
  );
  await causeOutage(app.world, 'email', 0);
  await eventually('the end of the campaigns', async () => {
    const { book } = await snapshot();
    return book.filter(({ lane, sent }) => lane === 'bulk' && sent !== undefined).length > 200;
  });
  over.abort();
  await urgent;
  await rest();

  const dead = deadEventIds(await lettersOf(app.world));
  const all = await snapshot();
  const found = reconcile(
    {
      sent: load.sent.map(({ data }) => ({
        request: data,
        reply: { status: 'accepted', notificationId: data.notificationId, duplicate: false },
      })),
      limits: LIMITS,
      isDead: (consumer, id) => dead.get(consumer)?.has(id) ?? false,
      unseen: {},
    },
    { ...all, book: all.book.filter(({ key }) => /\/B\d+$/.test(key)) },
  );
  expect(found.problems).toEqual([]);
  expect(found).toMatchObject({ lost: 0, duplicatedEffects: 0, outOfOrder: 0 });
  expect((await entryOf(notRecorded))?.sent).toHaveLength(2);
  // What is urgent has overtaken the campaign of its provider.
  const sentAt = new Map(all.book.map(({ key, sent }) => [key, sent?.[0] ?? 0]));
  const timesOf = (priority: string) =>
    load.sent
      .filter(({ data }) => data.channel === 'push' && data.priority === priority)
      .map(({ data }) => sentAt.get(`push/${eventIdOf(data)}`) ?? 0);
  const last = Math.max(...timesOf('bulk'));
  expect(timesOf('urgent').filter((time) => time > 0 && time < last).length).toBeGreaterThan(3);
}, 240_000);
