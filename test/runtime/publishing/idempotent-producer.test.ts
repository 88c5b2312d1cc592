import { describe, expect, it } from 'vitest';
import { DeclarationError } from '../../../lib/contracts/declaring/declaration-error.ts';
import type { Envelope } from '../../../lib/contracts/events/envelope.ts';
import { lambda } from '../../../lib/runtime/invocation/runtime.ts';
import {
  type IdempotentProducerOptions,
  idempotentProducer,
  ProducerBlocked,
} from '../../../lib/runtime/publishing/idempotent-producer.ts';
import { InvalidKey, MessageTooLarge, type Publish, PublishFailed } from '../../../lib/runtime/publishing/publish.ts';
import { TicketOpened, workQueue } from '../../contracts/sample-declarations.ts';

/** A channel that fails as often as it is told, and what got through. */
function channel() {
  const requests: string[][] = [];
  const failures: unknown[] = [];
  const publish: Publish = async (events) => {
    requests.push(events.map(({ id }) => id));
    const failure = failures.shift();
    if (typeof failure === 'function') throw failure(events);
  };
  const failing = (...ids: string[]) =>
    failures.push(() => new PublishFailed(workQueue, new Map(ids.map((id) => [id, 'down']))));
  return { requests, failures, publish, failing };
}

const make = (publish: Publish, more: Partial<IdempotentProducerOptions> = {}) =>
  idempotentProducer(workQueue, { producerId: 'till-7', startAt: 1, publish, ...more }, { ...lambda, now: () => 0 });
const ticket = (text = '') => ({ ticket: 'T-1', text });

describe('an idempotent producer', () => {
  it('numbers its events: id and sequence', async () => {
    const { publish, requests } = channel();
    const producer = make(publish, { startAt: 41 });
    const sent = await producer.publish(TicketOpened, ticket(), { correlationId: 'c-1' });
    await producer.publish(TicketOpened, ticket());
    expect(sent).toMatchObject({
      id: 'till-7/41',
      sequence: '0000000041',
      source: '/producers/till-7',
      correlationid: 'c-1',
    });
    expect(requests).toEqual([['till-7/41'], ['till-7/42']]);
    expect(producer.next()).toBe(43);
    expect(producer.unsent()).toEqual([]);
  });

  it('sends what could not be sent again under its number, before anything else', async () => {
    const { publish, requests, failing } = channel();
    const producer = make(publish);
    failing('till-7/1');
    await expect(producer.publish(TicketOpened, ticket())).rejects.toThrow(PublishFailed);
    expect(producer.unsent().map(({ id }) => id)).toEqual(['till-7/1']);
    await producer.publish(TicketOpened, ticket());
    expect(requests).toEqual([['till-7/1'], ['till-7/1', 'till-7/2']]);
    expect(producer.unsent()).toEqual([]);
  });

  it('has the same bytes in the retry: the same time, trace and data', async () => {
    const seen: Envelope[] = [];
    let down = true;
    const producer = make(async (events) => {
      seen.push(...events);
      if (down) throw new PublishFailed(workQueue, new Map(events.map(({ id }) => [id, 'down'])));
    });
    await expect(producer.publish(TicketOpened, ticket())).rejects.toThrow(PublishFailed);
    down = false;
    await producer.flush();
    expect(seen[1]).toBe(seen[0]);
  });

  it('gives the same input the same number after a restart', async () => {
    const { publish, requests } = channel();
    const lines = ['a', 'b', 'c'];
    for (const from of [1, 2]) {
      const producer = make(publish, { startAt: from });
      for (const text of lines.slice(from - 1)) await producer.publish(TicketOpened, ticket(text));
    }
    expect(requests.flat()).toEqual(['till-7/1', 'till-7/2', 'till-7/3', 'till-7/2', 'till-7/3']);
  });

  it('keeps the order of overlapping calls; a failure is told to the call whose event it was', async () => {
    const { publish, requests, failing } = channel();
    const producer = make(publish);
    failing('till-7/2');
    failing('till-7/2');
    failing('till-7/2');
    const calls = await Promise.allSettled([1, 2, 3].map(() => producer.publish(TicketOpened, ticket())));
    expect(calls.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await producer.flush();
    for (const request of requests) expect(request.toSorted()).toEqual(request);
    expect(requests.at(-1)).toEqual(['till-7/2']);
  });

  it.each([
    ['too large', (id: string) => new MessageTooLarge({ id, type: 't' }, 2, 'a queue', 1, 'Smaller')],
    ['of a bad key', (id: string) => new InvalidKey({ id, type: 't' }, workQueue, 'tenant', ' ', 'none')],
  ])('drops an event that can never be sent (%s), and sends the others', async (_, error) => {
    const { publish, requests, failures } = channel();
    const producer = make(publish);
    failures.push(() => error('till-7/1'));
    const calls = await Promise.allSettled([
      producer.publish(TicketOpened, ticket()),
      producer.publish(TicketOpened, ticket()),
    ]);
    expect(calls.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(requests.at(-1)).toEqual(['till-7/2']);
    expect(producer.next()).toBe(3);
    expect(producer.unsent()).toEqual([]);
  });

  it('keeps an event whose sending failed in an unknown way', async () => {
    const { publish, failures } = channel();
    const producer = make(publish);
    failures.push(() => new Error('socket hang up'));
    await expect(producer.publish(TicketOpened, ticket())).rejects.toThrow('socket hang up');
    expect(producer.unsent()).toHaveLength(1);
  });

  it('takes nothing new when 1,000 events wait', async () => {
    const down: Publish = async (events) => {
      throw new PublishFailed(workQueue, new Map(events.map(({ id }) => [id, 'down'])));
    };
    const producer = make(down);
    await Promise.allSettled(Array.from({ length: 1_000 }, () => producer.publish(TicketOpened, ticket())));
    const blocked = producer.publish(TicketOpened, ticket());
    await expect(blocked).rejects.toThrow(ProducerBlocked);
    await expect(blocked).rejects.toThrow(
      "producer 'till-7' has 1000 events that could not be sent; nothing new is numbered until flush() has sent them",
    );
    expect(producer.next()).toBe(1_001);
  });

  it.each([
    [
      'no id',
      { producerId: '' },
      "idempotent producer '': producerId must have 1 to 64 letters, digits, '.', '_' or '-' (given ''). Write for example 'till-7'.",
    ],
    ['an id with a slash', { producerId: 'a/b' }, "(given 'a/b')"],
    ['an id of 65 characters', { producerId: 'x'.repeat(65) }, '1 to 64 letters'],
    [
      'number 0',
      { startAt: 0 },
      'startAt must be a whole number from 1 (given 0). Start at 1, or after the last number that was sent.',
    ],
    ['half a number', { startAt: 1.5 }, '(given 1.5)'],
    ['no number', { startAt: Number.NaN }, '(given NaN)'],
  ])('refuses %s', (_, options, message) => {
    const declare = () => make(channel().publish, options);
    expect(declare).toThrow(DeclarationError);
    expect(declare).toThrow(message);
  });
});
