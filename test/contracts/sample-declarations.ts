import * as v from 'valibot';
import { log } from '../../lib/contracts/channels/log.ts';
import { fifoQueue, queue } from '../../lib/contracts/channels/queue.ts';
import { fifoTopic } from '../../lib/contracts/channels/topic.ts';
import { type Envelope, envelope } from '../../lib/contracts/events/envelope.ts';
import { event } from '../../lib/contracts/events/event.ts';

/** A small system of tickets, for tests of the contracts and the runtime. */
export const TicketOpened = event('tickets.ticket-opened', {
  version: 1,
  data: v.object({ ticket: v.pipe(v.string(), v.minLength(1)), text: v.optional(v.string(), '') }),
  key: ({ ticket }) => ticket,
});

export const TicketClosed = event('tickets.ticket-closed', {
  version: 2,
  data: v.object({ ticket: v.pipe(v.string(), v.minLength(1)), text: v.optional(v.string(), '') }),
  key: ({ ticket }) => ticket,
});

export const events = [TicketOpened, TicketClosed] as const;
export const ticketTopic = fifoTopic('ticket-topic', { events });
export const ticketLog = log('ticket-log', { events });
export const workQueue = queue('work', { events });
export const orderedQueue = fifoQueue('ordered-work', { events });

const EPOCH = new Date('2026-11-20T08:00:00Z');

/** An event of a ticket. */
export function opened(ticket: string, id = `event-${ticket}`, text = ''): Envelope<{ ticket: string; text: string }> {
  return envelope(TicketOpened, { ticket, text }, { id, source: '/test', time: EPOCH });
}
