import type { Channel } from '../../contracts/channels/channel.ts';
import { type Criticality, criticalityOf } from '../../contracts/channels/sending.ts';
import { type Duration, seconds, toMillis } from '../../contracts/declaring/duration.ts';
import type { Envelope } from '../../contracts/events/envelope.ts';
import { toError } from '../invocation/outcomes.ts';
import { lambda, type Runtime } from '../invocation/runtime.ts';
import { errorFields, logger } from '../invocation/telemetry.ts';
import { type Attempt, type Publish, type PublisherOptions, PublishFailed, publisher } from '../publishing/publish.ts';
import { decreased, increased, initialRate, type RatePolicy, ratePolicy } from './aimd.ts';
import {
  admit,
  type Circuit,
  type CircuitPolicy,
  circuitPolicy,
  closedCircuit,
  failed,
  succeeded,
  undecided,
} from './circuit.ts';
import { fullBucket, taken, waitFor } from './token-bucket.ts';

/** How far the consumers are behind, as somebody who can see it says: age of the oldest message, iterator age, depth. */
export interface LagSignal {
  readonly measure: () => Promise<number>;
  /** Above this the rate goes down. In the unit of `measure`. */
  readonly limit: number;
  /** @default 10 s */
  readonly every?: Duration;
}

/** How a paced publisher finds its rate. */
export interface PacedOptions {
  readonly rate?: Partial<RatePolicy>;
  readonly circuit?: Partial<CircuitPolicy>;
  /** @default none: only throttles lower the rate */
  readonly lag?: LagSignal;
  /** How long `normal` events wait before they are shed. @default 5 s */
  readonly shedAfter?: Duration;
  readonly publisher?: Omit<PublisherOptions, 'onAttempt'>;
  /** Makes the sender under the pacing. @default publisher() of the channel */
  readonly makePublish?: (onAttempt: (attempt: Attempt) => void) => Publish;
}

/** What became of a paced publication. */
export interface Paced {
  readonly sent: number;
  /** Telemetry that was left out. */
  readonly dropped: number;
}

/** Not sent in time. Those not named were sent (or were telemetry). The caller decides: answer "try later", keep them, or let them go. */
export class Shed extends Error {
  override readonly name = 'Shed';
  readonly unsent: readonly Envelope[];

  constructor(channel: Channel, unsent: readonly Envelope[], after: Duration, reason: string) {
    super(
      `${unsent.length} event(s) for ${channel.kind} '${channel.name}' were shed after ${after.seconds} s; the first is '${unsent[0]?.id}': ${reason}`,
    );
    this.unsent = unsent;
  }
}

/** The caller's signal ended the waiting. Those not named were sent (or were telemetry). */
export class PublishInterrupted extends Error {
  override readonly name = 'PublishInterrupted';
  readonly unsent: readonly Envelope[];

  constructor(channel: Channel, unsent: readonly Envelope[]) {
    super(`${unsent.length} event(s) for ${channel.kind} '${channel.name}' were not sent when the signal came`);
    this.unsent = unsent;
  }
}

/** A publisher that slows down, and sheds what may be shed, when its channel cannot keep up. */
export interface PacedPublisher {
  /**
   * Sends events as fast as the channel takes them. A call is as critical as its most critical event:
   * `critical` waits as long as it takes (or until the signal), `normal` until `shedAfter`, telemetry not at all.
   * @throws Shed, PublishInterrupted; MessageTooLarge or InvalidKey as publisher(), when events before it may have been sent
   */
  publish(events: readonly Envelope[], signal?: AbortSignal): Promise<Paced>;
  /** For dashboards and tests. */
  state(): { readonly rate: number; readonly circuit: Circuit['state'] };
}

/** Longest nap while waiting: how soon a signal, or another call's news, is heard. */
const NAP_MS = 1_000;
const TOO_SLOW = 'the rate is lowered';
const LAG_EVERY = seconds(10);
const SHED_AFTER = seconds(5);

/**
 * Backpressure for producers without an outbox (with one, the table is the buffer and the relay's retries are the brake): an adaptive
 * rate, a circuit breaker, and the declared criticality. State is in memory: one of these per process and channel. No timers run.
 * @throws DeclarationError for a policy that cannot work; MissingEnvironment as publisher()
 */
