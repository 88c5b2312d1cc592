import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../../lib/local/engine.ts';
import type { FaultKindName, Made } from '../../lib/local/faults.ts';
import {
  deadEventIds,
  type Letters,
  lettersOf,
  reasonsOf,
  wrongLetters,
} from '../../lib/operations/systems/letters.ts';
import { sendMalformed } from '../../lib/operations/systems/malformed.ts';
import { readSamples } from '../../lib/operations/systems/samples.ts';
import { stillToDo } from '../../lib/operations/systems/settled.ts';
import type { SampleProducer, Sent, System, SystemTools, World } from '../../lib/operations/systems/system.ts';
import type { FaultOptions } from '../options/fault-options.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type Report, totalOf } from './demo-report.ts';
import { sendSamples } from './sample-traffic.ts';

export interface Run {
  readonly engine: Pick<Engine, 'busy' | 'services'>;
  readonly terminal: Terminal;
  readonly system: System;
  readonly tools: SystemTools;
  readonly producer: SampleProducer;
  readonly world: World;
  readonly signal: AbortSignal;
  readonly options: FaultOptions & { readonly minutes?: number; readonly rate: number };
  /** Duplicates that consumers have suppressed so far, by subscription. */
  readonly suppressed: () => Readonly<Record<string, number>>;
  /** Faults that were made beside those by chance: what they excuse is no problem. @default none */
  readonly alsoMade?: () => readonly Made[];
  /** Invocations so far. */
  readonly invocations: () => number;
}

const SETTLE_POLL_MS = 250;
/** Without anything coming on: a slow machine may take longer in all. */
const SETTLE_TIMEOUT_MS = 75_000;
/** In all. What a killed function held comes back after the visibility timeout of its queue: minutes, and some of it more than once. */
const SETTLE_AT_MOST_MS = 15 * 60_000;
/** Consumers of logs and streams are asked for new records once a second at least: so many looks without an invocation. */
const QUIET_LOOKS = 6;

/**
 * Sends the samples of a system, makes trouble, waits until everything has come to rest, and compares what is there with what was put in.
 * @returns undefined when interrupted
 */
export async function reconciledRun(run: Run): Promise<Report | undefined> {
  const { engine, terminal, system, tools, producer, world, signal, options } = run;
  const prepared = readSamples(producer);
  await tools.prepare?.(world, prepared);
  const sent = await sendSamples(producer, world, { ...options, signal }, terminal);
  if (signal.aborted) return undefined;

  terminal.note('Making trouble: events published twice, and messages that nobody can read ...');
  const trouble = (await tools.trouble?.(world, sent)) ?? {};
  const malformed = await sendMalformed(system.contract, world);

  const { random } = engine.services.faults;
  const alsoMade = run.alsoMade?.() ?? [];
  engine.services.faults.clear();
  const rest = await waitForRest(run);
  if (rest === undefined) return undefined;
  const letters = await lettersOf(world);
  const dead = deadEventIds(letters);
  const made = [...(random?.made ?? []), ...alsoMade];
  const found = await tools.reconcile(
    {
      sent,
      prepared,
      faults: made,
      isDead: (consumer, eventId) => dead.get(consumer)?.has(eventId) ?? false,
      unseen: letters.unseen,
    },
    world,
  );
  const wrong = wrongLetters(letters, { malformed, deliberate: tools.deliberate ?? {}, atRisk: atRisk(world, made) });
  const counts = countAnswers(producer, sent);
  const duplicates = { [producer.takenBy]: counts.sentTwice, ...run.suppressed() };
  return {
    system: system.name,
    ...{ unit: producer.unit, takenBy: producer.takenBy },
    ...{ figures: found.figures, rows: found.rows },
    ...{ lost: found.lost, duplicatedEffects: found.duplicatedEffects, outOfOrder: found.outOfOrder },
    deadLettered: lettersIn(letters),
    deadLetters: reasonsOf(letters),
    unread: letters.unread,
    unchecked: world.deployed.consumers.filter((name) => !tools.reconciled.includes(name)),
    faults: random === undefined ? null : { ...random.plan, made: random.counts },
    malformed: malformed.reasons.length,
    ...counts,
    trouble,
    duplicatesSuppressed: totalOf(duplicates),
    duplicates,
    seconds: round(performance.now() / 1_000),
    secondsToFirstEffect:
      found.firstEffect === undefined ? null : round((found.firstEffect - performance.timeOrigin) / 1_000),
    problems: [...rest.map((text) => `did not come to rest: ${text}`), ...found.problems, ...wrong],
  };
}

