import { parseArgs } from 'node:util';
import { MUTANTS } from './mutants/mutants.ts';
import { type Explored, openPool } from './pool.ts';
import type { Shrunk } from './shrink.ts';

const DEFAULT_RUNS = 1_000;
const EXIT = { ok: 0, violated: 1, usage: 2, interrupted: 130 } as const;
const PROGRESS_EVERY_MS = 200;

const HELP = `Runs the real runtime in simulated worlds and checks its promises.

  npm run simulate -- [--runs N] [--seed S] [--mutant NAME] [--crashes] [--all] [--threads N] [--trace] [--json]

  --runs N        how many worlds; default ${DEFAULT_RUNS}, or 1 with --seed
  --seed S        the first seed; the same seed is the same world. Default 1
  --crashes       every world once for each of its requests, with a crash there
  --mutant NAME   a deliberately broken runtime instead (${Object.keys(MUTANTS).length} known, see docs/simulation.md)
  --all           goes on after the first seed that violates
  --threads N     default: one per processor
  --trace         what happens in the world of --seed, line by line
  --json          the result as one JSON object

Exit code 0: every invariant held; 1: one did not; 2: called wrongly; 130: Ctrl-C, after a report of the runs that were made.
`;

function wholeNumber(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new RangeError(`--${name} must be a whole number from 1 (given '${text}')`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string' },
      seed: { type: 'string' },
      mutant: { type: 'string' },
      threads: { type: 'string' },
      crashes: { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const runs = wholeNumber('runs', values.runs, values.seed === undefined ? DEFAULT_RUNS : 1);
  const from = wholeNumber('seed', values.seed, 1);
  const { mutant } = values;
  if (mutant !== undefined && MUTANTS[mutant] === undefined) {
    throw new RangeError(`there is no mutant '${mutant}' (known: ${Object.keys(MUTANTS).join(', ')})`);
  }
  const pool = openPool(values.threads === undefined ? undefined : wholeNumber('threads', values.threads, 1));
  try {
    if (values.trace) {
      process.stdout.write(`${(await pool.trace(from)).join('\n')}\n`);
      return EXIT.ok;
    }
    const started = Date.now();
    const onProgress = process.stderr.isTTY ? progressOf(runs, started) : undefined;
    const { crashes } = values;
    const named = { crashes, ...(mutant === undefined ? {} : { mutant }) };
    const stopAfter = values.all ? { stopAfter: Number.POSITIVE_INFINITY } : {};
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
    const explored = await pool.explore({
      signal: stop.signal,
      from,
      runs,
      ...named,
      ...stopAfter,
      ...(onProgress === undefined ? {} : { onProgress }),
    });
    if (onProgress !== undefined) process.stderr.write('\r\x1b[K');
    const [first] = explored.failures;
    const shrunk = first === undefined ? undefined : await pool.shrink(first, mutant);
    const seconds = (Date.now() - started) / 1_000;
    const result = { ...explored, from, seconds, ...named };
    process.stdout.write(values.json ? `${JSON.stringify({ ...result, shrunk })}\n` : report(result, shrunk));
    if (first !== undefined) return EXIT.violated;
    if (!stop.signal.aborted) return EXIT.ok;
    if (!crashes)
      process.stderr.write(`Interrupted. The rest: --seed ${from + explored.runs} --runs ${runs - explored.runs}\n`);
    return EXIT.interrupted;
  } finally {
    await pool.close();
  }
}

interface Result extends Explored {
  readonly from: number;
  readonly seconds: number;
  readonly crashes: boolean;
  readonly mutant?: string;
}

/** A line that says how far it is, rewritten a few times a second. */
function progressOf(runs: number, started: number): (done: number) => void {
  let shown = 0;
  return (done) => {
    const now = Date.now();
    if (now - shown < PROGRESS_EVERY_MS) return;
    shown = now;
    const perSecond = Math.round((done * 1_000) / Math.max(1, now - started));
    process.stderr.write(`\r\x1b[K${done} of ${runs} runs, ${perSecond} per second`);
  };
}

function report(result: Result, shrunk: Shrunk | undefined): string {
  const { runs, steps, faults, fingerprint, failures, from, seconds, crashes, mutant } = result;
  const facts = `${runs} runs from seed ${from} in ${seconds.toFixed(1)} s: ${steps} events, ${faults} faults (fingerprint ${fingerprint.toString(16)})`;
  const [first] = failures;
  if (first === undefined || shrunk === undefined) return `${facts}\nEvery invariant held.\n`;
  const replay = `npm run simulate -- --seed ${first.seed}${crashes ? ' --crashes' : ''}${mutant === undefined ? '' : ` --mutant ${mutant}`}`;
  const { consumers, events, faults: planned, ...rest } = shrunk.scenario;
  return [
    facts,
    '',
    `VIOLATED with seed ${first.seed} (${replay}):`,
    ...first.violations.map(({ invariant, message }) => `  ${invariant}: ${message}`),
    ...failures.slice(1).map(({ seed, violations }) => `  also seed ${seed}: ${violations[0]?.invariant}`),
    '',
    `Made smaller in ${shrunk.runs} runs: ${events.length} event(s), ${planned.length} fault(s).`,
    ...shrunk.violations.map(({ invariant, message }) => `  ${invariant}: ${message}`),
    `  world: ${JSON.stringify(rest)}`,
    ...consumers.map((plan) => `  consumer: ${JSON.stringify(plan)}`),
    ...events.map((event) => `  event: ${JSON.stringify(event)}`),
    ...planned.map((fault) => `  fault: ${JSON.stringify(fault)}`),
    '',
    ...shrunk.trace,
    '',
  ].join('\n');
}

try {
  process.exitCode = await main();
} catch (error) {
  const wrongly =
    error instanceof RangeError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true;
  process.stderr.write(
    `simulate: ${error instanceof Error ? (wrongly ? error.message : error.stack) : String(error)}\n`,
  );
  if (error instanceof Error && error.cause instanceof Error) process.stderr.write(`${error.cause.stack}\n`);
  process.exitCode = wrongly ? EXIT.usage : EXIT.violated;
}
