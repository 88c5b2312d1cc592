import { randomUUID } from 'node:crypto';
import type { TargetContext } from '../events/targets.ts';
import { sendToTarget } from '../events/targets.ts';
import type { State } from '../state/state.ts';
import type { Schedule } from './expression.ts';
import { parseSchedule } from './expression.ts';
import type { ScheduleDefinition, ScheduleTarget } from './schedule-definition.ts';
import { keepSchedules } from './schedules-state.ts';

export type { ScheduleDefinition, ScheduleTarget } from './schedule-definition.ts';

/** Runs rate(), cron() and at() schedules. */
export interface Schedules {
  /**
   * Adds a schedule, or puts it in the place of one with its ARN. Once the engine runs, it counts from now; one that was there before
   * with the same expression counts on from then. @throws ScheduleError for a bad expression
   */
  add(definition: ScheduleDefinition): void;
  list(): readonly ScheduleDefinition[];
  find(arn: string): ScheduleDefinition | undefined;
  /** @returns false when there is no such schedule */
  remove(arn: string): boolean;
  /** Schedule groups, the default one included. */
  readonly groups: Set<string>;
  /** Begins to count: first runs of rates are one period from now. */
  start(): void;
  close(): Promise<void>;
}

export interface SchedulesContext extends TargetContext {
  readonly region: string;
  readonly report: (text: string) => void;
  /** Divides every wait: at 60 a rate of a minute runs every second. Default 1. */
  readonly timeScale?: number;
}

/** Longest single timer, milliseconds: setTimeout overflows beyond 2^31. */
const LONGEST_TIMER_MS = 2_000_000_000;

/** @param state keeps schedules made by request, and since when all count, over a restart */
export function createSchedules(context: SchedulesContext, state?: State): Schedules {
  const kept = state && keepSchedules(state);
  const { timeScale = 1 } = context;
  const definitions = new Map<string, ScheduleDefinition>();
  const timers = new Map<string, NodeJS.Timeout>();
  const running = new Set<Promise<void>>();
  const lastSent = new Map<string, Promise<void>>();
  let startedAt: number | undefined;
  let closed = false;
  for (const definition of kept?.load() ?? []) definitions.set(definition.arn, definition);

  /** The schedules' own clock: runs `timeScale` times as fast. */
  const clock = (): number => (startedAt ?? 0) + (Date.now() - (startedAt ?? 0)) * timeScale;

  function stop(arn: string): void {
    clearTimeout(timers.get(arn));
    timers.delete(arn);
  }

  /** @param ahead how far the schedules' clock was ahead of the caller's when the due time was said, milliseconds */
  function plan(definition: ScheduleDefinition, schedule: Schedule, after: number, ahead: number): void {
    const next = schedule(after - ahead);
    if (closed) return;
    if (next === undefined) {
      if (definition.deletedWhenDone) definitions.delete(definition.arn);
      return;
    }
    const due = next + ahead;
    const wait = Math.max(0, (due - clock()) / timeScale);
    const timer = setTimeout(
      () => {
        if (clock() < due - 1) return plan(definition, schedule, due - 1, ahead);
        const sent = fireInOrder(definition, due - ahead);
        // Noted when it is sent, not before: killed in between, it is sent again rather than never.
        if (isOnce(definition)) void sent.then(() => kept?.sent(definition, due - ahead));
        plan(definition, schedule, Math.max(due, clock() - 1), ahead);
      },
      Math.min(wait, LONGEST_TIMER_MS),
    );
    timers.set(definition.arn, timer);
  }

  function begin(definition: ScheduleDefinition): void {
    const now = clock();
    // A time of day that a caller names is on the caller's clock; periods and times in templates are on this one.
    const ahead = isOnce(definition) ? now - Date.now() : 0;
    const since = kept?.since(definition, now - ahead) ?? now - ahead;
    if (!definition.enabled) return;
    // What a one-time schedule has missed is made up for; recurring ones go on with the next time.
    const after = isOnce(definition) ? since + ahead : now;
    plan(definition, scheduleOf(definition, since), after, ahead);
  }

  /** One time after the other: at a high time scale, two due times are closer together than two sendings. */
  function fireInOrder(definition: ScheduleDefinition, due: number): Promise<void> {
    const { arn } = definition;
    const sent = (lastSent.get(arn) ?? Promise.resolve())
      .then(() => fire(definition, due))
      .finally(() => {
        running.delete(sent);
        if (lastSent.get(arn) === sent) lastSent.delete(arn);
      });
    running.add(sent);
    lastSent.set(arn, sent);
    return sent;
  }

  /** Resolves when all targets have been sent to, or could not be. */
  async function fire(definition: ScheduleDefinition, due: number): Promise<void> {
    const sending = definition.targets.map((target) =>
      send(definition, target, due).catch((error: unknown) =>
        context.report(`Schedule ${definition.name}, target ${target.arn}: ${String(error)}`),
      ),
    );
    await Promise.all(sending);
  }

  async function send(definition: ScheduleDefinition, target: ScheduleTarget, due: number): Promise<void> {
    const body =
      target.input === undefined
        ? JSON.stringify(scheduledEvent(definition, due, context))
        : filledIn(target.input, definition, due);
    context.meter(definition.arn, 'tried');
    try {
      await sendToTarget(definition.arn, target, { body }, context);
    } catch (error) {
      context.meter(definition.arn, 'failed');
      context.meter(definition.arn, target.deadLetterArn === undefined ? 'dropped' : 'dead-lettered');
      if (target.deadLetterArn === undefined) throw error;
      const attributes = { ERROR_CODE: 'TARGET_FAILED', ERROR_MESSAGE: String(error), SCHEDULE_ARN: definition.arn };
      const letters = { arn: target.deadLetterArn, roleArn: target.roleArn };
      await sendToTarget(definition.arn, letters, { body, attributes }, context);
    }
  }

  return {
    groups: new Set(['default']),
    add(definition) {
      scheduleOf(definition, 0);
      stop(definition.arn);
      definitions.set(definition.arn, definition);
      if (startedAt !== undefined) begin(definition);
    },
    list: () => [...definitions.values()],
    find: (arn) => definitions.get(arn),
    remove(arn) {
      stop(arn);
      kept?.remove(arn);
      return definitions.delete(arn);
    },
    start() {
      startedAt = Date.now();
      for (const definition of definitions.values()) begin(definition);
    },
    async close() {
      closed = true;
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all(running);
    },
  };
}

const scheduleOf = ({ expression, timezone, source }: ScheduleDefinition, since: number): Schedule =>
  parseSchedule(expression, since, { timezone, looseUnits: source === 'aws.scheduler' });

const isOnce = ({ expression }: ScheduleDefinition): boolean => expression.startsWith('at(');

const withoutMillis = (time: number): string => new Date(time).toISOString().replace(/\.\d{3}Z$/, 'Z');

/** @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html */
function filledIn(input: string, { arn, source }: ScheduleDefinition, due: number): string {
  if (source !== 'aws.scheduler') return input;
  return input
    .replaceAll('<aws.scheduler.schedule-arn>', arn)
    .replaceAll('<aws.scheduler.scheduled-time>', withoutMillis(due))
    .replaceAll('<aws.scheduler.execution-id>', randomUUID())
    .replaceAll('<aws.scheduler.attempt-number>', '1');
}

/** @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html */
function scheduledEvent(
  { arn, source }: ScheduleDefinition,
  due: number,
  { accountId, region }: SchedulesContext,
): object {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source,
    account: accountId,
    time: withoutMillis(due),
    region,
    resources: [arn],
    detail: source === 'aws.events' ? {} : '{}',
  };
}
