import { afterEach, describe, expect, it, vi } from 'vitest';
import { isThrottled, patient, sendAll } from '../../../lib/operations/systems/sending.ts';
import type { Sender, Sent } from '../../../lib/operations/systems/system.ts';

afterEach(() => void vi.useRealTimers());
/** Waits are over at once, and the clock says so. */
vi.mock('node:timers/promises', () => ({
  setTimeout: async (ms: number) => void (vi.isFakeTimers() && vi.advanceTimersByTime(ms)),
}));

/** A document, or something about an earlier one. */
interface Request {
  readonly id: string;
  readonly about?: string;
}
const keyOf = ({ id, about }: Request) => about ?? id;
const sender = (send: Sender<Request, string>['send']): Sender<Request, string> => ({ send, close: () => undefined });

describe('a patient sender', () => {
  /** One that fails so many times. @returns what came of a request, and how many tries it had */
  async function sentAfter(failures: number): Promise<readonly [string, number]> {
    let tries = 0;
    const outcome = await patient(
      sender(async ({ id }) => {
        if (++tries <= failures) throw new Error('not there');
        return id;
      }),
    )
      .send({ id: 'taken' })
      .catch((error: Error) => error.message);
    return [outcome, tries];
  }

  it.each([
    [0, 'taken', 1],
    [9, 'taken', 10],
    [10, 'not there', 10],
  ])('after %i failures', async (failures, outcome, tries) => {
    expect(await sentAfter(failures)).toEqual([outcome, tries]);
  });

  it('waits twice as long each time, and no longer than a few seconds', async () => {
    vi.useFakeTimers();
    const at: number[] = [];
    const sent = patient(
      sender(() => {
        at.push(Date.now());
        return Promise.reject(new Error('no'));
      }),
    ).send({ id: 'A' });
    expect(await sent.catch((error: Error) => error.message)).toBe('no');
    expect(at.slice(1).map((time, i) => time - (at[i] ?? 0))).toEqual([500, 1_000, 2_000, ...Array(6).fill(4_000)]);
  });

  it('gives up at once what is not worth another try, and tells of each that is', async () => {
    const throttled = Object.assign(new Error('slower'), { $metadata: { httpStatusCode: 429 } });
    const failures = [throttled, throttled, Object.assign(new Error('no'), { $metadata: { httpStatusCode: 500 } })];
    let again = 0;
    const one = patient(
      sender(() => Promise.reject(failures.shift())),
      isThrottled,
      () => {
        again += 1;
      },
    );
    await expect(one.send({ id: 'A' })).rejects.toThrow('no');
    expect([again, failures]).toEqual([2, []]);
  });

  it('is closed as the one that it is made of', () => {
    const close = vi.fn();
    patient({ send: async () => 'x', close }).close();
    expect(close).toHaveBeenCalledOnce();
  });
});

describe('sending all', () => {
  it('hands on each request with its own reply, one after the other under a key', async () => {
    const began: string[] = [];
    const taking = sender(async ({ id }) => {
      began.push(id);
      return `reply to ${id}`;
    });
    const sent: Sent<Request, string>[] = [];
    const requests = [{ id: 'A' }, { id: 'B' }, { id: 'C', about: 'A' }];
    await sendAll({ keyOf }, taking, requests, { parallel: 8 }, (one) => sent.push(one));
    expect(began).toEqual(['A', 'B', 'C']);
    expect(sent.map(({ request, reply }) => [request.id, reply]).sort()).toEqual([
      ['A', 'reply to A'],
      ['B', 'reply to B'],
      ['C', 'reply to C'],
    ]);
  });
});

describe('sending all to a sender that answers when it likes', () => {
  const [A, B] = [{ id: 'A' }, { id: 'B' }];
  const [C, D] = [
    { id: 'C', about: 'A' },
    { id: 'D', about: 'A' },
  ];

  /** @returns the requests that are under way each time that everything stands still; it answers them one after another, from the last */
  async function rounds(requests: readonly Request[], parallel: number): Promise<string[]> {
    const waiting: { readonly id: string; readonly answer: () => void }[] = [];
    const slow = sender(
      ({ id }) => new Promise((resolve) => void waiting.push({ id, answer: () => resolve(`reply to ${id}`) })),
    );
    const seen: string[] = [];
    let over = false;
    const all = sendAll({ keyOf }, slow, requests, { parallel }, () => undefined).finally(() => {
      over = true;
    });
    while (!over) {
      await new Promise(setImmediate);
      if (waiting.length === 0) continue;
      seen.push(waiting.map(({ id }) => id).join(' '));
      waiting.pop()?.answer();
    }
    await all;
    return seen;
  }

  it.each<[string, readonly Request[], number, string[]]>([
    ['what is about another waits for its answer', [A, C], 8, ['A', 'C']],
    ['others do not wait', [A, B], 8, ['A B', 'A']],
    ['nor do they for what waits', [A, C, B], 8, ['A B', 'A', 'C']],
    ['those about the same wait for one another', [A, C, D], 8, ['A', 'C', 'D']],
    ['the same again waits for the first', [A, A, B], 8, ['A B', 'A', 'A']],
    ['no more are under way than are allowed', [A, B, C], 1, ['A', 'B', 'C']],
  ])('%s', async (_, requests, parallel, seen) => {
    expect(await rounds(requests, parallel)).toEqual(seen);
  });
});
