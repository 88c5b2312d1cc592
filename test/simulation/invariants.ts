import { maxReceiveCountOf } from '../../lib/contracts/delivery-numbers.ts';
import { totalKey } from './handlers.ts';
import type { Effect, EventIdentity } from './journal.ts';
import { INBOX, STATE_TABLE } from './names.ts';
import { MAX_ROUNDS } from './operator.ts';
import type { EventPlan, Scenario } from './scenario.ts';
import type { Item } from './services/expressions.ts';
import type { Deployed } from './station.ts';

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
  /** Whatever may explain a lost attempt: faults, conflicts, timeouts, crashes. */
  readonly mishaps: number;
  readonly waiting: (queue: string) => number;
  readonly items: (table: string) => readonly Item[];
  readonly item: (table: string, key: string) => Item | undefined;
}

export interface Violation {
  readonly invariant: string;
  readonly message: string;
}

/** Says what is wrong; nothing when the invariant holds. */
type Invariant = (outcome: Outcome) => readonly string[];

/** An invariant over one consumer, for all of them. */
const each =
  (check: (deployed: Deployed, outcome: Outcome) => readonly string[]): Invariant =>
  (outcome) =>
    outcome.deployed.flatMap((one) => check(one, outcome).map((text) => `${one.station.plan.name}: ${text}`));

/** Every body that the channel took in has had its effect, or is parked, or is in the dead letters. */
const nothingLost = each(({ station: { plan, journal } }, outcome) => {
  if (plan.mode === 'at-most-once') return [];
  const done = new Set(journal.effects.map(({ id, ref }) => `${id} ${ref}`));
  const counted = plan.mode === 'aggregate' ? journal.completions : new Map<string, number>();
  const aside = new Set([
    ...journal.letters.map(({ body }) => body),
    ...journal.discarded,
    ...parkedBodies(outcome, plan.name),
  ]);
  return journal.accepted.flatMap(({ body, event }) => {
    const known = event !== undefined && (done.has(`${event.id} ${event.ref}`) || counted.has(event.id));
    return known || aside.has(body) ? [] : [`${event?.id ?? body} is neither done nor parked nor dead-lettered`];
  });
});

/** What the runtime puts into the dead letters says why. */
const deadLettersSayWhy = each(({ station: { journal } }) =>
  journal.letters.flatMap(({ reason, redriven, body }) =>
    redriven || (reason !== undefined && reason !== '') ? [] : [`a dead letter has no reason: ${body}`],
  ),
);

/** `effect`, `natural` and aggregations: the effect of an event comes to be at most once. */
const noEffectTwice = each(({ station: { plan, journal } }) => {
  if (!ONCE.has(plan.mode)) return [];
  return [...countOf(journal.effects.map(({ id }) => id))].flatMap(([id, count]) =>
    count > 1 ? [`the effect of ${id} came to be ${count} times`] : [],
  );
});
const ONCE: ReadonlySet<string> = new Set(['effect', 'natural']);

/** A key of the inbox is completed at most once, whoever holds or has held it. */
const oneCompletion = each(({ station: { journal } }) =>
  [...journal.completions].flatMap(([id, count]) => (count > 1 ? [`${id} was completed ${count} times`] : [])),
);

/** Nobody handles an event while another holds its lease, unless clocks, lost renewals or frozen instances explain it. */
const leaseHeldAlone = each(({ station: { plan, journal } }, { scenario }) => {
  const explained = journal.leaseDisturbed || scenario.skews.some((skew) => skew !== 0);
  if (plan.mode !== 'lease' || explained) return [];
  return journal.runs.flatMap((run, i) => {
    const other = journal.runs
      .slice(0, i)
      .find(
        ({ id, instance, to }) => id === run.id && instance !== run.instance && (to === undefined || to > run.from),
      );
    return other === undefined ? [] : [`${run.id} was handled by ${other.instance} and ${run.instance} at once`];
  });
});

/** Whoever works on an event is given the same result of a step: that of whoever did it first. */
const stepsReplayed = each(({ station: { journal } }) =>
  [...Map.groupBy(journal.steps, ({ id }) => id)].flatMap(([id, given]) => {
    const results = new Set(given.map(({ result }) => result));
    return results.size > 1 ? [`step ${id} came to ${results.size} different results`] : [];
  }),
);

