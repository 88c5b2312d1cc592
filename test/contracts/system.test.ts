import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { outbox } from '../../lib/contracts/channels/outbox.ts';
import { tableChanges } from '../../lib/contracts/channels/table-changes.ts';
import { subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { systemContract } from '../../lib/contracts/system.ts';
import * as orders from '../../lib/systems/orders/contract.ts';
import { SYSTEMS } from '../../lib/systems/systems.ts';
import { events, TicketClosed, TicketOpened, ticketLog, ticketTopic, workQueue } from './sample-declarations.ts';

describe('systemContract', () => {
  const reader = subscription('reader', { to: ticketLog });
  const changes = tableChanges('ticket-changes');
  const box = outbox('box', { publishes: [ticketTopic] });

  it('sorts the exports of a contract module and passes over the rest', () => {
    const { key: _, ...keyless } = TicketOpened;
    const rest = { ENV: { a: 'A' }, list: events, text: 'x', nothing: null, make: () => 1, keyless };
    // By name, whatever the order of the exports: who loads a module decides that.
    expect(
      systemContract('tickets', { workQueue, ticketTopic, ticketLog, ...rest, TicketOpened, changes, reader, box }),
    ).toEqual({
      name: 'tickets',
      events: [TicketOpened, TicketClosed],
      channels: [ticketLog, ticketTopic, workQueue],
      tableChanges: [changes],
      subscriptions: [reader],
      outboxes: [box],
    });
  });
});

it('an event that no channel carries is declared all the same', () => {
  expect(systemContract('tickets', { TicketOpened }).events).toEqual([TicketOpened]);
});

describe('the systems of this house', () => {
  it('are all listed', () => {
    const there = readdirSync(join(import.meta.dirname, '../../lib/systems'), { withFileTypes: true });
    const folders = there.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(SYSTEMS.map(({ name }) => name).sort()).toEqual(folders.sort());
    for (const { name, contract, summary } of SYSTEMS) {
      expect(contract.name).toBe(name);
      expect(summary).toMatch(/^[^\n]{10,80}$/);
    }
  });

  it('orders has all it declares', () => {
    const system = SYSTEMS.find(({ name }) => name === 'orders')?.contract;
    expect(system?.events).toEqual(expect.arrayContaining([orders.OrderPlaced, orders.OrderCancelled]));
    expect(system?.channels).toHaveLength(6);
    expect(system?.subscriptions).toHaveLength(5);
    expect(system?.outboxes).toEqual([orders.ordersOutbox]);
  });
});
