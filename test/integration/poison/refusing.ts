import type { Log, Queue } from '../../../lib/contracts/channels/channel.ts';
import type { Subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { consume } from '../../../lib/runtime/consuming/consume.ts';
import { Reject } from '../../../lib/runtime/invocation/outcomes.ts';
import { Parcel } from './contract.ts';

/** A consumer that refuses the parcels that say so. It logs what it got: `handled SUBSCRIPTION EVENT`, `refused SUBSCRIPTION EVENT BYTES`. */
export const refusing = (subscription: Subscription<Queue<typeof Parcel> | Log<typeof Parcel>>) =>
  consume(subscription, {
    [Parcel.type]: async ({ refuse, filling }, { event }) => {
      if (!refuse) {
        console.log(`handled ${subscription.name} ${event.id}`);
        return;
      }
      console.log(`refused ${subscription.name} ${event.id} ${filling.length}`);
      throw new Reject('refused', `not this one: ${'\uFFFF'}`);
    },
  });
