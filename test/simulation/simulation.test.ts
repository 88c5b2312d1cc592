import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INVARIANTS } from './judging/invariants.ts';
import { MUTANTS } from './mutants/mutants.ts';
import { openPool, type Pool } from './pool.ts';
import { RAW } from './scenario/bodies.ts';
import { scenarioOf } from './scenario/scenario.ts';
import type { Failure } from './worker.ts';

/** `npm run simulate` runs many more. */
const RUNS = 2_000;
/** Worlds in which a run of a million found something: each was looked into, and something was mended. */
const FOUND_BY_A_MILLION = [
  212_109, 226_030, 311_499, 357_633, 374_382, 385_002, 387_501, 421_010, 495_363, 599_473, 640_383, 676_579, 752_187,
  802_400, 834_035, 989_060,
];
/** Worlds that are run once for every request they make. */
const CRASHED_WORLDS = 8;
/** Every mutant must be caught within so many worlds. */
const MUTANT_RUNS = 10_000;
const TRACED_WORLDS = 60;
const SLOW_MS = 300_000;

/** A failure in a line: what was broken, and how to see it again. */
const inWords = ({ seed, violations }: Failure): string =>
  `npm run simulate -- --seed ${seed}: ${violations.map(({ invariant, message }) => `${invariant}: ${message}`).join('; ')}`;

let pool: Pool;
beforeAll(() => {
  pool = openPool();
});
afterAll(() => pool.close());

describe('the runtime in simulated worlds', () => {
  it(
    `keeps every invariant in ${RUNS} of them`,
    async () => {
      const { runs, failures } = await pool.explore({ from: 1, runs: RUNS });
      expect(failures.map(inWords)).toEqual([]);
      expect(runs).toBe(RUNS);
    },
    SLOW_MS,
  );

  it('keeps them in those that were found by a million', async () => {
    const found = FOUND_BY_A_MILLION.map((from) => pool.explore({ from, runs: 1 }));
    expect((await Promise.all(found)).flatMap(({ failures }) => failures.map(inWords))).toEqual([]);
  });

  it(
    'keeps them when an instance dies at any of its requests, before or after it is carried out',
    async () => {
      const { runs, failures } = await pool.explore({ from: 1, runs: CRASHED_WORLDS, crashes: true });
      expect(failures.map(inWords)).toEqual([]);
      expect(runs).toBeGreaterThan(CRASHED_WORLDS * 50);
    },
    SLOW_MS,
  );

  it(
    'stops when it is told to, having run the seeds up to some seed, each once',
    async () => {
      const stop = new AbortController();
      const stopped = await pool.explore({ from: 7, runs: 5_000, signal: stop.signal, onProgress: () => stop.abort() });
      expect(stopped.runs).toBeGreaterThan(0);
      expect(stopped.runs).toBeLessThan(5_000);
      expect(stopped).toEqual(await pool.explore({ from: 7, runs: stopped.runs }));
    },
    SLOW_MS,
  );

  it(
    'does the same again with the same seed, on any thread',
    async () => {
      const alone = openPool(1);
      try {
        const once = await alone.explore({ from: 500, runs: 150 });
        const again = await pool.explore({ from: 500, runs: 150 });
        expect(once).toEqual(again);
        expect((await pool.explore({ from: 501, runs: 150 })).fingerprint).not.toBe(once.fingerprint);
        // Every line, bytes and ids included: what is drawn elsewhere than from the seed shows there first.
        for (let seed = 1; seed <= TRACED_WORLDS; seed++)
          expect(await alone.trace(seed)).toEqual(await pool.trace(seed));
      } finally {
        await alone.close();
      }
    },
    SLOW_MS,
  );

  it('meets every kind of consumer, event and fault', () => {
    const scenarios = Array.from({ length: 3_000 }, (_, seed) => scenarioOf(seed));
    const seen = (values: readonly string[]) => [...new Set(values)].sort();
    const plans = scenarios.flatMap(({ consumers }) => consumers);
    expect(seen(plans.map(({ mode }) => mode))).toEqual([
      'aggregate',
      'at-most-once',
      'effect',
      'lease',
      'natural',
      'none',
    ]);
    expect(seen(plans.map(({ source }) => source))).toEqual(['fifo', 'log', 'queue']);
    const forms = ['claim-lost', 'good', 'invalid', 'mismatch', 'unknown', ...Object.keys(RAW)];
    expect(seen(scenarios.flatMap(({ events }) => events.map(({ form }) => form)))).toEqual(forms.sort());
    expect(seen(scenarios.flatMap(({ faults }) => faults.map(({ kind }) => kind)))).toEqual([
      'call',
      'duplicate',
      'invoke',
      'reshard',
      'stream-outage',
      'throttling',
    ]);
    const events = scenarios.flatMap((scenario) => scenario.events);
    for (const meets of [
      events.some(({ hangs, wakes }) => hangs > 0 && wakes),
      events.some(({ hangs, wakes }) => hangs > 0 && !wakes),
      events.some(({ crashes }) => crashes > 0),
      events.some(({ age }) => age > 0),
      scenarios.some(({ redrive }) => (redrive?.times ?? 0) > 1),
      scenarios.some(({ stuckRows }) => stuckRows > 0),
    ]) {
      expect(meets).toBe(true);
    }
    expect(seen(events.map(({ believes }) => believes))).toEqual(['ahead', 'behind', 'nothing', 'right']);
  });
});

describe('a broken runtime', () => {
  it('is there for every invariant', () => {
    const covered = new Set(Object.values(MUTANTS).map(({ caughtBy }) => caughtBy));
    expect([...covered].sort()).toEqual(Object.keys(INVARIANTS).sort());
  });

  it.each(Object.entries(MUTANTS))(
    '%s is caught',
    async (mutant, { caughtBy }) => {
      const { failures } = await pool.explore({ from: 1, runs: MUTANT_RUNS, mutant });
      expect(failures[0]?.violations[0]?.invariant, `not caught in ${MUTANT_RUNS} runs`).toBe(caughtBy);
    },
    SLOW_MS,
  );

  it(
    'shrinks to a scenario that still shows it, with its trace',
    async () => {
      const mutant = 'settle-acknowledges-retries';
      const { failures } = await pool.explore({ from: 1, runs: MUTANT_RUNS, mutant });
      const full = failures[0]?.scenario ?? scenarioOf(0);
      const { scenario, violations, trace } = await pool.shrink({ scenario: full }, mutant);
      expect(scenario.events.length).toBeLessThanOrEqual(full.events.length);
      expect(scenario.events.length + scenario.faults.length).toBeLessThanOrEqual(3);
      expect(violations.map(({ invariant }) => invariant)).toContain('nothingLost');
      expect(trace.some((line) => line.includes('takes'))).toBe(true);
    },
    SLOW_MS,
  );
});
