import { CALL_FAULTS, type Fault, INVOKE_FAULTS } from './faults.ts';
import { type Chance, chanceOf } from './random.ts';
import { STREAM } from './world.ts';

/** A whole run as a value: the same scenario always gives the same run, whatever machine it runs on. */
export interface Scenario {
  readonly seed: number;
  /** What is tried: one consumer with producers, or the whole way from an outbox to three consumers. */
  readonly topology: 'direct' | 'outbox';
  readonly consumers: readonly ConsumerPlan[];
  readonly events: readonly EventPlan[];
  readonly faults: readonly Fault[];
  /** Milliseconds that clocks of instances are ahead, in the order the instances start; repeated. */
  readonly skews: readonly number[];
  readonly shards: number;
  /** Several events in one record of the log. */
  readonly aggregates: boolean;
  /** Large events go through a bucket. */
  readonly claims: boolean;
  /** Items in one page of a query or batch read. */
  readonly pageSize: number;
  /** Milliseconds into the run between which the dependency of the handlers is down. */
  readonly outage: { readonly from: number; readonly until: number } | undefined;
  /** Milliseconds into the run when what rejects events is repaired, and parked keys are resumed. */
  readonly repairAt: number;
}

export type Mode = 'effect' | 'lease' | 'natural' | 'none' | 'aggregate' | 'at-most-once';

/** A subscription and how its mapping runs. Times in seconds. */
export interface ConsumerPlan {
  readonly name: string;
  readonly source: 'queue' | 'fifo' | 'log';
  readonly mode: Mode;
  readonly checkFirst: boolean;
  readonly attempts: number;
  readonly base: number;
  readonly cap: number;
  readonly timeout: number;
  readonly lease: number;
  readonly batchSize: number;
  readonly concurrency: number;
  readonly breaker: boolean;
  readonly park: boolean;
}

export interface EventPlan {
  /** Unique in the scenario. */
  readonly ref: number;
  readonly key: string;
  readonly amount: number;
  /** Milliseconds into the run when it is sent. */
  readonly at: number;
  /** `mismatch`: carries the id of the event of its key before it, with other contents. */
  readonly form: 'good' | 'broken' | 'unknown' | 'invalid' | 'mismatch';
  /** How often the handler fails before it works. */
  readonly fails: number;
  readonly how: 'error' | 'undefined' | 'retry' | 'retry-after';
  /** How often the handler says "not now" before it works. */
  readonly defers: number;
  readonly rejects: boolean;
  /** With claims: characters that make the event too large for its channel. */
  readonly padding: number;
  /** `effect`: parts that are committed before the rest. `lease`: steps whose results are kept. */
  readonly parts: number;
  /** How long the handler works, milliseconds. */
  readonly work: number;
}

const PADDING = 2_000;
const MAX_KEYS = 4;
const MAX_EVENTS_PER_KEY = 8;
const MAX_FAULTS = 8;
/** Now and then everything goes wrong at once. */
const STORM = 25;

/** The scenario of a seed. */
export function scenarioOf(seed: number): Scenario {
  const chance = chanceOf(seed, STREAM.scenario);
  const topology = chance.is(0.25) ? 'outbox' : 'direct';
  const consumers = topology === 'outbox' ? outboxConsumers(chance) : [directConsumer(chance)];
  const drawn = drawEvents(chance, topology, consumers);
  const claims = chance.is(0.25);
  const aggregates = chance.is(0.4);
  // A record has no checkpoint between its events: they must fit into one invocation together.
  const share = aggregates && consumers[0]?.source === 'log' ? MAX_EVENTS_PER_KEY : 1;
  const events = drawn.map((event) => ({
    ...event,
    work: event.work / share,
    padding: claims && chance.is(0.5) ? PADDING : 0,
  }));
  const span = Math.max(...events.map(({ at }) => at));
  const skewed = chance.is(0.3);
  return {
    seed,
    topology,
    consumers,
    events,
    faults: [...drawFaults(chance, topology, events.length, span), ...leaseFaults(chance, consumers, events.length)],
    skews: skewed ? Array.from({ length: 5 }, () => chance.between(-5_000, 5_000) * (chance.is(0.2) ? 10 : 1)) : [0],
    shards: chance.between(1, 3),
    aggregates,
    claims,
    pageSize: chance.pick([1, 2, 3, 25, 100]),
    outage: consumers.some((one) => one.breaker) && chance.is(0.7) ? drawOutage(chance, span) : undefined,
    repairAt: span + chance.between(60_000, 900_000),
  };
}

function drawOutage(chance: Chance, span: number) {
  const from = chance.between(0, span);
  return { from, until: from + chance.between(1_000, 240_000) };
}

function consumer(chance: Chance, source: ConsumerPlan['source'], mode: Mode): ConsumerPlan {
  const timeout = chance.pick([2, 5, 10, 30]);
  const base = chance.pick([0.1, 1, 5]);
  const ordered = source !== 'queue';
  const keeps = mode === 'effect' || mode === 'lease' || mode === 'natural' || mode === 'none';
  return {
    name: `${mode}-of-${source}`,
    source,
    mode,
    checkFirst: mode === 'effect' && chance.is(0.4),
    attempts: chance.weighted([
      [1, 1],
      [2, 2],
      [4, 3],
      [2, 5],
    ]),
    base,
    cap: base * chance.pick([1, 4, 20]),
    timeout,
    lease: chance.pick([1, 0.5, 0.5, 2]) * timeout,
    batchSize: chance.weighted([
      [1, 1],
      [2, 3],
      [3, 10],
    ]),
    concurrency: chance.between(2, 4),
    breaker: keeps && source !== 'log' && chance.is(0.2),
    park: keeps && ordered && chance.is(0.3),
  };
}