/** On an ordered channel the events of a key have their first effect in order; those given up are left out. */
const orderPerKey = each(({ station: { plan, journal } }) => {
  if (plan.source === 'queue' || plan.mode === 'aggregate') return [];
  const left = journal.letters.filter(({ redriven }) => redriven || !plan.park).map(({ body }) => body);
  const givenUp = new Set([...left, ...journal.discarded]);
  const out = new Set(journal.accepted.flatMap(({ body, event }) => (givenUp.has(body) ? [event?.id] : [])));
  const first = new Map<string, Effect>();
  for (const effect of journal.effects) if (!first.has(effect.id)) first.set(effect.id, effect);
  return outOfOrder([...first.values()].filter(({ id }) => !out.has(id.split('#part-')[0]))).map(
    (text) => `effects: ${text}`,
  );
});

/** What is published arrives in order per key on an ordered channel. */
const publishedInOrder = each(({ station: { plan, journal } }) => {
  if (plan.source === 'queue') return [];
  const first = new Map<string, EventIdentity>();
  for (const { event } of journal.accepted) if (event !== undefined && !first.has(event.id)) first.set(event.id, event);
  return outOfOrder([...first.values()]).map((text) => `published: ${text}`);
});

/** What the publisher reports sent is in the channel. */
const publisherIsHonest: Invariant = ({ sentButLost }) =>
  sentButLost.map((id) => `${id} was reported sent and is not there`);

/** Every event that was committed reaches every channel, and a sequence has no gaps. */
const outboxDelivers = each(({ station: { journal } }, { outboxRows }) => {
  const there = new Set(journal.accepted.map(({ event }) => event?.id));
  return outboxRows.filter(({ id }) => !there.has(id)).map(({ id }) => `${id} was committed and not published`);
});

const outboxHasNoGaps: Invariant = ({ outboxRows }) => [
  ...[...Map.groupBy(outboxRows, ({ key }) => key)].flatMap(([key, rows]) =>
    rows.flatMap(({ n }, i) => (n === i + 1 ? [] : [`row ${i + 1} of ${key} has sequence ${n}`])),
  ),
  ...[...countOf(outboxRows.map(({ ref }) => String(ref)))].flatMap(([ref, count]) =>
    count > 1 ? [`event ${ref} was committed ${count} times`] : [],
  ),
];

/** Nothing is tried more often than declared, and nothing is received without end. */
const retryCapKept = each(({ station: { plan, journal, subscription } }, { scenario, mishaps }) => {
  const problems: string[] = [];
  const most = maxReceiveCountOf(subscription);
  if (journal.mostReceives > most)
    problems.push(`a message was received ${journal.mostReceives} times (at most ${most})`);
  const copies = countOf(journal.accepted.map(({ event }) => String(event?.ref)));
  // A stream starts its count again whenever its checkpoint moves, so one failing record has as many rounds as there are others.
  const rounds = plan.source === 'log' ? scenario.events.filter(isTroubled).length : 1;
  const doubled = scenario.faults.filter(({ kind }) => kind === 'duplicate').length;
  const resumes = plan.park ? 2 * MAX_ROUNDS : 0;
  for (const [ref, failures] of countOf(
    journal.runs.filter(({ outcome }) => outcome === 'failed').map(({ ref }) => String(ref)),
  )) {
    const cap = (plan.attempts * rounds + mishaps) * ((copies.get(ref) ?? 1) + doubled) + resumes;
    if (failures > cap) problems.push(`event ${ref} failed ${failures} times (at most ${cap})`);
  }
  return problems;
});

