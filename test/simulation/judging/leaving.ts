import { maxReceiveCountOf } from '../../../lib/contracts/subscriptions/delivery-numbers.ts';
import { LONGEST_WAY_MILLIS } from '../../../lib/testing/calls/wire.ts';
import { HOLDS_EVENT } from '../scenario/bodies.ts';
import type { EventPlan } from '../scenario/events.ts';
import type { Fault } from '../scenario/faults.ts';
import { INBOX } from '../system/names.ts';
import { MAX_ROUNDS } from '../system/operator.ts';
import { isContested, type Journal, type Letter, type Run } from './journal.ts';
import { countOf, each, isCalm, isQuiet, isTroubled, type Outcome } from './outcome.ts';

/** Invariants of what becomes of a message in the end: tries, dead letters, parking. */

/** Every body that the channel took in has had its effect, or is parked, or is in the dead letters. */
export const nothingLost = each(({ station: { plan, journal } }, outcome) => {
  if (plan.mode === 'at-most-once') return [];
  const done = new Set(journal.effects.map(({ id, ref }) => `${id} ${ref}`));
  const counted = plan.mode === 'aggregate' ? journal.completions : new Map<string, number>();
  const aside = new Set([
    ...journal.letters.filter(({ sentBack }) => sentBack === undefined).map(({ body }) => body),
    ...journal.discarded,
    ...parkedBodies(outcome, plan.name),
  ]);
  return journal.accepted.flatMap(({ body, event }) => {
    const known = event !== undefined && (done.has(`${event.id} ${event.ref}`) || counted.has(event.id));
    return known || aside.has(body) ? [] : [`${event?.id ?? shown(body)} is neither done nor parked nor dead-lettered`];
  });
});

/** What the runtime puts into the dead letters says why. */
export const deadLettersSayWhy = each(({ station: { journal } }) =>
  journal.letters.flatMap(({ reason, moved, body }) =>
    moved || (reason !== undefined && reason !== '') ? [] : [`a dead letter has no reason: ${shown(body)}`],
  ),
);

/** Without faults nothing leaves but by the runtime's decision: neither its queue nor its mapping gives it up. */
export const leavesByDecision = each(({ station: { journal } }, outcome) => {
  if (!isCalm(outcome)) return [];
  return [
    ...journal.letters.flatMap(({ moved, body }) => (moved ? [`the queue gave up ${shown(body)}`] : [])),
    ...journal.discarded.map((body) => `the mapping gave up ${shown(body)}`),
  ];
});

/** A dead letter has all attributes that the message had, with their types. */
export const attributesKept = each(({ station: { journal } }) =>
  journal.letters.flatMap(({ body, attributes }) => {
    const given = journal.accepted.filter((one) => one.body === body).map((one) => one.attributes);
    const kept = given.some((had) =>
      Object.entries(had).every(([name, value]) => JSON.stringify(attributes[name]) === JSON.stringify(value)),
    );
    return kept || given.length === 0 ? [] : [`the dead letter of ${shown(body)} lacks attributes it had`];
  }),
);

/** Without faults, what nothing is wrong with is handled, whatever lies beside it. */
export const neighboursHandled = each(({ station: { plan, journal } }, outcome) => {
  if (!isQuiet(outcome) || plan.mode === 'at-most-once') return [];
  const sound = new Set(
    outcome.scenario.events.filter((one) => isSound(one) && isQuick(one, plan)).map(({ ref }) => ref),
  );
  const left = [...journal.letters, ...journal.discarded.map((body) => ({ body, reason: 'given up by the mapping' }))];
  return journal.accepted.flatMap(({ event, body }) => {
    if (event === undefined || !sound.has(event.ref) || isContested(event, journal)) return [];
    const letter = left.find((one) => one.body === body && one.reason !== LATE);
    return letter === undefined ? [] : [`${event.id} was given up (${letter.reason}) and nothing is wrong with it`];
  });
});

const LATE = 'late';

/** Its work is done long before the function's time is up, however slowly the services around it answer. */
const isQuick = ({ work }: EventPlan, { timeout }: { readonly timeout: number }): boolean => work < 500 * timeout;

const isSound = (plan: EventPlan): boolean =>
  !isTroubled({ ...plan, form: holdsEvent(plan) ? 'good' : plan.form, defers: 0 });
const holdsEvent = ({ form }: EventPlan): boolean => form === 'good' || HOLDS_EVENT.has(form);

/** On a queue without order, a message that nothing is wrong with is received once: no other one holds it up. */
export const neighboursNotHeld = each(({ station: { plan, journal } }, outcome) => {
  const { events } = outcome.scenario;
  // Of a function that ends, everything comes again.
  const ends = events.some(({ crashes }) => crashes > 0);
  if (!isQuiet(outcome) || plan.source !== 'queue' || plan.breaker || plan.mode === 'at-most-once' || ends) return [];
  const quick = (one: EventPlan) => one.defers === 0 && isQuick(one, plan);
  const sound = new Set(events.filter((one) => isSound(one) && quick(one)).map(({ ref }) => ref));
  return journal.accepted.flatMap(({ event, received }) => {
    if (event === undefined || !sound.has(event.ref) || isContested(event, journal)) return [];
    const times = received?.receives ?? 1;
    return times > 1 ? [`${event.id} was received ${times} times and nothing is wrong with it`] : [];
  });
});