const round = (seconds: number): number => Math.round(seconds * 10) / 10;

const lettersIn = ({ seen, unseen }: Letters): number =>
  Object.values(seen).reduce((sum, { length }) => sum + length, 0) + totalOf(unseen);

/** A sample that is sent twice is the same request again, with the same identity. */
function countAnswers(producer: SampleProducer, sent: readonly Sent[]): { sentTwice: number; refusedTwice: number } {
  const outcomes = sent.map(({ reply }) => producer.answerOf(reply).outcome);
  const refused = sent.filter((_, i) => outcomes[i] === 'refused').map(({ request }) => JSON.stringify(request));
  return {
    sentTwice: outcomes.filter((outcome) => outcome === 'duplicate').length,
    refusedTwice: refused.length - new Set(refused).size,
  };
}

/** Faults after which a consumer does something once more: it died, its answer was lost, it was asked twice, or did not hear in time. */
const REPEATING: ReadonlySet<FaultKindName> = new Set(['kill', 'lose-response', 'duplicate', 'throttle']);

/** By consumer: what the faults that were made excuse, and no more: each at most one dead letter more. */
export function atRisk({ stackName }: Pick<World, 'stackName'>, made: readonly Made[]): Record<string, number> {
  const repeating = made.filter(({ kind }) => REPEATING.has(kind));
  const byConsumer = Map.groupBy(repeating, ({ functionName = '' }) => functionName.replace(`${stackName}-`, ''));
  return Object.fromEntries([...byConsumer].map(([consumer, { length }]) => [consumer, length]));
}

/** @returns what is left to do when the time is up, nothing when all is done; undefined when interrupted */
async function waitForRest(run: Run): Promise<readonly string[] | undefined> {
  const { engine, terminal, system, tools, world, signal, options, invocations } = run;
  terminal.note('Waiting until everything has come to rest ...');
  const last = performance.now() + SETTLE_AT_MOST_MS;
  const patience = options.faults === undefined ? SETTLE_TIMEOUT_MS : SETTLE_AT_MOST_MS;
  let [deadline, before] = [0, ''];
  const looks = keepsPositions(run) ? 0 : QUIET_LOOKS;
  let [quiet, count] = [0, invocations()];
  for (;;) {
    if (signal.aborted) return undefined;
    const left = [...(await stillToDo(system.contract, world)), ...((await tools.stillToDo?.(world)) ?? [])];
    if (before !== `${left}` || deadline === 0) deadline = Math.min(last, performance.now() + patience);
    before = `${left}`;
    const rests = left.length === 0 && engine.busy === 0;
    quiet = rests && invocations() === count ? quiet + 1 : 0;
    count = invocations();
    if ((rests && quiet >= looks) || performance.now() > deadline) return left;
    await sleep(SETTLE_POLL_MS);
  }
}

/** Whether all consumers of logs are aggregations, whose positions can be read, and no table's changes are consumed but an outbox's. */
function keepsPositions({ system: { contract }, world: { deployed } }: Run): boolean {
  const aggregations = contract.subscriptions.filter(({ guarantee }) => guarantee === 'exactly-once-aggregation');
  const known = new Set(aggregations.map(({ name }) => name));
  return (
    deployed.logs.every(({ consumers }) => consumers.every((name) => known.has(name))) &&
    deployed.tableStreams.every(({ name }) => deployed.outboxTables.includes(name))
  );
}
