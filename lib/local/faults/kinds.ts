/** A kind of random fault: what it does, where it can strike, and how often. */
export interface FaultKind {
  /** What happens, for people. */
  readonly effect: string;
  /** Part of the one rate that is given for all kinds: those that cost more time are rarer. */
  readonly share: number;
  /** Longest that it lasts or reaches, in milliseconds, where it has a size: chosen anew each time, evenly. */
  readonly upToMs?: number;
}

/** All kinds, by the names that the command line and the API use. */
export const FAULT_KINDS = {
  throttle: { effect: 'a call, a delivery or part of a batch is refused for want of capacity', share: 1 },
  latency: { effect: 'a call takes up to 2 s longer', share: 1, upToMs: 2_000 },
  'lose-response': { effect: 'a connection breaks before the call is carried out, or after it', share: 1 },
  duplicate: { effect: 'a batch or an event is delivered twice, one after the other or at once', share: 1 },
  reorder: { effect: 'a message of a standard queue is overtaken by those of the next 5 s', share: 1, upToMs: 5_000 },
  kill: { effect: 'the worker dies that makes a call, before the call is carried out or after it', share: 0.05 },
  'stop-stream': {
    effect: 'a shard or the stream of a table delivers nothing for up to 10 s',
    share: 0.1,
    upToMs: 10_000,
  },
  'skew-clock': { effect: 'the clock of a new worker is up to 25 s slow or fast', share: 10, upToMs: 25_000 },
} as const satisfies Readonly<Record<string, FaultKind>>;

export type FaultKindName = keyof typeof FAULT_KINDS;

export const FAULT_KIND_NAMES = Object.keys(FAULT_KINDS) as readonly FaultKindName[];

/** Probability of each kind at each of its chances, 0 to 1; kinds left out never happen. */
export type FaultRates = Readonly<Partial<Record<FaultKindName, number>>>;

/**
 * Reads the rates of a command line: one number for all kinds (each takes its share of it), or `kind=rate` separated by commas.
 * @throws RangeError that names the value, what it may be and an example
 */
export function readFaultRates(text: string): FaultRates {
  if (/^[\d.]+$/.test(text.trim())) return ratesForAll(readRate(text, 'all kinds'));
  const rates: Partial<Record<FaultKindName, number>> = {};
  for (const part of text.split(',')) {
    const [name = '', rate, ...more] = part.split('=').map((piece) => piece.trim());
    if (rate === undefined || more.length > 0) {
      throw new RangeError(`faults '${part.trim()}' must be a rate for all kinds, or kind=rate: ${EXAMPLES}`);
    }
    rates[kindOf(name)] = readRate(rate, name);
  }
  return rates;
}

/** Every kind at its share of one rate. */
export const ratesForAll = (rate: number): FaultRates =>
  Object.fromEntries(FAULT_KIND_NAMES.map((name) => [name, Math.min(1, rate * FAULT_KINDS[name].share)]));

/** @throws RangeError as `readFaultRates` does, for rates that come through the API */
export function checkFaultRates(rates: Readonly<Record<string, unknown>>): FaultRates {
  return Object.fromEntries(Object.entries(rates).map(([name, rate]) => [kindOf(name), readRate(String(rate), name)]));
}

const EXAMPLES = '0.01, or throttle=0.02,kill=0.001';

function kindOf(name: string): FaultKindName {
  const known = FAULT_KIND_NAMES.find((kind) => kind === name);
  if (known !== undefined) return known;
  throw new RangeError(`there is no kind of fault '${name}'; there are ${FAULT_KIND_NAMES.join(', ')}`);
}

function readRate(text: string, of: string): number {
  const rate = Number(text);
  if (text.trim() !== '' && rate >= 0 && rate <= 1) return rate;
  throw new RangeError(`the rate of ${of} is '${text}'; it must be a probability from 0 to 1, such as ${EXAMPLES}`);
}
