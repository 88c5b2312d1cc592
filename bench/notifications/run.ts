import { setTimeout as sleep } from 'node:timers/promises';
import { messagesIn } from '../../lib/operations/dead-letters/dead-letter-queue.ts';
import { deadEventIds, lettersOf } from '../../lib/operations/systems/letters.ts';
import type { World } from '../../lib/operations/systems/system.ts';
import { CHANNELS, type NotificationChannel, type ProviderLimit } from '../../lib/systems/notifications/contract.ts';
import { eventIdOf } from '../../lib/systems/notifications/request.ts';
import { causeOutage } from '../../lib/systems/notifications/tools/outage.ts';
import { type NotificationFigures, reconcile } from '../../lib/systems/notifications/tools/reconcile.ts';
import { takeSnapshot } from '../../lib/systems/notifications/tools/snapshot.ts';
import { type Machine, machine, ownVersion } from '../machine.ts';
import { quantile } from '../statistics.ts';
import { type Load, loadOn, type Sent } from './load.ts';
import { startNotifications } from './system.ts';

/** How much, and what the providers take. */
export interface NotificationsPlan {
  readonly newsletters: number;
  readonly pushes: number;
  /** Urgent ones a second, to all providers together, until the backlog is gone. */
  readonly urgentPerSecond: number;
  readonly providers: Readonly<Record<NotificationChannel, ProviderLimit>>;
  /** Until the provider of e-mails is down, and for how long. */
  readonly secondsBefore: number;
  readonly secondsDown: number;
  /** Divides the minutes of the breaker controller; 1 is as deployed. */
  readonly timeScale: number;
}

/** A third of the e-mails' rate for the pushes, as there are a third of them: both campaigns take as long. */
const PUSH_PART = 3;

const providersOf = (perSecond: number): NotificationsPlan['providers'] => ({
  push: { perSecond: Math.ceil(perSecond / PUSH_PART), urgentShare: 0.2 },
  email: { perSecond, urgentShare: 0.2 },
  sms: { perSecond: 50, urgentShare: 0.8 },
});

/**
 * An outage of two minutes in the middle of so many messages, of which a quarter are pushes.
 * @param perSecond what the provider of e-mails takes: less than the machine does, or the machine is measured
 */
export const notificationsPlanOf = (messages: number, perSecond: number): NotificationsPlan => ({
  newsletters: Math.ceil((messages * PUSH_PART) / (PUSH_PART + 1)),
  pushes: Math.floor(messages / (PUSH_PART + 1)),
  ...{ urgentPerSecond: 3, providers: providersOf(perSecond) },
  ...{ secondsBefore: 60, secondsDown: 120, timeScale: 1 },
});

export const QUICK_NOTIFICATIONS: NotificationsPlan = {
  ...notificationsPlanOf(800, 60),
  ...{ secondsBefore: 5, secondsDown: 10, timeScale: 10 },
};

/** From the moment that an urgent one was sent to that in which its provider sent it, seconds. */
export interface Latency {
  readonly count: number;
  readonly median: number;
  readonly p99: number;
  readonly highest: number;
}

export interface NotificationsResult {
  readonly bench: 'notifications';
  readonly date: string;
  readonly version: string;
  readonly machine: Machine;
  readonly plan: NotificationsPlan;
  readonly sent: number;
  readonly figures: NotificationFigures;
  readonly lost: number;
  readonly twiceUnexplained: number;
  /** By channel, of those that were sent while there was a backlog; `email` outside of the outage. */
  readonly urgent: Readonly<Record<string, Latency>>;
  /** From the beginning of the burst to the last one sent, seconds. */
  readonly drainedAfter: Readonly<Record<string, number>>;
  readonly problems: readonly string[];
}

const MILLIS_PER_SECOND = 1_000;
const POLL_MILLIS = 1_000;
const REST_TIMEOUT_MILLIS = 2_400_000;
/** After the provider's return, until the breakers of the e-mails have noticed and what waited is sent. */
const RECOVERY_SECONDS = 90;

/** Two campaigns at once, what is urgent beside them, and an outage in the middle. @param progress told what happens now */
export async function benchNotifications(
  plan: NotificationsPlan,
  progress: (text: string) => void,
): Promise<NotificationsResult> {
  progress('bundling, starting the engine');
  const version = ownVersion();
  const { providers, timeScale } = plan;
  const system = await startNotifications({ providers, timeScale, keepsLogs: false });
  try {
    const { world } = system;
    const load = loadOn(world);
    const began = Date.now();
    const drained = new AbortController();
    const [, , outage] = await Promise.all([
      campaigns(load, plan, progress),
      load.urgently(plan.urgentPerSecond, drained.signal),
      downFor(world, plan, progress),
      emptied(world, () => load.sent.length, progress).finally(() => drained.abort()),
    ]);
    await atRest(world);
    progress('reading the book');
    return {
      bench: 'notifications',
      date: new Date().toISOString(),
      version,
      machine: machine(),
      plan,
      ...(await judge(world, load.sent, { began, outage, plan })),
    };
  } finally {
    await system.close();
  }
}

