import { seconds } from '../../../lib/contracts/declaring/duration.ts';
import { envelope } from '../../../lib/contracts/events/envelope.ts';
import type { Handler } from '../../../lib/runtime/consuming/handler.ts';
import { requiredEnv } from '../../../lib/runtime/invocation/environment.ts';
import { Defer, Outage } from '../../../lib/runtime/invocation/outcomes.ts';
import { dynamodb } from '../../../lib/runtime/invocation/runtime.ts';
import type { Publish } from '../../../lib/runtime/publishing/publish.ts';
import { publisher } from '../../../lib/runtime/publishing/publish.ts';
import {
  type Lane,
  NOTIFICATIONS_ENV,
  type NotificationChannel,
  type NotificationData,
  NotificationUndeliverable,
  type ProviderLimit,
  triageQueue,
} from '../../../lib/systems/notifications/contract.ts';
import { ratesOf } from '../../../lib/systems/notifications/rates.ts';
import { type Provider, ProviderBusy, ProviderDown, simulatedProvider } from '../provider/provider.ts';
import { timeline } from './timeline.ts';
import { type TakeTurn, turns } from './turns.ts';

/** What a worker needs to deliver notifications. */
export interface Delivery {
  readonly turn: TakeTurn;
  readonly provider: Provider;
  /** Takes what nobody will ever deliver. */
  readonly tellTriage: Publish;
}

const BUSY_SECONDS = 5;

/**
 * Delivers notifications: waits for its turn, asks the provider, and hands on to the triage what is undeliverable for good. The lease around it keeps the
 * sent-record: what was sent is not sent again.
 * @returns a handler that throws Defer when the rate is used up, Outage when the provider is down; what the provider fails at is a failed try
 */
export function delivering(
  channel: NotificationChannel,
  { turn, provider, tellTriage }: Delivery,
): Handler<NotificationData> {
  return async (notification, { event, idempotencyKey, signal }) => {
    await turn(signal);
    const answer = await provider.send(idempotencyKey, notification).catch((error: unknown) => {
      if (error instanceof ProviderBusy)
        throw new Defer(seconds(1 + Math.floor(Math.random() * BUSY_SECONDS)), error.message);
      if (error instanceof ProviderDown) throw new Outage(`${channel}-provider`, error.message, { cause: error });
      throw error;
    });
    if (answer.status === 'sent') return;
    const { notificationId, tenant, user } = notification;
    const data = { notificationId, tenant, user, channel, reason: answer.reason };
    const { traceparent, correlationid: correlationId, id: causationId } = event;
    const context = { id: `${idempotencyKey}/undeliverable`, source: `/notifications/${channel}`, time: new Date() };
    await tellTriage([
      envelope(NotificationUndeliverable, data, { ...context, traceparent, correlationId, causationId }),
    ]);
  };
}

/** How far ahead turns are taken, ms: as long as a worker may wait for one. */
const HORIZON_MILLIS = 2_000;

/** The delivery of a worker as it is deployed. What is urgent may take turns of the others, when its own are used up. */
export function deliver(channel: NotificationChannel, lane: Lane): Handler<NotificationData> {
  const limit = JSON.parse(
    requiredEnv(NOTIFICATIONS_ENV.providerLimit, 'how many requests a second the provider takes'),
  ) as ProviderLimit;
  const table = requiredEnv(NOTIFICATIONS_ENV.turnsTable, 'which table keeps the turns at the providers');
  const providerTable = requiredEnv(NOTIFICATIONS_ENV.providerTable, "which table is the simulated providers'");
  const seed = requiredEnv(NOTIFICATIONS_ENV.providerSeed, 'how the simulated providers behave');
  const rates = ratesOf(limit);
  const world = { dynamodb, now: Date.now, random: Math.random };
  const timelineOf = (of: Lane) =>
    timeline({ table, channel, lane: of, rate: rates[of], horizon: HORIZON_MILLIS }, world);
  return delivering(channel, {
    turn: turns(lane === 'urgent' ? [timelineOf('urgent'), timelineOf('bulk')] : [timelineOf('bulk')]),
    provider: simulatedProvider(
      { table: providerTable, channel, lane, perSecond: limit.perSecond, seed },
      { dynamodb, now: Date.now },
    ),
    tellTriage: publisher(triageQueue),
  });
}