/** Whether two lives of a message may come of it. */
const isDoubling = (fault: Fault): boolean =>
  fault.kind === 'duplicate' ||
  (fault.kind === 'invoke' && (fault.what === 'double' || fault.what === 'visible-early'));

/** Nothing is tried more often than declared, and nothing is received without end. */
export const retryCapKept = each(({ station: { plan, journal, subscription } }, outcome) => {
  const { scenario, faults, conflicts } = outcome;
  const problems: string[] = [];
  const most = maxReceiveCountOf(subscription);
  if (journal.mostReceives > most)
    problems.push(`a message was received ${journal.mostReceives} times (at most ${most})`);
  const copies = countOf(journal.accepted.map(({ event }) => String(event?.ref)));
  // What is received by two at once is given up by one while the other tries it: two lives.
  const doubled = scenario.faults.filter(isDoubling).length;
  const resumes = plan.park ? 2 * MAX_ROUNDS : 0;
  // One that nobody waited for any more may have been no try, for want of time.
  // What failed for the last time just before the function ended under another is tried once more: of a log, nobody had given it up; of a queue, it may not have been counted.
  const ended = plan.source === 'log' ? endedInvocations(journal) : new Set<string>();
  const failed = journal.runs.filter(
    (run) => run.outcome === 'failed' && !run.abandoned && !ended.has(invocationOf(run)) && !isUncounted(run, journal),
  );
  for (const [ref, failures] of countOf(failed.map(({ ref }) => String(ref)))) {
    const crashes = journal.runs.filter((run) => String(run.ref) === ref && run.outcome === 'crashed').length;
    const mishaps = faults + conflicts + crashes;
    const cap = (plan.attempts + mishaps) * ((copies.get(ref) ?? 1) + doubled) + resumes;
    if (failures > cap) problems.push(`event ${ref} failed ${failures} times (at most ${cap})`);
  }
  return problems;
});

/**
 * An event is given up only for its own failures, and not before it had the tries that were declared; sent back, it has them again.
 * What failed beside it is no reason.
 */
export const givenUpForCause = each(({ station: { plan, journal } }, { scenario, faults, conflicts }) => {
  if (plan.mode === 'at-most-once') return [];
  const left = [
    ...journal.letters,
    ...journal.discarded.map((body) => ({ body, reason: 'given up by the mapping', at: Number.POSITIVE_INFINITY })),
  ];
  // Of a message that has two lives at once nobody can tell whose tries are whose.
  const isDoubled = scenario.faults.some(isDoubling);
  const identities = new Map(journal.accepted.map(({ body, event }) => [body, event]));
  return left.flatMap((letter) => {
    const { body, reason, at } = letter;
    const event = identities.get(body);
    const planned = scenario.events.find(({ ref }) => ref === event?.ref);
    if (event === undefined || planned === undefined || !holdsEvent(planned) || reason === LATE) return [];
    if (planned.rejects || isContested(event, journal)) return [];
    const since = isDoubled
      ? Number.NEGATIVE_INFINITY
      : (takenIn(letter, journal) ?? sentBackBefore(body, at, journal.letters));
    const tries = journal.runs
      .filter((run) => run.ref === event.ref && run.from >= since && run.from <= at)
      .filter(isTry);
    // Every attempt must be accounted for: by a try that came to nothing, or by something that went wrong around it.
    if (tries.length + faults + conflicts >= plan.attempts) return [];
    return [`${event.id} was given up (${reason}) after ${tries.length} tries; ${plan.attempts} attempts are declared`];
  });
});

/**
 * When the very message of a letter was taken in. What has two letters, as the answer to the first was lost, is sent back twice, and then has two messages with
 * tries of their own, one between those of the other.
 */
const takenIn = ({ body, firstReceived = Number.NaN }: Partial<Letter>, { accepted }: Journal): number | undefined =>
  accepted.find(
    (one) => one.body === body && Math.abs((one.received?.firstReceived ?? one.at) - firstReceived) <= ROUNDING_MILLIS,
  )?.at;
/** Lambda tells the arrival of a record in seconds. */
const ROUNDING_MILLIS = 1;

/** When a body was last sent back before it was given up again. */
const sentBackBefore = (body: string, at: number, letters: readonly Letter[]): number =>
  Math.max(
    Number.NEGATIVE_INFINITY,
    ...letters.flatMap((letter) =>
      letter.body === body && letter.sentBack !== undefined && letter.sentBack <= at ? [letter.sentBack] : [],
    ),
  );