function directConsumer(chance: Chance): ConsumerPlan {
  const source = chance.weighted([
    [30, 'queue'],
    [40, 'fifo'],
    [30, 'log'],
  ] as const);
  const mode = chance.weighted<Mode>([
    [4, 'effect'],
    [3, 'lease'],
    [2, 'natural'],
    [1, 'none'],
    [source === 'log' ? 4 : 0, 'aggregate'],
    [source === 'queue' ? 1 : 0, 'at-most-once'],
  ]);
  return consumer(chance, source, mode);
}

/** As in the orders system: a FIFO queue and a standard queue behind a topic, and a log. */
function outboxConsumers(chance: Chance): ConsumerPlan[] {
  return [
    consumer(chance, 'fifo', 'effect'),
    consumer(chance, 'queue', chance.pick(['lease', 'natural'])),
    consumer(chance, 'log', 'aggregate'),
  ];
}

function drawEvents(chance: Chance, topology: Scenario['topology'], consumers: readonly ConsumerPlan[]): EventPlan[] {
  const keys = chance.between(1, MAX_KEYS);
  const span = chance.pick([100, 3_000, 60_000]);
  const troubled = chance.is(0.8);
  const mode = consumers[0]?.mode;
  const timeouts = consumers.map(({ timeout }) => timeout * 1_000);
  const events: EventPlan[] = [];
  for (let k = 0; k < keys; k++) {
    for (let count = chance.between(1, MAX_EVENTS_PER_KEY); count > 0; count--) {
      const first = !events.some(({ key }) => key === `key-${k}`);
      const knowsPayload = mode === 'effect' || mode === 'lease';
      events.push({
        ref: 0,
        key: `key-${k}`,
        amount: chance.between(1, 1_000),
        at: chance.between(0, span),
        form:
          topology === 'outbox' || !troubled || chance.is(0.9)
            ? 'good'
            : chance.weighted([
                [1, 'broken'],
                [1, 'unknown'],
                [1, 'invalid'],
                [knowsPayload && !first ? 1 : 0, 'mismatch'],
              ] as const),
        fails: troubled && chance.is(0.2) ? chance.pick([1, 1, 2, 4, 1_000]) : 0,
        how: chance.pick(['error', 'undefined', 'retry', 'retry-after']),
        defers: troubled && chance.is(0.05) ? chance.between(1, 2) : 0,
        rejects: troubled && chance.is(0.07),
        padding: 0,
        parts: (mode === 'effect' || mode === 'lease') && chance.is(0.15) ? chance.between(1, 2) : 0,
        work: chance.is(mode === 'lease' ? 0.7 : 0.9)
          ? chance.between(0, 100)
          : chance.between(100, Math.min(...timeouts) * LONGEST_WORK),
      });
    }
  }
  // In the order they are sent; refs name them from then on.
  return events.sort((a, b) => a.at - b.at).map((event, ref) => ({ ...event, ref }));
}

/** Share of the function's timeout that a slow handler takes: more than a short lease, less than is left of it at the last start. */
const LONGEST_WORK = 0.75;

/** Two holders of one lease: the same message for two instances at about the same time. */
function leaseFaults(chance: Chance, consumers: readonly ConsumerPlan[], events: number): Fault[] {
  if (consumers[0]?.mode !== 'lease' || chance.is(0.5)) return [];
  return Array.from({ length: 3 }, () => ({ kind: 'duplicate', at: chance.between(0, events) }));
}

/** Requests per event, roughly: positions of faults are drawn from the calls there will be. */
const CALLS_PER_EVENT = { direct: 6, outbox: 16 } as const;

function drawFaults(chance: Chance, topology: Scenario['topology'], events: number, span: number): Fault[] {
  if (chance.is(0.15)) return [];
  const calls = Math.ceil(events * CALLS_PER_EVENT[topology]) + 4;
  const count = chance.is(0.05) ? STORM : chance.between(1, MAX_FAULTS);
  return Array.from({ length: count }, (): Fault => {
    const kind = chance.weighted([
      [60, 'call'],
      [20, 'invoke'],
      [15, 'duplicate'],
      [4, 'reshard'],
      [topology === 'outbox' ? 8 : 0, 'stream-outage'],
    ] as const);
    switch (kind) {
      case 'call':
        return { kind, at: chance.between(0, calls), what: chance.pick(CALL_FAULTS) };
      case 'invoke':
        return { kind, at: chance.between(0, events), what: chance.pick(INVOKE_FAULTS) };
      case 'duplicate':
        return { kind, at: chance.between(0, events) };
      case 'reshard':
        return { kind, at: chance.between(0, span) };
      default: {
        const at = chance.between(0, span);
        return { kind, at, until: at + chance.between(100, 60_000) };
      }
    }
  });
}
