import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timeline } from '../../../lambdas/notifications/sending/timeline.ts';
import { type Reserve, turns } from '../../../lambdas/notifications/sending/turns.ts';
import { Defer } from '../../../lib/runtime/invocation/outcomes.ts';
import type { Lane, ProviderLimit } from '../../../lib/systems/notifications/contract.ts';
import { ratesOf, TOLERANCE_MILLIS } from '../../../lib/systems/notifications/rates.ts';
import { mostInASecond } from '../../../lib/systems/notifications/tools/rate.ts';
import { virtualWorld } from './virtual-time.ts';

const { signal } = new AbortController();
const HORIZON = 2_000;

type World = ReturnType<typeof virtualWorld>;

const reserveIn = (world: World, limit: ProviderLimit, lane: Lane): Reserve =>
  timeline({ table: 'turns', channel: 'email', lane, rate: ratesOf(limit)[lane], horizon: HORIZON }, world);

/** Many instances of both lanes, each with one batch of ten after the other, whose handlers come to it within ten milliseconds. @returns when each lane used its turns */
async function rush(world: World, limit: ProviderLimit, { instances, standsFor, millis }: Rush) {
  const used: Record<Lane, number[]> = { urgent: [], bulk: [] };
  const until = world.now() + millis;
  for (const lane of ['urgent', 'bulk'] as const) {
    for (let i = 0; i < instances; i++) {
      const take = turns([reserveIn(world, limit, lane)], world.clock(standsFor));
      const handle = async () => {
        await world.clock(0).wait(world.random() * 10, signal);
        await take(signal).then(
          () => void used[lane].push(world.now()),
          async (error: unknown) => {
            if (!(error instanceof Defer)) throw error;
            await world.clock(0).wait(error.after.seconds * 1_000, signal);
          },
        );
      };
      void (async () => {
        while (world.now() < until) await Promise.all(Array.from({ length: 10 }, handle));
      })();
    }
  }
  await world.run(until);
  return used;
}

interface Rush {
  readonly instances: number;
  readonly standsFor: number;
  readonly millis: number;
}

describe('turns at a provider', () => {
  it('never exceed its rate in any second, however many instances there are and however long they stand still', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          seed: fc.integer({ min: 1, max: 1_000_000 }),
          perSecond: fc.integer({ min: 10, max: 1_500 }),
          urgentShare: fc.double({ min: 0.1, max: 0.9, noNaN: true }),
          instances: fc.integer({ min: 1, max: 8 }),
          standsFor: fc.constantFrom(0, 20, TOLERANCE_MILLIS, 450, 900),
        }),
        async ({ seed, perSecond, urgentShare, instances, standsFor }) => {
          const used = await rush(
            virtualWorld(seed),
            { perSecond, urgentShare },
            { instances, standsFor, millis: 4_000 },
          );
          expect(mostInASecond([...used.urgent, ...used.bulk])).toBeLessThanOrEqual(perSecond);
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);

  it('use most of it when there is enough to do, and each lane has its share', async () => {
    const limit = { perSecond: 200, urgentShare: 0.25 };
    const used = await rush(virtualWorld(7), limit, { instances: 4, standsFor: 5, millis: 20_000 });
    const perSecond = { urgent: used.urgent.length / 20, bulk: used.bulk.length / 20 };
    expect(perSecond.urgent + perSecond.bulk).toBeGreaterThan(0.75 * limit.perSecond);
    expect(perSecond.urgent / (perSecond.urgent + perSecond.bulk)).toBeCloseTo(limit.urgentShare, 1);
  });

  it('cost one write for many', async () => {
    const world = virtualWorld(3);
    const used = await rush(world, { perSecond: 500, urgentShare: 0.5 }, { instances: 2, standsFor: 0, millis: 5_000 });
    expect(used.urgent.length + used.bulk.length).toBeGreaterThan(2.5 * world.writes());
  });

  it('are to be had at once for what is urgent, behind any backlog', async () => {
    const world = virtualWorld(5);
    const limit = { perSecond: 100, urgentShare: 0.2 };
    const backlog = rush(world, limit, { instances: 6, standsFor: 5, millis: 10_000 });
    // The rush fills the urgent lane too: another provider's is empty.
    const lane = (of: Lane) =>
      timeline({ table: 'turns', channel: 'sms', lane: of, rate: ratesOf(limit)[of], horizon: HORIZON }, world);
    const waits: number[] = [];
    const take = turns([lane('urgent')], world.clock(5));
    const bulk = turns([lane('bulk')], world.clock(5));
    void (async () => {
      for (;;) await Promise.all(Array.from({ length: 40 }, () => bulk(signal).catch(() => undefined)));
    })();
    void (async () => {
      for (;;) {
        const asked = world.now();
        await take(signal);
        waits.push(world.now() - asked);
        await world.clock(0).wait(200, signal);
      }
    })();
    await backlog;
    expect(waits.length).toBeGreaterThan(20);
    expect(Math.max(...waits)).toBeLessThan(300);
  });
});

describe('a turn', () => {
  const clock = { now: () => 1_000, random: () => 0.5, wait: () => Promise.resolve() };
  const at =
    (first: number | undefined): Reserve =>
    async () =>
      first === undefined ? undefined : { first, interval: 1 };

  it('is deferred when there is none soon, which is no failure', async () => {
    const error = await turns([at(undefined)], clock)(signal).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Defer);
    expect((error as Defer).after.seconds).toBe(4);
  });

  it('is taken from the next timeline when the first has none', async () => {
    await expect(turns([at(undefined), at(1_000)], clock)(signal)).resolves.toBeUndefined();
  });

  it('that was missed is not used', async () => {
    const firsts = [1_000 - TOLERANCE_MILLIS - 1, 1_000 - TOLERANCE_MILLIS];
    let asked = 0;
    const reserve: Reserve = async () => ({ first: firsts[asked++] ?? Number.NaN, interval: 1 });
    await turns([reserve], clock)(signal);
    expect(asked).toBe(2);
  });

  it('that is missed again and again is deferred', async () => {
    await expect(turns([at(0)], clock)(signal)).rejects.toBeInstanceOf(Defer);
  });

  it('is none for who has been abandoned meanwhile', async () => {
    await expect(turns([at(1_000)], clock)(AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
  });

  it('fails with its table', async () => {
    const broken: Reserve = () => Promise.reject(new Error('no table'));
    const take = turns([broken], clock);
    await expect(take(signal)).rejects.toThrow('no table');
    await expect(take(signal)).rejects.toThrow('no table');
  });
});

describe('the rates of a provider', () => {
  it.each([
    [
      { perSecond: 600, urgentShare: 0.87 },
      { urgent: 2, bulk: 1 },
    ],
    [
      { perSecond: 6_000, urgentShare: 0.12 },
      { urgent: 2, bulk: 11 },
    ],
  ])('%o has so many timelines: %o', (limit, expected) => {
    const { urgent, bulk } = ratesOf(limit);
    expect({ urgent: urgent.timelines, bulk: bulk.timelines }).toEqual(expected);
  });

  it.each([
    [{ perSecond: 100, urgentShare: 0 }, 'urgentShare must be above 0 and below 1 (given 0)'],
    [{ perSecond: 100, urgentShare: 1 }, 'urgentShare must be above 0 and below 1 (given 1)'],
    [{ perSecond: 4, urgentShare: 0.5 }, 'perSecond must be 5 or more (given 4)'],
  ])('%o cannot be parted', (limit, message) => {
    expect(() => ratesOf(limit)).toThrow(message);
  });
});
