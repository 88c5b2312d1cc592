import { CALL_FAULTS, INVOKE_FAULTS } from '../../../lib/testing/calls/faults.ts';
import { type Chance, chanceOf } from '../../../lib/testing/world/chance.ts';
import { STREAM } from '../../../lib/testing/world/world.ts';
import { drawEvents, type EventPlan } from './events.ts';
import type { Fault } from './faults.ts';

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
  /** Rows of the outbox that can never be published, beside the good ones. */
  readonly stuckRows: number;
  /** Dead letters are sent back so many milliseconds after they came, so often at most. */
  readonly redrive: { readonly after: number; readonly times: number } | undefined;
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
  /** Aggregations: what is behind the watermark by more is late. */
  readonly lateness: number | undefined;
}

const MAX_FAULTS = 8;
/** Now and then everything goes wrong at once. */
const STORM = 25;

/** The scenario of a seed. */
export function scenarioOf(seed: number): Scenario {
  const chance = chanceOf(seed, STREAM.scenario);
  const topology = chance.is(0.2) ? 'outbox' : 'direct';
  const consumers = topology === 'outbox' ? outboxConsumers(chance) : [directConsumer(chance)];
  const claims = chance.is(0.25);
  const aggregates = chance.is(0.4);
  const events = drawEvents(chance, { direct: topology === 'direct', consumers, aggregates, claims });
  const span = Math.max(0, ...events.filter(({ believes }) => believes !== 'nothing').map(({ at }) => at));
  const skewed = chance.is(0.3);
  const sendsBack = topology === 'direct' && !consumers.some(({ park }) => park) && chance.is(0.25);
  const redrive = sendsBack ? drawRedrive(chance) : undefined;
  return {
    seed,
    topology,
    consumers,
    events,
    faults: [
      ...drawFaults(chance, topology, consumers, events.length, span),
      ...leaseFaults(chance, consumers, events.length),
      ...reshards(chance, consumers, span),
      ...(redrive === undefined ? [] : lostAndThrottled(chance, consumers, span)),
    ],
    skews: skewed ? Array.from({ length: 5 }, () => chance.between(-5_000, 5_000) * (chance.is(0.2) ? 10 : 1)) : [0],
    shards: chance.between(1, 3),
    aggregates,
    claims,
    pageSize: chance.pick([1, 2, 3, 25, 100]),
    outage: consumers.some((one) => one.breaker) && chance.is(0.7) ? drawOutage(chance, span) : undefined,
    repairAt: span + chance.between(60_000, 900_000),
    stuckRows: topology === 'outbox' && chance.is(0.2) ? chance.between(1, 4) : 0,
    redrive,
  };
}

/**
 * Soon, after the repair, and at the last moment before the dead letter expires. That once: the inbox remembers for the life of a message and of one dead letter, and
 * what waits to the end a second time is older than that.
 */
function drawRedrive(chance: Chance): NonNullable<Scenario['redrive']> {
  const after = chance.pick([30_000, 2 * HOUR_MILLIS, AT_THE_LAST_MOMENT]);
  const times = chance.between(1, 2);
  return { after, times: after === AT_THE_LAST_MOMENT ? 1 : times };
}
const HOUR_MILLIS = 3_600_000;
const DEAD_LETTER_DAYS = 14;
const AT_THE_LAST_MOMENT = DEAD_LETTER_DAYS * 24 * HOUR_MILLIS - 60_000;

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
    lateness: mode === 'aggregate' && chance.is(0.6) ? chance.pick([1, 60, 3_600]) : undefined,
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

/** Two holders of one lease: the same message for two instances at about the same time. */
function leaseFaults(chance: Chance, consumers: readonly ConsumerPlan[], events: number): Fault[] {
  if (consumers[0]?.mode !== 'lease' || chance.is(0.5)) return [];
  return Array.from({ length: 3 }, () => ({ kind: 'duplicate', at: chance.between(0, events) }));
}

/** Watermarks that have to go from parents to children. */
function reshards(chance: Chance, consumers: readonly ConsumerPlan[], span: number): Fault[] {
  if (consumers[0]?.lateness === undefined) return [];
  return Array.from({ length: chance.between(0, 2) }, () => ({
    kind: 'reshard',
    at: chance.between(0, span),
    how: chance.pick(['split', 'merge'] as const),
  }));
}

/** What is done and not acknowledged uses up its receives, and is a dead letter although it was done. */
function lostAndThrottled(chance: Chance, consumers: readonly ConsumerPlan[], span: number): Fault[] {
  if (consumers[0]?.source === 'log' || chance.is(0.8)) return [];
  const lost = Array.from({ length: 4 }, (_, at): Fault => ({ kind: 'invoke', at, what: 'lost-answer' }));
  return [...lost, { kind: 'throttling', at: span + 1_000, until: span + 24 * HOUR_MILLIS }];
}

/** Requests per event, roughly: positions of faults are drawn from the calls there will be. */
const CALLS_PER_EVENT = { direct: 6, outbox: 16 } as const;

function drawFaults(
  chance: Chance,
  topology: Scenario['topology'],
  consumers: readonly ConsumerPlan[],
  events: number,
  span: number,
): Fault[] {
  if (chance.is(0.25)) return [];
  // What may not come twice: what is not deleted, and what Lambda does not delete either.
  const onlyInPart = consumers[0]?.mode === 'at-most-once' && chance.is(0.5);
  const calls = Math.ceil(events * CALLS_PER_EVENT[topology]) + 4;
  const count = chance.is(0.05) ? STORM : chance.between(1, MAX_FAULTS);
  return Array.from({ length: count }, (): Fault => {
    if (onlyInPart && chance.is(0.5)) return { kind: 'call', at: chance.between(0, calls), what: 'partial' };
    if (onlyInPart) return { kind: 'invoke', at: chance.between(0, events), what: 'lost-answer' };
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
        return { kind, at: chance.between(0, span), how: chance.pick(['split', 'merge']) };
      default: {
        const at = chance.between(0, span);
        return { kind, at, until: at + chance.between(100, 60_000) };
      }
    }
  });
}
