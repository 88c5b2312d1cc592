import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import type { Violation } from './judging/invariants.ts';
import { MUTANTS, type Mutant } from './mutants/mutants.ts';
import { type Scenario, scenarioOf } from './scenario/scenario.ts';
import { type Shrunk, shrink } from './shrink.ts';
import { type RunResult, simulate } from './simulate.ts';
import { virtualiseGlobals } from './world/virtual-globals.ts';

/** Work for a thread: a stretch of seeds, or one scenario to be made smaller. */
export type Task =
  | {
      readonly kind: 'run';
      readonly from: number;
      readonly count: number;
      readonly mutant?: string;
      /** Each seed once for every request, with a crash there. @default false */
      readonly crashes?: boolean;
    }
  | { readonly kind: 'shrink'; readonly scenario: Scenario; readonly mutant?: string }
  | { readonly kind: 'trace'; readonly seed: number };

export interface Failure {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly violations: readonly Violation[];
}

export interface Ran {
  readonly kind: 'run';
  readonly runs: number;
  readonly steps: number;
  readonly faults: number;
  /** Of all runs together: the same for the same runtime and seeds. */
  readonly fingerprint: number;
  readonly failures: readonly Failure[];
}

export type Done =
  | Ran
  | ({ readonly kind: 'shrink' } & Shrunk)
  | { readonly kind: 'trace'; readonly lines: readonly string[] };

/** Tasks and answers go by a number: whoever waited may have gone. */
export interface Question {
  readonly number: number;
  readonly task: Task;
}
export interface Answer {
  readonly number: number;
  readonly done: Done;
}

const mutantOf = (name: string | undefined): Mutant | undefined => {
  if (name === undefined) return undefined;
  const mutant = MUTANTS[name];
  if (mutant === undefined)
    throw new RangeError(`there is no mutant '${name}' (known: ${Object.keys(MUTANTS).join(', ')})`);
  return mutant;
};

/** What a scenario breaks; with a mutant: only the invariant that is to catch it, and only where the runtime as it is keeps it. */
async function broken(
  scenario: Scenario,
  mutant: Mutant | undefined,
): Promise<{ result: RunResult; violations: Violation[] }> {
  const result = await simulate(scenario, mutant === undefined ? {} : { mutation: mutant.mutation });
  if (mutant === undefined) return { result, violations: [...result.violations] };
  const caught = result.violations.filter(({ invariant }) => invariant === mutant.caughtBy);
  const unchanged = caught.length === 0 ? [] : (await simulate(scenario)).violations;
  return { result, violations: unchanged.some(({ invariant }) => invariant === mutant.caughtBy) ? [] : caught };
}

/** The scenario as it is, or once for each request with a crash at it, before and after it was carried out. */
async function* variants(scenario: Scenario, crashes: boolean): AsyncGenerator<Scenario> {
  if (!crashes) return yield scenario;
  const calm: Scenario = { ...scenario, faults: [] };
  const { calls } = await simulate(calm);
  for (let at = 0; at < calls; at++) {
    for (const what of ['kill-before', 'kill-after'] as const) yield { ...calm, faults: [{ kind: 'call', at, what }] };
  }
}

/** A mutant's stretch ends with the first run that catches it. */
async function run({ from, count, mutant: name, crashes = false }: Extract<Task, { kind: 'run' }>): Promise<Ran> {
  const mutant = mutantOf(name);
  const failures: Failure[] = [];
  const total = { runs: 0, steps: 0, faults: 0, fingerprint: 0 };
  for (let seed = from; seed < from + count; seed++) {
    for await (const scenario of variants(scenarioOf(seed), crashes)) {
      total.runs += 1;
      if (mutant !== undefined && !mutant.concerns(scenario)) continue;
      const { result, violations } = await broken(scenario, mutant);
      total.steps += result.steps;
      total.faults += result.faults;
      total.fingerprint = (Math.imul(total.fingerprint, 31) + result.fingerprint) >>> 0;
      if (violations.length === 0) continue;
      failures.push({ seed, scenario, violations });
      break;
    }
    if (mutant !== undefined && failures.length > 0) break;
  }
  return { kind: 'run', ...total, failures };
}

async function smaller({ scenario, mutant: name }: Extract<Task, { kind: 'shrink' }>): Promise<Done> {
  const mutant = mutantOf(name);
  const { violations } = await broken(scenario, mutant);
  const names = new Set(violations.map(({ invariant }) => invariant));
  return { kind: 'shrink', ...(await shrink(scenario, names, mutant?.mutation)) };
}

async function traced(seed: number): Promise<Done> {
  const lines: string[] = [];
  const requests = createHash('sha256');
  const heard = (operation: string, input: object) => void requests.update(operation).update(JSON.stringify(input));
  await simulate(scenarioOf(seed), { trace: (line) => lines.push(line), heard });
  return { kind: 'trace', lines: [...lines, `all requests: sha256 ${requests.digest('hex')}`] };
}

const TASKS = { run, shrink: smaller, trace: ({ seed }: Extract<Task, { kind: 'trace' }>) => traced(seed) };

// Simulated code has no timers but virtual ones, and draws no chance but the seed's.
virtualiseGlobals();
const port = parentPort;
/** One after the other: worlds share the thread's timers. */
let last: Promise<void> = Promise.resolve();
port?.on('message', ({ number, task }: Question) => {
  last = last.then(async () => {
    port.postMessage({ number, done: await TASKS[task.kind](task as never) } satisfies Answer);
  });
});
