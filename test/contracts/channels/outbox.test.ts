import { describe, expect, it } from 'vitest';
import { channelEnv } from '../../../lib/contracts/agreed/environment.ts';
import { destinationsOf, outbox } from '../../../lib/contracts/channels/outbox.ts';
import { queue } from '../../../lib/contracts/channels/queue.ts';
import { days } from '../../../lib/contracts/declaring/duration.ts';
import { TicketClosed, TicketOpened, ticketLog } from '../sample-declarations.ts';

const onlyClosed = queue('closed', { events: [TicketClosed] });

describe('outbox', () => {
  const box = outbox('ticket-outbox', { publishes: [ticketLog, onlyClosed] });

  it.each([
    ['an event that two channels carry', TicketClosed.type, ['ticket-log', 'closed']],
    ['an event of one channel', TicketOpened.type, ['ticket-log']],
    ['an event of none', 'tickets.stranger', []],
  ])('sends %s where it is listed', (_, type, names) => {
    expect(destinationsOf(box, type).map(({ name }) => name)).toEqual(names);
  });

  it('keeps published rows for a week unless told otherwise', () => {
    expect(box.keep).toEqual(days(7));
    expect(outbox('o', { publishes: [ticketLog], keep: days(1) }).keep).toEqual(days(1));
  });

  it.each([
    ['o', [], "outbox 'o': publishes is empty. List the topics, logs or queues its events go to."],
    ['My Box', [ticketLog], "outbox 'My Box': the name must be kebab-case"],
  ])("refuses '%s' with %o", (name, publishes, message) => {
    expect(() => outbox(name, { publishes })).toThrow(message);
  });
});

describe('channelEnv', () => {
  it('makes a variable name of a channel name', () => {
    expect(channelEnv({ name: 'order-log-2' })).toBe('SLUICE_CHANNEL_ORDER_LOG_2');
  });
});
