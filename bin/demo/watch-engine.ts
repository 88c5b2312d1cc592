import type { Engine, FunctionLog, Invocation, Vitals } from '../../lib/local/engine.ts';
import { styled, type Terminal } from '../terminal/terminal.ts';

/** What a function failed at, and how often. */
interface Failing {
  count: number;
  /** Of the first failure: `TypeError: no answer (lambdas/parcels/announce.ts:12:5)`. */
  readonly first: string;
}

/** Tells people how an engine's app is doing. */
export interface EngineWatch {
  readonly onLog: (log: FunctionLog) => void;
  readonly onInvocation: (invocation: Invocation) => void;
  /** Begins to tell: what is new as it happens and, on a terminal, a line of figures that follows what goes on. */
  start(engine: Pick<Engine, 'vitals' | 'busy'>): void;
  /** Ends the telling. @returns what happened in all that time, in lines; undefined when it had not begun */
  stop(): string | undefined;
}

const LOOK_MS = 1_000;
const MILLIS_PER_MINUTE = 60_000;
const MAX_TOLD = 200;
const NOTHING: Vitals = { waiting: 0, inFlight: 0, deadLetters: {}, alarms: [] };

export function watchEngine(terminal: Terminal): EngineWatch {
  const failing = new Map<string, Failing>();
  let invocations = 0;
  let failed = 0;
  let engine: Pick<Engine, 'vitals' | 'busy'> | undefined;
  let began = 0;
  let seen = NOTHING;
  let lastCount = 0;
  let timer: NodeJS.Timeout | undefined;

  function fails(name: string, error: string): void {
    const known = failing.get(name);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    failing.set(name, { count: 1, first: error });
    if (engine !== undefined) terminal.note(styled(terminal, 'yellow', `${name} failed: ${error}`));
  }

  function look(): void {
    if (engine === undefined) return;
    const vitals = engine.vitals();
    for (const text of newsOf(seen, vitals)) terminal.note(styled(terminal, 'yellow', text));
    seen = vitals;
    terminal.status(
      lineOf(vitals, { perSecond: invocations - lastCount, running: engine.busy, failing: failing.size }),
    );
    lastCount = invocations;
  }

  return {
    onLog({ function: name, line }) {
      const error = handledError(line);
      if (error !== undefined) fails(name, error);
    },
    onInvocation({ function: name, error }) {
      invocations += 1;
      if (error === undefined) return;
      failed += 1;
      fails(name, described(error.errorType, error.errorMessage, error.trace));
    },
    start(running) {
      engine = running;
      began = performance.now();
      seen = running.vitals();
      // What was done on purpose before is not what happens now.
      failing.clear();
      invocations = 0;
      failed = 0;
      lastCount = 0;
      timer = setInterval(look, LOOK_MS);
    },
    stop() {
      if (engine === undefined) return undefined;
      clearInterval(timer);
      const vitals = engine.vitals();
      engine = undefined;
      terminal.status('');
      const minutes = Math.max(1, Math.round((performance.now() - began) / MILLIS_PER_MINUTE));
      return summaryOf(vitals, { minutes, invocations, failed, failing });
    },
  };
}

/** What is different for the worse, or better, since the last look. */
function newsOf(before: Vitals, { deadLetters, alarms }: Vitals): string[] {
  const more = Object.entries(deadLetters).flatMap(([queue, count]) => {
    const added = count - (before.deadLetters[queue] ?? 0);
    return added > 0 ? [`${added} more in dead-letter queue ${queue} (${count})`] : [];
  });
  return [
    ...more,
    ...alarms.filter((name) => !before.alarms.includes(name)).map((name) => `${name} went to ALARM`),
    ...before.alarms.filter((name) => !alarms.includes(name)).map((name) => `${name} is over`),
  ];
}

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

function lineOf(
  { waiting, inFlight, deadLetters, alarms }: Vitals,
  { perSecond, running, failing }: { perSecond: number; running: number; failing: number },
): string {
  return [
    `${perSecond} invocations/s, ${running} under way`,
    `${waiting} messages wait, ${inFlight} in flight`,
    `dead letters ${total(deadLetters)}`,
    `alarms ${alarms.length}`,
    `failing functions ${failing}`,
  ].join('  |  ');
}

function summaryOf(
  { waiting, inFlight, deadLetters, alarms }: Vitals,
  counts: { minutes: number; invocations: number; failed: number; failing: ReadonlyMap<string, Failing> },
): string {
  const queues = Object.entries(deadLetters).map(([queue, count]) => `  ${count} in ${queue}`);
  const functions = [...counts.failing].map(([name, { count, first }]) => `  ${name}, ${count} times; first: ${first}`);
  return [
    `In ${counts.minutes} min: ${counts.invocations} invocations, ${counts.failed} of them failed; ${waiting + inFlight} messages are left to do`,
    `dead letters: ${total(deadLetters)}`,
    ...queues,
    `alarms in ALARM: ${alarms.length === 0 ? 'none' : alarms.join(', ')}`,
    `functions that failed: ${functions.length === 0 ? 'none' : ''}`.trimEnd(),
    ...functions,
  ].join('\n');
}

/** What a function that goes on says it failed at: a structured line with an error in it. Levels below `warn` are no failures. */
function handledError(line: string): string | undefined {
  if (!line.startsWith('{') || !line.includes('"errorMessage"')) return undefined;
  try {
    const { level, error, errorMessage, stack } = JSON.parse(line) as Record<string, unknown>;
    if (typeof errorMessage !== 'string' || !['warn', 'error', 'WARN', 'ERROR'].includes(String(level)))
      return undefined;
    return described(String(error ?? 'Error'), errorMessage, String(stack ?? '').split('\n'));
  } catch {
    return undefined; // Somebody's own line, which only looks like one of these.
  }
}

/** With the place in the source, when the trace has one. */
function described(name: string, message: string, trace: readonly string[] = []): string {
  const place = trace.map((frame) => /\(?([^\s(]+:\d+:\d+)\)?$/.exec(frame)?.[1]).find(isOfTheApp);
  const text = `${name}: ${message}`.split('\n')[0] ?? '';
  return `${text.length > MAX_TOLD ? `${text.slice(0, MAX_TOLD)}...` : text}${place === undefined ? '' : ` (${place})`}`;
}

const isOfTheApp = (place: string | undefined): boolean =>
  place !== undefined && !place.startsWith('node:') && !place.includes('node_modules/');
