import * as v from 'valibot';
import { fifoQueue, queue } from '../../contracts/channels/queue.ts';
import type { AlarmSettings } from '../../contracts/declaring/alarms.ts';
import { hours, minutes, seconds } from '../../contracts/declaring/duration.ts';
import { exponential } from '../../contracts/declaring/retry.ts';
import { type DataOf, event } from '../../contracts/events/event.ts';
import { breaker, subscription } from '../../contracts/subscriptions/subscription.ts';

/**
 * The notifications system as it is declared: a queue for each provider and lane, a worker for each queue, and one more queue for what no provider will ever
 * deliver. The stack deploys this file, the functions run it. What it is planned for: `plan.ts`.
 */

export const CHANNELS = ['push', 'email', 'sms'] as const;
/** By what somebody is notified: each is another provider. */
export type NotificationChannel = (typeof CHANNELS)[number];

export const PRIORITIES = ['urgent', 'normal', 'bulk'] as const;
/** `urgent`: somebody waits for it (a password reset, a code). `normal`: something happened. `bulk`: a campaign. */
export type Priority = (typeof PRIORITIES)[number];

export const LANES = ['urgent', 'bulk'] as const;
/** A standard queue knows no priorities: what may overtake has a queue, a worker and a share of the provider's rate of its own. */
export type Lane = (typeof LANES)[number];

export const laneOf = (priority: Priority): Lane => (priority === 'urgent' ? 'urgent' : 'bulk');

/** Why nobody can ever be notified in this way: nothing that another try would change. */
export const UNDELIVERABLE_REASONS = ['bad-address', 'unsubscribed'] as const;
export type UndeliverableReason = (typeof UNDELIVERABLE_REASONS)[number];

const Id = v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{1,64}$/, 'must be 1 to 64 letters, digits or hyphens'));
const MAX_TEXT = 2_000;

const about = { notificationId: Id, tenant: Id, user: Id, channel: v.picklist(CHANNELS) };

/** Nobody's address is in it: who has which is the provider's to know. */
export const NotificationRequested = event('notifications.requested', {
  version: 1,
  data: v.object({
    ...about,
    priority: v.picklist(PRIORITIES),
    template: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,40}$/, 'must be 1 to 40 small letters, digits or hyphens')),
    /** What the template is filled with. */
    data: v.record(v.string(), v.pipe(v.string(), v.maxLength(MAX_TEXT))),
  }),
  key: ({ user }) => user,
});

export type NotificationData = DataOf<typeof NotificationRequested>;

export const NotificationUndeliverable = event('notifications.undeliverable', {
  version: 1,
  data: v.object({ ...about, reason: v.picklist(UNDELIVERABLE_REASONS) }),
  key: ({ user }) => user,
});

/** What a provider takes, and how its rate is parted. */
export interface ProviderLimit {
  /** Requests a second, whatever they come to. */
  readonly perSecond: number;
  /** Of these, only for what is urgent: a backlog of campaigns cannot eat it. Above 0, below 1. */
  readonly urgentShare: number;
}

/** As the accounts with the providers are meant to be: the shares let ten times the usual of what is urgent through at once (`plan.ts`). */
export const PROVIDER_LIMITS: Readonly<Record<NotificationChannel, ProviderLimit>> = {
  push: { perSecond: 6_000, urgentShare: 0.12 },
  email: { perSecond: 2_000, urgentShare: 0.35 },
  sms: { perSecond: 700, urgentShare: 0.87 },
};

/** A day that is planned for, and how much more comes in an hour of a campaign. */
export const DAILY = 100_000_000;
export const SPIKE = 10;

/** Share of all notifications, by queue. */
export const SHARES: Readonly<Record<NotificationChannel, Readonly<Record<Lane, number>>>> = {
  push: { urgent: 0.05, bulk: 0.55 },
  email: { urgent: 0.05, bulk: 0.3 },
  sms: { urgent: 0.04, bulk: 0.01 },
};

const SECONDS_PER_DAY = 86_400;
const AVERAGE_BYTES = 1_000;

/** Messages a second of a queue, on average. */
export const usualPerSecond = (channel: NotificationChannel, lane: Lane): number =>
  (DAILY * SHARES[channel][lane]) / SECONDS_PER_DAY;

/** A notification is news for a day: in its queue and then in the dead letters together. That is how long sent-records are kept. */
const RETENTION = { retention: hours(10), deadLetterRetention: hours(14) } as const;

/** A campaign may take hours, and a code must not take a minute. */
const ALARMS: Readonly<Record<Lane, AlarmSettings>> = {
  urgent: { 'oldest-message': { threshold: 30 }, 'queue-depth': { threshold: 5_000 } },
  bulk: { 'oldest-message': { threshold: hours(5).seconds }, 'queue-depth': { threshold: 10_000_000 } },
};

const events = [NotificationRequested] as const;

