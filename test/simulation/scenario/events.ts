import type { Chance } from '../../../lib/testing/world/chance.ts';
import { type RawForm, rawForms } from './bodies.ts';
import type { ConsumerPlan } from './scenario.ts';

export interface EventPlan {
  /** Unique in the scenario. */
  readonly ref: number;
  readonly key: string;
  readonly amount: number;
  /** Milliseconds into the run when it is sent. */
  readonly at: number;
  /** Milliseconds before that when it happened. */
  readonly age: number;
  /**
   * `mismatch`: carries the id of the event of its key before it, with other contents. `claim-lost`: its data is gone when it is read.
   * Raw forms are sent past the publisher.
   */
  readonly form: 'good' | 'unknown' | 'invalid' | 'mismatch' | 'claim-lost' | RawForm;
  /** How often the handler fails before it works. */
  readonly fails: number;
  readonly how: 'error' | 'undefined' | 'retry' | 'retry-after';
  /** How often the handler says "not now" before it works. */
  readonly defers: number;
  /** How often the handler never comes to an end before it works; with `wakes` it ends when its function is called again. */
  readonly hangs: number;
  readonly wakes: boolean;
  /** How often the function ends under the handler before it works. */
  readonly crashes: number;
  readonly rejects: boolean;
  /** With claims: characters that make the event too large for its channel. */
  readonly padding: number;
  /** `effect`: parts that are committed before the rest. `lease`: steps whose results are kept. */
  readonly parts: number;
  /** How long the handler works, milliseconds. */
  readonly work: number;
  /**
   * Outbox: what its writer believes to be the newest sequence of its key. `nothing`: the key is used again for something new, after all
   * rows of the old one have expired.
   */
  readonly believes: 'right' | 'behind' | 'ahead' | 'nothing';
}

/** Plans that go wrong as often as this do so until they are repaired. */
export const ENDLESS = 100;
const MAX_KEYS = 4;
const MAX_EVENTS_PER_KEY = 7;
/** Share of the function's timeout that a slow handler takes: more than a short lease, less than is left of it at the last start. */
const LONGEST_WORK = 0.75;
const DAY_MILLIS = 86_400_000;
/** Published rows are gone by then. */
export const USED_AGAIN_MILLIS = 9 * DAY_MILLIS;

/** What a world is like: most are plain, so that each trouble is met alone as well as with others. */
interface Mood {
  readonly troubled: boolean;
  /** Strangers send to the channel. */
  readonly wild: boolean;
  /** Whose events are good, but not of our making. */
  readonly foreign: boolean;
  readonly hanging: boolean;
  readonly crashing: boolean;
  /** Few events, as large as they may be. */
  readonly large: boolean;
}

const moodOf = (chance: Chance, direct: boolean): Mood => ({
  troubled: chance.is(0.8),
  wild: direct && chance.is(0.25),
  foreign: direct && chance.is(0.05),
  hanging: chance.is(0.1),
  crashing: chance.is(0.05),
  large: direct && chance.is(0.003),
});

export interface Drawing {
  readonly direct: boolean;
  readonly consumers: readonly ConsumerPlan[];
  readonly aggregates: boolean;
  readonly claims: boolean;
}

export function drawEvents(chance: Chance, { direct, consumers, aggregates, claims }: Drawing): EventPlan[] {
  const mood = moodOf(chance, direct);
  const keys = mood.large ? 1 : chance.between(1, MAX_KEYS);
  const span = chance.pick([100, 3_000, 60_000]);
  const [first] = consumers;
  const shortest = Math.min(...consumers.map(({ timeout }) => timeout * 1_000));
  // A record has no checkpoint between its events: they must fit into one invocation together.
  const share = aggregates && first?.source === 'log' ? MAX_EVENTS_PER_KEY : 1;
  const events: EventPlan[] = [];
  const misled = !direct && chance.is(0.25);
  for (let k = 0; k < keys; k++) {
    for (let count = mood.large ? 3 : chance.between(1, MAX_EVENTS_PER_KEY); count > 0; count--) {
      const form = formOf(chance, mood, direct, first, !events.some(({ key }) => key === `key-${k}`));
      const believes = misled && chance.is(0.2) ? chance.pick(['behind', 'ahead', 'nothing'] as const) : 'right';
      const padded = claims && chance.is(0.5);
      events.push({
        ref: 0,
        key: `key-${k}`,
        amount: chance.between(1, 1_000),
        at: chance.between(0, span) + (believes === 'nothing' ? USED_AGAIN_MILLIS : 0),
        age: chance.is(0.2) ? chance.pick([5_000, 100_000, 3 * DAY_MILLIS]) : 0,
        form: form === 'good' && padded && mood.troubled && chance.is(0.1) ? 'claim-lost' : form,
        ...troubleOf(chance, mood),
        padding: padded ? PADDING : 0,
        parts: hasParts(first) && chance.is(0.15) ? chance.between(1, 2) : 0,
        work: workOf(chance, first, shortest) / share,
        believes,
      });
    }
  }
  // In the order they are sent; refs name them from then on.
  return events.sort((a, b) => a.at - b.at).map((event, ref) => ({ ...event, ref }));
}

const PADDING = 2_000;

const hasParts = (consumer: ConsumerPlan | undefined): boolean =>
  consumer?.mode === 'effect' || consumer?.mode === 'lease';

function formOf(
  chance: Chance,
  { troubled, wild, foreign, large }: Mood,
  direct: boolean,
  consumer: ConsumerPlan | undefined,
  first: boolean,
): EventPlan['form'] {
  if (large) return chance.is(0.5) ? 'at-limit' : 'good';
  if (foreign && chance.is(0.6)) return 'foreign';
  if (wild && chance.is(0.35)) return chance.pick(rawForms(consumer?.source ?? 'queue') as [RawForm, ...RawForm[]]);
  if (!direct || !troubled || chance.is(0.9)) return 'good';
  return chance.weighted([
    [1, 'broken'],
    [1, 'unknown'],
    [1, 'invalid'],
    [hasParts(consumer) && !first ? 1 : 0, 'mismatch'],
  ] as const);
}

/** What the handler does instead of its work, and how often. */
function troubleOf(chance: Chance, { troubled, hanging, crashing }: Mood) {
  return {
    fails: troubled && chance.is(0.2) ? chance.pick([1, 1, 2, 4, 1_000]) : 0,
    how: chance.pick(['error', 'undefined', 'retry', 'retry-after'] as const),
    defers: troubled && chance.is(0.05) ? chance.between(1, 2) : 0,
    hangs: hanging && chance.is(0.15) ? chance.pick([1, 1, 2, 1_000]) : 0,
    wakes: chance.is(0.5),
    crashes: crashing && chance.is(0.15) ? chance.pick([1, 1, 2, 1_000]) : 0,
    rejects: troubled && chance.is(0.07),
  };
}

function workOf(chance: Chance, consumer: ConsumerPlan | undefined, shortestTimeout: number): number {
  return chance.is(consumer?.mode === 'lease' ? 0.7 : 0.9)
    ? chance.between(0, 100)
    : chance.between(100, shortestTimeout * LONGEST_WORK);
}
