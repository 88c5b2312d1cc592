import type { Violation } from './judging/invariants.ts';
import type { Mutation } from './mutants/mutation.ts';
import type { EventPlan } from './scenario/events.ts';
import type { Scenario } from './scenario/scenario.ts';
import { simulate } from './simulate.ts';

/** Runs spent on making one scenario smaller. */
const MAX_RUNS = 600;

export interface Shrunk {
  readonly scenario: Scenario;
  readonly violations: readonly Violation[];
  readonly trace: readonly string[];
  readonly runs: number;
}

/**
 * Makes a failing scenario smaller while it still breaks one of the same invariants: fewer faults, fewer events, then simpler ones.
 * @returns the smallest that was found, with its trace
 */
export async function shrink(scenario: Scenario, broken: ReadonlySet<string>, mutation?: Mutation): Promise<Shrunk> {
  let best = scenario;
  let runs = 0;
  const options = mutation === undefined ? {} : { mutation };

  async function stillFails(candidate: Scenario): Promise<boolean> {
    if (candidate.events.length === 0 || runs >= MAX_RUNS) return false;
    runs += 1;
    const { violations } = await simulate(candidate, options);
    if (!violations.some(({ invariant }) => broken.has(invariant))) return false;
    best = candidate;
    return true;
  }

  for (let before = ''; before !== JSON.stringify(best) && runs < MAX_RUNS; ) {
    before = JSON.stringify(best);
    await fewer('faults');
    await fewer('events');
    for (const simpler of SIMPLER) await stillFails(simpler(best));
    for (const { ref } of [...best.events]) {
      for (const simpler of SIMPLER_EVENT) {
        await stillFails({ ...best, events: best.events.map((event) => (event.ref === ref ? simpler(event) : event)) });
      }
    }
  }
  const trace: string[] = [];
  const { violations } = await simulate(best, { ...options, trace: (line) => trace.push(line) });
  return { scenario: best, violations, trace, runs };

  /** Leaves out halves, quarters ... single ones. Faults name calls by number, so without an event they may have to come earlier. */
  async function fewer(field: 'faults' | 'events'): Promise<void> {
    for (let size = Math.ceil(best[field].length / 2); size >= 1; size = Math.floor(size / 2)) {
      for (let from = 0; from < best[field].length; ) {
        const rest = best[field].filter((_, i) => i < from || i >= from + size);
        const without: Scenario = { ...best, [field]: rest };
        const gone = (await stillFails(without)) || (field === 'events' && (await withFaultsEarlier(without)));
        if (!gone) from += size;
      }
    }
  }

  async function withFaultsEarlier(candidate: Scenario): Promise<boolean> {
    for (const by of EARLIER) {
      const faults = candidate.faults.map((fault) =>
        fault.kind === 'call' || fault.kind === 'invoke' ? { ...fault, at: Math.max(0, fault.at - by) } : fault,
      );
      if (faults.length > 0 && (await stillFails({ ...candidate, faults }))) return true;
    }
    return false;
  }
}

/** Calls that an event may have brought. */
const EARLIER = [1, 2, 3, 4, 6, 8] as const;

const SIMPLER: readonly ((scenario: Scenario) => Scenario)[] = [
  (scenario) => ({ ...scenario, skews: [0] }),
  (scenario) => ({ ...scenario, shards: 1 }),
  (scenario) => ({ ...scenario, pageSize: 100 }),
  (scenario) => ({ ...scenario, aggregates: false }),
  (scenario) => ({
    ...scenario,
    claims: false,
    events: scenario.events.map((event) => ({ ...event, padding: 0 })),
  }),
  (scenario) => ({ ...scenario, outage: undefined }),
  (scenario) => ({ ...scenario, consumers: scenario.consumers.map((plan) => ({ ...plan, breaker: false })) }),
  (scenario) => ({ ...scenario, consumers: scenario.consumers.map((plan) => ({ ...plan, park: false })) }),
  (scenario) => ({ ...scenario, consumers: scenario.consumers.map((plan) => ({ ...plan, checkFirst: false })) }),
  (scenario) => ({ ...scenario, consumers: scenario.consumers.map((plan) => ({ ...plan, batchSize: 1 })) }),
];

const SIMPLER_EVENT: readonly ((event: EventPlan) => EventPlan)[] = [
  (event) => ({ ...event, rejects: false }),
  (event) => ({ ...event, fails: 0 }),
  (event) => ({ ...event, fails: Math.min(event.fails, 1) }),
  (event) => ({ ...event, defers: 0 }),
  (event) => ({ ...event, parts: 0 }),
  (event) => ({ ...event, work: 0 }),
  (event) => ({ ...event, form: 'good' }),
];
