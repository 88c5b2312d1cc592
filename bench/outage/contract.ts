import * as v from 'valibot';
import { fifoQueue, queue } from '../../lib/contracts/channels/queue.ts';
import { seconds } from '../../lib/contracts/declaring/duration.ts';
import { event } from '../../lib/contracts/events/event.ts';
import { breaker, subscription } from '../../lib/contracts/subscriptions/subscription.ts';

/** Work that asks a provider: the same three times, and nothing but the declarations differs. */
export const Asked = event('outage.asked', {
  version: 1,
  data: v.object({ key: v.string(), number: v.number() }),
  key: ({ key }) => key,
});

const common = { guarantee: 'effectively-once', timeout: seconds(10) } as const;

export const standard = subscription('standard', {
  ...common,
  to: queue('standard-work', { events: [Asked] }),
  breaker: breaker(),
});

export const fifo = subscription('fifo', {
  ...common,
  to: fifoQueue('fifo-work', { events: [Asked] }),
  breaker: breaker(),
});

/** What an outage does to a consumer without a breaker. */
export const withoutBreaker = subscription('without-breaker', {
  ...common,
  to: queue('plain-work', { events: [Asked] }),
});

export const LANES = [standard, fifo, withoutBreaker] as const;

export const OUTAGE_ENV = { workTable: 'WORK_TABLE', provider: 'PROVIDER_URL' } as const;
