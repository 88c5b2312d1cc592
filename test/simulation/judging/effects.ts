import { totalKey } from '../system/handlers.ts';
import { STATE_TABLE } from '../system/names.ts';
import type { Effect } from './journal.ts';
import { countOf, each, outOfOrder } from './outcome.ts';

/** Invariants of what handling a message brings about. */

/** `effect`, `natural` and aggregations: the effect of an event comes to be at most once. */
export const noEffectTwice = each(({ station: { plan, journal } }) => {
  if (!ONCE.has(plan.mode)) return [];
  return [...countOf(journal.effects.map(({ id }) => id))].flatMap(([id, count]) =>
    count > 1 ? [`the effect of ${id} came to be ${count} times`] : [],
  );
});

const ONCE: ReadonlySet<string> = new Set(['effect', 'natural']);

/** A key of the inbox is completed at most once, whoever holds or has held it. */
export const oneCompletion = each(({ station: { journal } }) =>
  [...journal.completions].flatMap(([id, count]) => (count > 1 ? [`${id} was completed ${count} times`] : [])),
);

/** Nobody handles an event while another holds its lease, unless clocks, lost renewals or frozen instances explain it. */
export const leaseHeldAlone = each(({ station: { plan, journal } }, { scenario }) => {
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
export const stepsReplayed = each(({ station: { journal } }) =>
  [...Map.groupBy(journal.steps, ({ id }) => id)].flatMap(([id, given]) => {
    const results = new Set(given.map(({ result }) => result));
    return results.size > 1 ? [`step ${id} came to ${results.size} different results`] : [];
  }),
);

/** On an ordered channel the events of a key have their first effect in order; those given up are left out. */
export const orderPerKey = each(({ station: { plan, journal } }) => {
  if (plan.source === 'queue' || plan.mode === 'aggregate') return [];
  const left = journal.letters.filter(({ moved }) => moved || !plan.park).map(({ body }) => body);
  const givenUp = new Set([...left, ...journal.discarded]);
  const out = new Set(journal.accepted.flatMap(({ body, event }) => (givenUp.has(body) ? [event?.id] : [])));
  const first = new Map<string, Effect>();
  for (const effect of journal.effects) if (!first.has(effect.id)) first.set(effect.id, effect);
  return outOfOrder([...first.values()].filter(({ id }) => !out.has(id.split('#part-')[0]))).map(
    (text) => `effects: ${text}`,
  );
});

/** Totals equal the sum of the events that took effect. */
export const totalsExact = each(({ station: { plan, journal } }, { item }) => {
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

/** What a handler comes to after its invocation has ended is not written: another try may be at work by then. */
export const abandonedHasNoEffect = each(({ station: { journal } }) =>
  journal.effects.flatMap(({ id, late }) =>
    late ? [`the effect of ${id} was written by an abandoned invocation`] : [],
  ),
);