/** An event is given up only for its own failures, and not before it had the tries that were declared. */
const givenUpForCause = each(({ station: { plan, journal } }, { scenario, mishaps }) => {
  if (plan.mode === 'at-most-once') return [];
  const bodies = [
    ...journal.letters.map(({ body, reason }) => ({ body, reason })),
    ...journal.discarded.map((body) => ({ body, reason: 'given up by the mapping' })),
  ];
  const identities = new Map(journal.accepted.map(({ body, event }) => [body, event]));
  return bodies.flatMap(({ body, reason }) => {
    const event = identities.get(body);
    const planned = scenario.events.find(({ ref }) => ref === event?.ref);
    const contested = journal.accepted.some(
      (other) => other.event?.id === event?.id && other.event?.ref !== event?.ref,
    );
    if (event === undefined || planned === undefined || planned.form !== 'good') return [];
    if (planned.rejects || contested) return [];
    const failures = journal.runs.filter(({ ref, outcome }) => ref === event.ref && outcome === 'failed').length;
    // Every attempt must be accounted for: by a failure of its own, or by something that went wrong around it.
    if (failures + mishaps >= plan.attempts) return [];
    return [`${event.id} was given up (${reason}) after ${failures} failures; ${plan.attempts} attempts are declared`];
  });
});

/** When nothing is left to happen, nothing is left to do. */
const everythingSettles: Invariant = ({ settled, deployed, unpublished, waiting, failures, item }) => [
  ...(settled ? [] : ['the run did not come to an end']),
  ...(unpublished === 0 ? [] : [`${unpublished} outbox rows are unpublished`]),
  ...failures.map((error) => `a producer failed: ${error.stack ?? error.message}`),
  ...deployed.flatMap(({ station: { plan }, mapping }) => {
    if ('isAtEnd' in mapping) return mapping.isAtEnd() ? [] : [`${plan.name} has not read its log to the end`];
    const left = waiting(plan.name);
    const { enabled, batchSize, concurrency } = mapping.settings();
    // A breaker that has not seen a success since stays on trial.
    const onTrial = item(INBOX, `breaker!${plan.name}`) !== undefined;
    const asDeclared = enabled && (onTrial || (batchSize === plan.batchSize && concurrency === plan.concurrency));
    return [
      ...(left === 0 ? [] : [`${left} messages are left in ${plan.name}`]),
      ...(asDeclared ? [] : [`the mapping of ${plan.name} was left as ${JSON.stringify(mapping.settings())}`]),
    ];
  }),
];

/** Totals equal the sum of the events that took effect. */
const totalsExact = each(({ station: { plan, journal } }, { item }) => {
  if (!ONCE.has(plan.mode) && plan.mode !== 'aggregate') return [];
  const accepted = journal.accepted.flatMap(({ event }) => event ?? []);
  const counted =
    plan.mode === 'aggregate'
      ? [...new Map(accepted.map((event) => [event.id, event])).values()].filter(({ id }) =>
          journal.completions.has(id),
        )
      : [...new Map(journal.effects.map((effect) => [effect.id, effect])).values()];
  return [...Map.groupBy(counted, ({ key }) => key)].flatMap(([key, events]) => {
    const expected = events.reduce((sum, { amount }) => sum + amount, 0);
    const total = Number(item(STATE_TABLE, totalKey(plan.name, key))?.amount?.N ?? 0);
    return total === expected ? [] : [`the total of ${key} is ${total}; its events sum to ${expected}`];
  });
});

/** The invariants, by name. */
export const INVARIANTS = {
  nothingLost,
  deadLettersSayWhy,
  noEffectTwice,
  oneCompletion,
  leaseHeldAlone,
  stepsReplayed,
  orderPerKey,
  publishedInOrder,
  publisherIsHonest,
  outboxDelivers,
  outboxHasNoGaps,
  retryCapKept,
  givenUpForCause,
  everythingSettles,
  totalsExact,
} as const satisfies Record<string, Invariant>;

export type InvariantName = keyof typeof INVARIANTS;

const isTroubled = ({ form, fails, defers, rejects }: EventPlan): boolean =>
  form !== 'good' || fails > 0 || defers > 0 || rejects;

function countOf(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function outOfOrder(events: readonly Pick<Effect, 'key' | 'n' | 'id'>[]): string[] {
  return [...Map.groupBy(events, ({ key }) => key).values()].flatMap((ofKey) =>
    ofKey.flatMap((event, i) => {
      const before = ofKey[i - 1];
      return before !== undefined && before.n > event.n ? [`${event.id} came after ${before.id}`] : [];
    }),
  );
}

function parkedBodies({ items }: Outcome, consumer: string): string[] {
  return items(INBOX).flatMap(({ pk, body }) =>
    String(pk?.S).startsWith(`parked!${consumer}!`) && body?.S !== undefined ? [String(body.S)] : [],
  );
}
