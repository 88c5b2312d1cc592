import type { QueueDepth } from './messaging.ts';
import type { StackInfo } from './provision/resources/deployed.ts';

/** How an app is doing right now, whoever made it. */
export interface Vitals {
  /** Messages that wait in queues, and messages that somebody has received: without those in dead-letter queues. */
  readonly waiting: number;
  readonly inFlight: number;
  /** Messages in every dead-letter queue that has some, by its name. */
  readonly deadLetters: Readonly<Record<string, number>>;
  /** Names of the alarms in ALARM. */
  readonly alarms: readonly string[];
}

export interface VitalsSources {
  readonly depths: readonly QueueDepth[];
  readonly stacks: readonly StackInfo[];
  readonly alarms: readonly { readonly name: string; readonly state: { readonly value: string } }[];
}

/** Looks at all queues and alarms. */
export function readVitals({ depths, stacks, alarms }: VitalsSources): Vitals {
  const ends = new Set([
    ...stacks.flatMap(({ resources }) => Object.values(resources).flatMap(({ properties }) => lastStops(properties))),
    ...depths.flatMap(({ redrivePolicy }) => (redrivePolicy === undefined ? [] : lastStops(JSON.parse(redrivePolicy)))),
  ]);
  const [dead, work] = [depths.filter(({ arn }) => ends.has(arn)), depths.filter(({ arn }) => !ends.has(arn))];
  return {
    waiting: work.reduce((sum, { waiting }) => sum + waiting, 0),
    inFlight: work.reduce((sum, { inFlight }) => sum + inFlight, 0),
    deadLetters: Object.fromEntries(
      dead.map(({ name, waiting, inFlight }) => [name, waiting + inFlight] as const).filter(([, count]) => count > 0),
    ),
    alarms: alarms.filter(({ state }) => state.value === 'ALARM').map(({ name }) => name),
  };
}

/**
 * Where resources say that failures end: a queue's or subscription's redrive policy, the destination of a mapping or of asynchronous invocations, the dead
 * letters of a function, a rule's target or a schedule.
 */
function lastStops(value: unknown, under = ''): string[] {
  if (typeof value === 'string') return LAST_STOPS.has(under) ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, field]) =>
    lastStops(field, LAST_STOPS.has(`${under}.${name}`) ? `${under}.${name}` : name),
  );
}

const LAST_STOPS: ReadonlySet<string> = new Set([
  'deadLetterTargetArn',
  'OnFailure.Destination',
  'DeadLetterConfig.Arn',
  'DeadLetterConfig.TargetArn',
]);