async function campaigns(
  load: Load,
  { newsletters, pushes }: NotificationsPlan,
  progress: (text: string) => void,
): Promise<void> {
  await Promise.all([load.burst(newsletters, 'email', 'bulk'), load.burst(pushes, 'push', 'bulk')]);
  progress(`${newsletters} newsletters and ${pushes} pushes are in their queues`);
}

/** From when to when, epoch ms. */
interface Outage {
  readonly from: number;
  readonly until: number;
}

async function downFor(
  world: World,
  { secondsBefore, secondsDown }: NotificationsPlan,
  progress: (text: string) => void,
): Promise<Outage> {
  await sleep(secondsBefore * MILLIS_PER_SECOND);
  const from = Date.now();
  const until = await causeOutage(world, 'email', secondsDown);
  progress(`the provider of e-mails is down for ${secondsDown} s`);
  return { from, until };
}

const waitingIn = async ({ clients, deployed }: World): Promise<Record<string, number>> =>
  Object.fromEntries(
    await Promise.all(
      deployed.queues.map(async ({ name, url }) => [name, await messagesIn(clients.sqs, url)] as const),
    ),
  );

/** Waits until both campaigns are sent. */
async function emptied(world: World, sent: () => number, progress: (text: string) => void): Promise<void> {
  const deadline = performance.now() + REST_TIMEOUT_MILLIS;
  for (let look = 1; performance.now() < deadline; look++) {
    await sleep(POLL_MILLIS);
    const waiting = await waitingIn(world);
    const left = (waiting['email-bulk'] ?? 0) + (waiting['push-bulk'] ?? 0);
    if (look % 15 === 0) progress(`${sent()} in, waiting: ${JSON.stringify(waiting)}`);
    if (left === 0 && look > 10) return;
  }
}

/** Waits until all queues are empty. */
async function atRest(world: World): Promise<void> {
  const deadline = performance.now() + REST_TIMEOUT_MILLIS;
  for (;;) {
    const waiting = await waitingIn(world);
    if (Object.values(waiting).every((count) => count === 0)) return;
    if (performance.now() > deadline) throw new Error(`no rest: ${JSON.stringify(waiting)}`);
    await sleep(POLL_MILLIS);
  }
}

async function judge(
  world: World,
  sent: readonly Sent[],
  { began, outage, plan }: { readonly began: number; readonly outage: Outage; readonly plan: NotificationsPlan },
) {
  const [snapshot, letters] = await Promise.all([takeSnapshot(world.clients, world.outputs), lettersOf(world)]);
  const dead = deadEventIds(letters);
  const found = reconcile(
    {
      sent: sent.map(({ data }) => ({
        request: data,
        reply: { status: 'accepted', notificationId: data.notificationId, duplicate: false },
      })),
      limits: {
        push: plan.providers.push.perSecond,
        email: plan.providers.email.perSecond,
        sms: plan.providers.sms.perSecond,
      },
      isDead: (consumer, id) => dead.get(consumer)?.has(id) ?? false,
      unseen: letters.unseen,
    },
    snapshot,
  );
  const sentOf = new Map(snapshot.book.map(({ key, sent: times }) => [key, times?.[0]]));
  const timeOf = ({ data }: Sent) => sentOf.get(`${data.channel}/${eventIdOf(data)}`);
  const lasts = (channel: NotificationChannel) =>
    sent.filter(({ data }) => data.channel === channel && data.priority === 'bulk').map((one) => timeOf(one) ?? 0);
  const drainedAt = { push: highest(lasts('push')), email: highest(lasts('email')) };
  /** It was there while the provider was down, or while nobody had noticed yet that it is back. */
  const inOutage = (one: Sent) =>
    one.data.channel === 'email' &&
    (timeOf(one) ?? Number.POSITIVE_INFINITY) >= outage.from &&
    one.sentAt <= outage.until + RECOVERY_SECONDS * MILLIS_PER_SECOND;
  const urgent = CHANNELS.map((channel) => {
    const of = sent.filter(
      (one) =>
        one.data.channel === channel &&
        one.data.priority === 'urgent' &&
        one.sentAt < (channel === 'sms' ? drainedAt.push : drainedAt[channel]) &&
        !inOutage(one),
    );
    return [channel, latencyOf(of.flatMap((one) => (timeOf(one) ?? one.sentAt) - one.sentAt))] as const;
  });
  return {
    sent: sent.length,
    figures: found.figures,
    lost: found.lost,
    twiceUnexplained: found.duplicatedEffects,
    urgent: Object.fromEntries(urgent),
    drainedAfter: {
      push: (drainedAt.push - began) / MILLIS_PER_SECOND,
      email: (drainedAt.email - began) / MILLIS_PER_SECOND,
    },
    problems: found.problems,
  };
}

const highest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0);

function latencyOf(millis: readonly number[]): Latency {
  const seconds = millis.map((one) => one / MILLIS_PER_SECOND);
  if (seconds.length === 0) return { count: 0, median: 0, p99: 0, highest: 0 };
  return {
    count: seconds.length,
    median: quantile(seconds, 0.5),
    p99: quantile(seconds, 0.99),
    highest: highest(seconds),
  };
}