/** Whether a run of a handler came to nothing: it failed, or nobody heard of it again. */
const isTry = ({ outcome, hung, late, abandoned }: Run): boolean =>
  hung ||
  late ||
  abandoned ||
  outcome === undefined ||
  outcome === 'failed' ||
  outcome === 'hung' ||
  outcome === 'crashed';

/** A handler is told which try it is, in this life of the message: receives do not count. */
export const attemptIsTheTry = each(({ station: { plan, journal } }, outcome) => {
  if (!isQuiet(outcome) || plan.mode === 'at-most-once' || plan.mode === 'aggregate' || plan.park) return [];
  // Of a log's batch that is split under a function's end, the second half begins anywhere: nobody asks whether there are tries in it.
  const isSplit = plan.source === 'log' && outcome.scenario.events.some(({ crashes }) => crashes > 0);
  // What failed just before the function ended under another message may not have been counted any more.
  const ended = endedInvocations(journal);
  return journal.runs.flatMap((run) => {
    const accepted = journal.accepted.find(({ event }) => event?.ref === run.ref);
    const since = sentBackBefore(accepted?.body ?? '', run.from, journal.letters);
    const earlier = journal.runs.filter(({ ref, from }) => ref === run.ref && from >= since && from < run.from);
    // A log brings what was done again, with those before it: it has all its tries then.
    const done = Math.max(since, ...earlier.filter(({ outcome }) => outcome === 'returned').map(({ from }) => from));
    // One that was given too little time is none, and an end of the function is known to be one only when it comes again and again.
    const least = earlier.filter(
      (one) =>
        one.outcome === 'failed' &&
        !one.abandoned &&
        !one.late &&
        !one.hung &&
        one.from > done &&
        !ended.has(invocationOf(one)),
    ).length;
    const tooFew = run.attempt <= least && !isSplit;
    if (!tooFew && run.attempt <= earlier.length + 1) return [];
    return [`${run.id} was told it is try ${run.attempt} after ${least} to ${earlier.length} others`];
  });
});

/** What a store answers that is busy. Everything else that goes wrong may cost a try. */
const BUSY: ReadonlySet<string> = new Set(['throttle', 'refuse', 'conflict']);

/** A store that says: not now, costs no try: a handler is told of no more tries than have come to nothing. */
export const busyStoreSpendsNoTry = each(({ station: { plan, journal } }, { scenario }) => {
  if (plan.mode === 'at-most-once' || plan.mode === 'aggregate' || plan.park) return [];
  const others = scenario.faults.filter((fault) => fault.kind !== 'call' || !BUSY.has(fault.what)).length;
  return journal.runs.flatMap((run) => {
    const before = journal.runs.filter(({ ref, from }) => ref === run.ref && from < run.from).filter(isTry).length;
    const most = before + others + 1;
    return run.attempt <= most ? [] : [`${run.id} was told it is try ${run.attempt}, and ${before} came to nothing`];
  });
});

/** The longest that a failed try may take to be counted without faults: a lease is given back, and the try noted, each by a request and its answer. */
const COUNTED_AFTER_MILLIS = 4 * LONGEST_WAY_MILLIS;

/** Whether the function ended under another message before a failed try can have been counted: nobody knows of it then. */
const isUncounted = ({ instance, invocation, to = 0 }: Run, { runs }: Journal): boolean =>
  runs.some(
    (other) =>
      other.outcome === 'crashed' &&
      other.instance === instance &&
      other.invocation === invocation &&
      (other.to ?? 0) >= to &&
      (other.to ?? 0) - to <= COUNTED_AFTER_MILLIS,
  );

const endedInvocations = ({ runs }: Journal): ReadonlySet<string> =>
  new Set(runs.filter((run) => run.outcome === 'crashed').map(invocationOf));

const invocationOf = ({ instance, invocation }: Run): string => `${instance} ${invocation}`;

/** What is acknowledged before it is handled is handled once, unless it is delivered twice. */
export const atMostOnce = each(({ station: { plan, journal } }, { scenario }) => {
  const singly = scenario.faults.every(
    (fault) =>
      (fault.kind === 'call' && fault.what === 'partial') || (fault.kind === 'invoke' && fault.what === 'lost-answer'),
  );
  if (plan.mode !== 'at-most-once' || !singly) return [];
  const copies = countOf(journal.accepted.map(({ event }) => String(event?.ref)));
  return [...countOf(journal.runs.map(({ ref }) => String(ref)))].flatMap(([ref, runs]) =>
    runs > (copies.get(ref) ?? 0) ? [`event ${ref} was handled ${runs} times`] : [],
  );
});

const shown = (body: string): string => (body.length > 80 ? `${body.slice(0, 80)}... (${body.length})` : body);

function parkedBodies({ items, contentOf }: Outcome, consumer: string): string[] {
  return items(INBOX).flatMap(({ pk, body }) =>
    String(pk?.S).startsWith(`parked!${consumer}!`) && body?.S !== undefined ? [contentOf(String(body.S))] : [],
  );
}
