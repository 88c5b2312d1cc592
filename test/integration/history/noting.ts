import type { Log, Queue } from '../../../lib/contracts/channels/channel.ts';
import type { Subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { consume } from '../../../lib/runtime/consuming/consume.ts';
import { Sighting } from './contract.ts';

/** A consumer that logs which events it got: `noted SUBSCRIPTION EVENT`. */
export const noting = (subscription: Subscription<Queue<typeof Sighting> | Log<typeof Sighting>>) =>
  consume(subscription, {
    [Sighting.type]: async (_sighting, { event }) => {
      console.log(`noted ${subscription.name} ${event.id}`);
    },
  });
