import type { Item } from '../../../lib/testing/services/expressions.ts';
import type { Shard } from '../../../lib/testing/services/streams.ts';
import type { EventPlan } from '../scenario/events.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { Deployed } from '../system/station.ts';
import type { Effect, EventIdentity } from './journal.ts';
import type { LoggedEvent } from './lateness.ts';

/** A run as it ended. */
export interface Outcome {
  readonly scenario: Scenario;
  readonly deployed: readonly Deployed[];
  /** Whether nothing was left to happen within the time. */
  readonly settled: boolean;
  /** Outbox rows that were not published. */
  readonly unpublished: number;
  readonly outboxRows: readonly EventIdentity[];
  /** Ids that the publisher did not name as unsent and that are not in the channel. */
  readonly sentButLost: readonly string[];
  /** What producers threw without being allowed to. */
  readonly failures: readonly Error[];
  /** Faults that came to pass. */
  readonly faults: number;
  /** Writers of DynamoDB that met. */
  readonly conflicts: number;
  readonly waiting: (queue: string) => number;
  readonly items: (table: string) => readonly Item[];
  readonly item: (table: string, key: string) => Item | undefined;
  /** Of the log. */
  readonly shards: readonly Shard[];
  readonly eventsIn: (shard: Shard) => readonly LoggedEvent[];
  /** What a body holds, its envelope opened. */
  readonly contentOf: (body: string) => string;
}

export interface Violation {
  readonly invariant: string;
  readonly message: string;
}

/** Says what is wrong; nothing when the invariant holds. */
export type Invariant = (outcome: Outcome) => readonly string[];

/** An invariant over one consumer, for all of them. */
export const each =
  (check: (deployed: Deployed, outcome: Outcome) => readonly string[]): Invariant =>
  (outcome) =>
    outcome.deployed.flatMap((one) => check(one, outcome).map((text) => `${one.station.plan.name}: ${text}`));

/** Nothing went wrong but what the events' plans say. */
export const isCalm = ({ faults }: Outcome): boolean => faults === 0;

/** Not even two writers met, which costs a try. */
export const isQuiet = ({ faults, conflicts }: Outcome): boolean => faults === 0 && conflicts === 0;

export const isTroubled = ({ form, fails, defers, hangs, crashes, rejects }: EventPlan): boolean =>
  form !== 'good' || fails > 0 || defers > 0 || hangs > 0 || crashes > 0 || rejects;

export function countOf(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

export function outOfOrder(events: readonly Pick<Effect, 'key' | 'n' | 'id'>[]): string[] {
  return [...Map.groupBy(events, ({ key }) => key).values()].flatMap((ofKey) =>
    ofKey.flatMap((event, i) => {
      const before = ofKey[i - 1];
      return before !== undefined && before.n > event.n ? [`${event.id} came after ${before.id}`] : [];
    }),
  );
}