export function pacedPublisher(
  channel: Channel,
  options: PacedOptions = {},
  runtime: Runtime = lambda,
): PacedPublisher {
  const { now, random, sleep } = runtime;
  const rates = ratePolicy(options.rate);
  const circuits = circuitPolicy(options.circuit);
  const shedAfter = options.shedAfter ?? SHED_AFTER;
  const log = logger({ channel: channel.name }, runtime.write);
  let rate = initialRate(rates, now());
  let bucket = fullBucket(rate.rate, now());
  let circuit: Circuit = closedCircuit;
  let lagSeenAt = Number.NEGATIVE_INFINITY;

  const make = options.makePublish ?? ((onAttempt) => publisher(channel, { ...options.publisher, onAttempt }, runtime));
  const send = make(({ sent, throttled }) => {
    if (throttled > 0) rate = decreased(rate, rates, now());
    else if (sent > 0) rate = increased(rate, rates, now());
  });

  async function lookAtLag(): Promise<void> {
    const { lag } = options;
    if (lag === undefined || now() - lagSeenAt < toMillis(lag.every ?? LAG_EVERY)) return;
    lagSeenAt = now();
    try {
      if ((await lag.measure()) > lag.limit) rate = decreased(rate, rates, now());
    } catch (thrown) {
      log('warn', 'the lag could not be measured', errorFields(toError(thrown)));
    }
  }

  /** Milliseconds to wait; 0: the permits are taken and the circuit is passed. */
  function tryToPass(count: number): number {
    const wait = waitFor(bucket, rate.rate, now());
    if (wait > 0) return wait;
    const asked = admit(circuit, now());
    circuit = asked.circuit;
    if (!asked.admitted) return circuit.state === 'open' ? Math.max(1, circuit.until - now()) : NAP_MS;
    bucket = taken(bucket, rate.rate, now(), count);
    return 0;
  }

  /** @returns what was not sent, and why */
  async function sendSome(events: readonly Envelope[]): Promise<{ unsent: readonly Envelope[]; reason: string }> {
    try {
      await send(events);
      circuit = succeeded(circuit);
      return { unsent: [], reason: '' };
    } catch (error) {
      if (!(error instanceof PublishFailed)) {
        circuit = undecided(circuit, now());
        throw error;
      }
      const unsent = events.filter(({ id }) => error.unsent.has(id));
      const before = circuit.state;
      circuit = unsent.length === events.length ? failed(circuit, circuits, now()) : succeeded(circuit);
      if (circuit.state === 'open' && before !== 'open') log('warn', 'circuit open', errorFields(error));
      return { unsent, reason: error.message };
    }
  }

  /** Telemetry is thinned as the rate is, and left out altogether while the circuit is open. */
  function sampled(events: readonly Envelope[]): readonly Envelope[] {
    const share = circuit.state === 'closed' ? rate.rate / rates.max : 0;
    return events.filter(({ type }) => criticalityOf(channel, type) !== 'telemetry' || random() < share);
  }

  return {
    async publish(events, signal) {
      await lookAtLag();
      const started = now();
      const level = levelOf(channel, events);
      let pending = sampled(events);
      let sent = 0;
      let reason = TOO_SLOW;
      while (pending.length > 0) {
        if (signal?.aborted) throw new PublishInterrupted(channel, pending);
        const some = pending.slice(0, Math.max(1, Math.floor(rate.rate)));
        const wait = tryToPass(some.length);
        if (wait === 0) {
          const result = await sendSome(some);
          sent += some.length - result.unsent.length;
          reason = result.unsent.length === 0 ? TOO_SLOW : result.reason;
          // What was not sent goes first: it is older.
          pending = [...result.unsent, ...pending.slice(some.length)];
          if (result.unsent.length === 0) continue;
        } else if (circuit.state !== 'closed') reason = 'the circuit is open';
        if (level === 'telemetry') break;
        const left = level === 'critical' ? Number.POSITIVE_INFINITY : started + toMillis(shedAfter) - now();
        if (left <= 0) throw new Shed(channel, pending, shedAfter, reason);
        await sleep(Math.min(NAP_MS, left, Math.max(1, wait)));
      }
      return { sent, dropped: events.length - sent };
    },
    state: () => ({ rate: rate.rate, circuit: circuit.state }),
  };
}

const LEVELS: readonly Criticality[] = ['critical', 'normal', 'telemetry'];

function levelOf(channel: Channel, events: readonly Envelope[]): Criticality {
  const present = new Set(events.map(({ type }) => criticalityOf(channel, type)));
  return LEVELS.find((level) => present.has(level)) ?? 'telemetry';
}
