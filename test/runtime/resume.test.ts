import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ENV } from '../../lib/contracts/environment.ts';
import { immediate } from '../../lib/contracts/retry.ts';
import { subscription } from '../../lib/contracts/subscription.ts';
import { consume } from '../../lib/runtime/consume.ts';
import type { Message } from '../../lib/runtime/message.ts';
import { Reject } from '../../lib/runtime/outcomes.ts';
import { type Parking, tableParking } from '../../lib/runtime/parking.ts';
import type { Resumed } from '../../lib/runtime/resume.ts';
import { lambda, type Runtime } from '../../lib/runtime/runtime.ts';
import { opened, orderedQueue } from '../contracts/sample-declarations.ts';
import { lambdaContext } from './lambda-events.ts';
import { createInboxTable, itemsOf, useLocalServices } from './local-services.ts';

useLocalServices();

const TABLE = 'resuming';
let count = 0;
let name: string;
let parking: Parking;
let handled: string[];
let failing: Set<string>;

beforeAll(() => createInboxTable(TABLE));
beforeEach(() => {
  count += 1;
  name = `worker-${count}`;
  parking = tableParking(TABLE, { name }, lambda);
  handled = [];
  failing = new Set();
});

const message = (id: string): Message => ({
  ...{ id, body: JSON.stringify(opened('T-1', id)), unit: 'K', source: 'test', receives: 1, firstReceived: 0 },
  attributes: {},
});

/** Resumes as a function does. @param remaining milliseconds it has left, asked before every message */
function resume(key: string, remaining: () => number = () => 30_000): Promise<Resumed> {
  const variables: Record<string, string> = {
    [ENV.inboxTable]: TABLE,
    [ENV.deadLetterQueue]: 'none',
    [ENV.queue]: 'none',
  };
  const runtime: Runtime = { ...lambda, env: (variable) => variables[variable], write: () => undefined };
  const worker = subscription(name, {
    ...{ to: orderedQueue, failedKey: 'park', guarantee: 'effectively-once' },
    retry: immediate({ attempts: 2 }),
  });
  const handle = async (_: unknown, { event }: { event: { id: string } }) => {
    if (failing.has(event.id)) throw new Reject('broken', `${event.id} is broken`);
    handled.push(event.id);
    return [];
  };
  const handler = consume(worker, { 'tickets.ticket-opened': handle, 'tickets.ticket-closed': handle }, { runtime });
  return handler({ resume: { key } }, lambdaContext(remaining)) as Promise<Resumed>;
}

const left = async () =>
  (await itemsOf(TABLE)).filter(({ pk }) => String(pk).startsWith(`parked!${name}`)).map(({ pk }) => pk);

describe('a parked key that is resumed', () => {
  it('is handled in the order it came, and nothing of it is left', async () => {
    await parking.park('K', message('1'), 'broken');
    for (const id of ['2', '3']) await parking.park('K', message(id));
    expect(await resume('K')).toEqual({ resumed: 3, released: true });
    expect(handled).toEqual(['1', '2', '3']);
    expect(await left()).toEqual([`parked!${name}`]);
    await expect(resume('K')).rejects.toThrow(`nothing is parked under key 'K' of subscription '${name}'`);
  });

  it('stops at the message that still fails, notes why, and goes on from there', async () => {
    await parking.park('K', message('1'), 'poison');
    for (const id of ['2', '3']) await parking.park('K', message(id));
    failing.add('2');
    expect(await resume('K')).toEqual({
      ...{ resumed: 1, released: false },
      failed: { number: 2, reason: 'broken', message: '2 is broken' },
    });
    const row = (await itemsOf(TABLE)).find(({ pk }) => pk === `parked!${name}!2!K`);
    expect(row).toMatchObject({ number: 2, messageId: '2', reason: 'broken', body: expect.any(String) });
    failing.clear();
    expect(await resume('K')).toEqual({ resumed: 2, released: true });
    expect(handled).toEqual(['1', '2', '3']);
  });

  it('goes as far as the time allows', async () => {
    await parking.park('K', message('1'), 'broken');
    await parking.park('K', message('2'));
    expect(await resume('K', () => (handled.length === 0 ? 30_000 : 0))).toEqual({ resumed: 1, released: false });
    expect(await resume('K')).toEqual({ resumed: 1, released: true });
  });

  it('leaves another key alone that looks like a number of it', async () => {
    await parking.park('K', message('1'), 'broken');
    await parking.park('K!1', message('2'), 'broken');
    expect(await resume('K')).toEqual({ resumed: 1, released: true });
    expect(await resume('K!1')).toEqual({ resumed: 1, released: true });
    expect(handled).toEqual(['1', '2']);
  });
});
