import * as v from 'valibot';
import { queue } from '../../../../lib/contracts/channels/queue.ts';
import { topic } from '../../../../lib/contracts/channels/topic.ts';
import { seconds } from '../../../../lib/contracts/declaring/duration.ts';
import { fixed } from '../../../../lib/contracts/declaring/retry.ts';
import { event } from '../../../../lib/contracts/events/event.ts';
import { subscription } from '../../../../lib/contracts/subscriptions/subscription.ts';

/** A system that does wrong whatever the gate looks at. */
export const Thing = event('broken.thing', {
  version: 1,
  data: v.object({ thing: v.string() }),
  key: ({ thing }) => thing,
});

const traffic = { peakPerSecond: 10, usualPerSecond: 1, averageBytes: 500 };
const events = [Thing] as const;
export const things = topic('things', { events, traffic });
export const counted = queue('counted', { events, from: things, traffic });
export const thrown = queue('thrown', { events, from: things, traffic });

const common = { retry: fixed({ attempts: 2, wait: seconds(1) }), timeout: seconds(20) } as const;
/** Counts every message, however often it comes. */
export const countThings = subscription('count-things', { to: counted, guarantee: 'at-least-once', ...common });
/** Fails always; its effects are in no reconciliation. */
export const throwThings = subscription('throw-things', { to: thrown, guarantee: 'at-least-once', ...common });
