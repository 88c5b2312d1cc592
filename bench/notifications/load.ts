import { setTimeout as sleep } from 'node:timers/promises';
import { envelope } from '../../lib/contracts/events/envelope.ts';
import type { World } from '../../lib/operations/systems/system.ts';
import { type Publish, publisher } from '../../lib/runtime/publishing/publish.ts';
import {
  laneOf,
  type NotificationChannel,
  type NotificationData,
  NotificationRequested,
  type Priority,
  SENDERS,
} from '../../lib/systems/notifications/contract.ts';
import { eventIdOf } from '../../lib/systems/notifications/request.ts';

/** A notification as it was sent, past `notify`. */
export interface Sent {
  readonly data: NotificationData;
  /** Epoch ms. */
  readonly sentAt: number;
}

const USERS = 20_000;
const TENANTS = 20;
/** Events that a publisher gets at once: ten requests of ten. */
const CHUNK = 100;
const MILLIS_PER_SECOND = 1_000;

/** Sends straight to the queues. */
export interface Load {
  readonly sent: readonly Sent[];
  /** So many at once, as a campaign comes. */
  burst(count: number, channel: NotificationChannel, priority: Priority): Promise<void>;
  /** What is urgent, to each provider in turn, until the signal. */
  urgently(perSecond: number, signal: AbortSignal): Promise<void>;
}

export function loadOn({ deployed }: Pick<World, 'deployed'>): Load {
  const sent: Sent[] = [];
  const publishers = new Map<string, Publish>();

  const notificationOf = (channel: NotificationChannel, priority: Priority): NotificationData => {
    const n = sent.length;
    const about = { notificationId: `B${n}`, tenant: `tenant-${n % TENANTS}`, user: `user-${(n * 7) % USERS}` };
    const template = priority === 'urgent' ? 'password-reset' : 'newsletter';
    return { ...about, channel, priority, template, data: { number: String(n) } };
  };

  async function send(channel: NotificationChannel, priority: Priority, count: number): Promise<void> {
    const { to } = SENDERS[channel][laneOf(priority)];
    const address = deployed.queues.find(({ name }) => name === to.name)?.url ?? '';
    const publish = publishers.get(to.name) ?? publisher(to, { address });
    publishers.set(to.name, publish);
    const events = Array.from({ length: count }, () => {
      const data = notificationOf(channel, priority);
      const time = new Date();
      sent.push({ data, sentAt: time.getTime() });
      return envelope(NotificationRequested, data, { id: eventIdOf(data), source: '/bench', time });
    });
    await publish(events);
  }

  return {
    sent,
    async burst(count, channel, priority) {
      for (let left = count; left > 0; left -= CHUNK) await send(channel, priority, Math.min(CHUNK, left));
    },
    async urgently(perSecond, signal) {
      const started = performance.now();
      for (let n = 0; !signal.aborted; n++) {
        const due = started + (n * MILLIS_PER_SECOND) / perSecond;
        await sleep(Math.max(0, due - performance.now()));
        await send(URGENT[n % URGENT.length] as NotificationChannel, 'urgent', 1);
      }
    },
  };
}

const URGENT: readonly NotificationChannel[] = ['push', 'email', 'sms'];
