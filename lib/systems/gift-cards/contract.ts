import * as v from 'valibot';
import { queue } from '../../contracts/channels/queue.ts';
import { minutes, seconds } from '../../contracts/declaring/duration.ts';
import { exponential } from '../../contracts/declaring/retry.ts';
import { event } from '../../contracts/events/event.ts';
import { subscription } from '../../contracts/subscriptions/subscription.ts';

/** The gift-cards system as it is declared: the stack deploys this file, the functions run it. */
export const GiftCardsReceived = event('gift-cards.received', {
  version: 1,
  data: v.object({
    id: v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{1,40}$/, 'must be 1 to 40 letters, digits or hyphens')),
    text: v.pipe(v.string(), v.maxLength(1_000)),
  }),
  key: ({ id }) => id,
});

const traffic = { peakPerSecond: 20, usualPerSecond: 2, averageBytes: 500 };

export const giftCards = queue('gift-cards', { events: [GiftCardsReceived], traffic });

/** The effect commits in one transaction with the inbox: what comes twice is done once. */
export const handleGiftCards = subscription('handle-gift-cards', {
  to: giftCards,
  guarantee: 'effectively-once',
  inbox: 'effect',
  retry: exponential({ attempts: 3, base: seconds(1), cap: minutes(1) }),
  timeout: seconds(30),
  concurrency: 10,
});

/** Names of the environment variables of this system's functions, beside those of the runtime. */
export const GIFT_CARDS_ENV = { handledTable: 'HANDLED_TABLE' } as const;
