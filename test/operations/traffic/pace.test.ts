import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { paced } from '../../../lib/operations/traffic/pace.ts';

const keyOf = (item: string): string => item.slice(0, 1);

/** Tasks that end when told to. */
function gates() {
  const open = new Map<string, () => void>();
  return {
    started: [] as string[],
    run(item: string): Promise<void> {
      this.started.push(item);
      return new Promise((resolve) => open.set(item, resolve));
    },
    end: (item: string) => open.get(item)?.(),
  };
}

describe('paced', () => {
  it('runs as many at once as allowed', async () => {
    const gate = gates();
    const all = paced(['a', 'b', 'c'], keyOf, (item) => gate.run(item), { parallel: 2 });
    await expect.poll(() => gate.started).toEqual(['a', 'b']);
    gate.end('b');
    await expect.poll(() => gate.started).toEqual(['a', 'b', 'c']);
    gate.end('a');
    gate.end('c');
    await all;
  });

  it('runs items of a key one after the other, in order', async () => {
    const gate = gates();
    const all = paced(['a1', 'a2', 'b1'], keyOf, (item) => gate.run(item), { parallel: 3 });
    await expect.poll(() => gate.started).toEqual(['a1', 'b1']);
    gate.end('a1');
    await expect.poll(() => gate.started).toEqual(['a1', 'b1', 'a2']);
    gate.end('a2');
    gate.end('b1');
    await all;
  });

  it('runs everything once, in order per key, whatever the tasks take', async () => {
    const items = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), turns: fc.nat(4) }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(items, fc.integer({ min: 1, max: 5 }), async (given, parallel) => {
        const ended: typeof given = [];
        let running = 0;
        let most = 0;
        await paced(
          given,
          ({ key }) => key,
          async (item) => {
            most = Math.max(most, ++running);
            for (let turn = 0; turn < item.turns; turn++) await new Promise(setImmediate);
            running -= 1;
            ended.push(item);
          },
          { parallel },
        );
        expect(ended).toHaveLength(given.length);
        expect(most).toBeLessThanOrEqual(parallel);
        for (const key of ['a', 'b', 'c']) {
          expect(ended.filter((item) => item.key === key)).toEqual(given.filter((item) => item.key === key));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('keeps the rate', async () => {
    const started = performance.now();
    await paced(['a', 'b', 'c', 'd', 'e', 'f'], keyOf, async () => undefined, { parallel: 10, perSecond: 50 });
    // The sixth starts after 100 ms; timers count whole milliseconds and may be a little early.
    expect(performance.now() - started).toBeGreaterThanOrEqual(90);
  });

  it('stops at a failure, ends what runs, and throws it', async () => {
    const ended: string[] = [];
    const all = paced(
      ['a', 'b', 'c', 'd'],
      keyOf,
      async (item) => {
        if (item === 'a') throw new Error('no answer');
        await new Promise(setImmediate);
        ended.push(item);
      },
      { parallel: 2 },
    );
    await expect(all).rejects.toThrow('no answer');
    expect(ended).toEqual(['b']);
  });

  it('stops when told to, or at a failure, also while it waits for the rate', async () => {
    const stop = new AbortController();
    const done: string[] = [];
    const run = async (item: string) => {
      done.push(item);
      stop.abort();
    };
    await paced(['a', 'b', 'c'], keyOf, run, { parallel: 1, perSecond: 0.001, signal: stop.signal });
    expect(done).toEqual(['a']);
    await expect(
      paced(['a', 'b'], keyOf, async () => Promise.reject(new Error('no answer')), { parallel: 2, perSecond: 20 }),
    ).rejects.toThrow('no answer');
  });

  it('starts each when its turn has come, from the beginning, and leaves no timer behind', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const stop = new AbortController();
    const started: (readonly [string, number])[] = [];
    const began = performance.now();
    const run = async (item: string) => void started.push([item, performance.now() - began]);
    const all = paced(['a', 'b', 'c', 'd', 'e'], keyOf, run, { parallel: 9, perSecond: 4, signal: stop.signal });
    await vi.advanceTimersByTimeAsync(760);
    expect(started).toEqual([
      ['a', 0],
      ['b', 250],
      ['c', 500],
      ['d', 750],
    ]);
    expect(vi.getTimerCount()).toBe(1);
    stop.abort();
    await all;
    expect([started.length, vi.getTimerCount()]).toEqual([4, 0]);
  });
});
