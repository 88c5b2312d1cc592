import { envelope } from '../../../contracts/events/envelope.ts';
import type { Sent, World } from '../../../operations/systems/system.ts';
import { publisher } from '../../../runtime/publishing/publish.ts';
import { laneOf, type NotificationData, NotificationRequested, SENDERS } from '../contract.ts';
import { decide, eventIdOf, type NotificationRequest, type Reply } from '../request.ts';

/** What goes wrong in real life, done on purpose. */

/** The events of every n-th accepted notification are published twice. */
const AGAIN_EVERY = 10;

/** Publishes them again, as `notify` does that ended before it noted what it had sent. FIFO deduplication is passed by. @returns how many */
export async function publishAgain(
  { deployed }: Pick<World, 'deployed'>,
  sent: readonly Sent<NotificationRequest, Reply>[],
): Promise<number> {
  const accepted = sent.filter(({ reply }) => reply.status === 'accepted' && !reply.duplicate);
  // By id: which are published again must not depend on which was the fastest.
  const again = accepted
    .map(({ request }) => decide(request).data)
    .toSorted((a, b) => a.notificationId.localeCompare(b.notificationId, 'en'))
    .filter((_, i) => i % AGAIN_EVERY === 0);
  for (const [subscription, notifications] of Map.groupBy(again, senderOf)) {
    const address = deployed.queues.find(({ name }) => name === subscription.to.name)?.url ?? '';
    const publish = publisher(subscription.to, { address, deduplicationId: ({ id }) => `${id}#again` });
    await publish(
      notifications.map((data) =>
        envelope(NotificationRequested, data, {
          id: eventIdOf(data),
          source: '/notifications/notify',
          time: new Date(),
        }),
      ),
    );
  }
  return again.length;
}

const senderOf = ({ channel, priority }: NotificationData) => SENDERS[channel][laneOf(priority)];