const common = (channel: NotificationChannel, lane: Lane) => {
  const usual = usualPerSecond(channel, lane);
  const traffic = { usualPerSecond: usual, peakPerSecond: usual * SPIKE, averageBytes: AVERAGE_BYTES };
  return { events, ...RETENTION, traffic, alarms: ALARMS[lane] };
};

/**
 * Fair between tenants, and within a tenant between priorities: a tenant with a backlog of campaigns delays neither others nor what is `normal` of its own.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
 */
const lane = (channel: NotificationChannel, name: Lane) =>
  queue(`${channel}-${name}`, {
    ...common(channel, name),
    tenantBy: ({ data }) => `${data.tenant}/${data.priority}`,
  });

export const pushUrgent = lane('push', 'urgent');
export const pushBulk = lane('push', 'bulk');
export const emailUrgent = lane('email', 'urgent');
export const emailBulk = lane('email', 'bulk');
/** In order per user: of two codes the newer comes last, and is the one that holds. */
export const smsUrgent = fifoQueue('sms-urgent', { ...common('sms', 'urgent'), groupBy: ({ data }) => data.user });
export const smsBulk = lane('sms', 'bulk');

/**
 * Sent at least once: the record that it was sent is written before the message is acknowledged, so that a notification is sent again only when the worker dies
 * between the provider's answer and that record, or the answer is lost. What is over the provider's rate is deferred and costs no try.
 */
const SENDING = {
  urgent: { concurrency: 20, maxCoolDown: minutes(1) },
  bulk: { concurrency: 50, maxCoolDown: minutes(5) },
} as const;

const sending = (lane: Lane) =>
  ({
    guarantee: 'effectively-once',
    inbox: 'lease',
    retry: exponential({ attempts: 3, base: seconds(2), cap: minutes(1) }),
    timeout: seconds(20),
    concurrency: SENDING[lane].concurrency,
    breaker: breaker({ failures: 5, maxCoolDown: SENDING[lane].maxCoolDown }),
  }) as const;

export const sendPushUrgent = subscription('send-push-urgent', {
  to: pushUrgent,
  ...sending('urgent'),
  deferrals: 100,
});
export const sendPushBulk = subscription('send-push-bulk', { to: pushBulk, ...sending('bulk'), deferrals: 100 });
export const sendEmailUrgent = subscription('send-email-urgent', {
  to: emailUrgent,
  ...sending('urgent'),
  deferrals: 100,
});
export const sendEmailBulk = subscription('send-email-bulk', { to: emailBulk, ...sending('bulk'), deferrals: 100 });
/** Of a FIFO queue each deferral counts for every place of a batch: fewer, or they would outlast the retention. */
export const sendSmsUrgent = subscription('send-sms-urgent', { to: smsUrgent, ...sending('urgent'), deferrals: 15 });
export const sendSmsBulk = subscription('send-sms-bulk', { to: smsBulk, ...sending('bulk'), deferrals: 100 });

/** Who sends what, by provider and lane. */
export const SENDERS = {
  push: { urgent: sendPushUrgent, bulk: sendPushBulk },
  email: { urgent: sendEmailUrgent, bulk: sendEmailBulk },
  sms: { urgent: sendSmsUrgent, bulk: sendSmsBulk },
} as const;

/** Share of notifications that no provider will ever deliver. */
const UNDELIVERABLE_SHARE = 0.01;
const undeliverable = (DAILY * UNDELIVERABLE_SHARE) / SECONDS_PER_DAY;

/** What is undeliverable for good is an outcome with a consumer of its own: a dead letter is for what somebody can mend, or send again. */
export const triageQueue = queue('undeliverable', {
  events: [NotificationUndeliverable],
  traffic: { usualPerSecond: undeliverable, peakPerSecond: undeliverable * SPIKE, averageBytes: AVERAGE_BYTES },
});

export const triage = subscription('triage', {
  to: triageQueue,
  guarantee: 'effectively-once',
  inbox: 'natural',
  timeout: seconds(20),
  concurrency: 10,
});

/** Names of the environment variables of this system's functions, beside those of the runtime. */
export const NOTIFICATIONS_ENV = {
  requestsTable: 'REQUESTS_TABLE',
  turnsTable: 'TURNS_TABLE',
  providerTable: 'PROVIDER_TABLE',
  undeliverableTable: 'UNDELIVERABLE_TABLE',
  /** JSON: `ProviderLimit`. */
  providerLimit: 'PROVIDER_LIMIT',
  providerSeed: 'PROVIDER_SEED',
} as const;

/** How keys of the simulated providers' table begin that are no entries of their book. */
export const PROVIDER_ITEMS = {
  /** `second!CHANNEL!SECOND`: requests in that second since the epoch. */
  second: 'second!',
  /** `outage!CHANNEL`: until when the provider is down, epoch ms. */
  outage: 'outage!',
} as const;
