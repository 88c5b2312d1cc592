import { randomUUID } from 'node:crypto';
import type { AwsCalls } from '../call.ts';
import type { AsyncInvocations } from '../lambda/async-invocations.ts';
import type { Functions } from '../lambda/functions.ts';
import { functionNameOf } from '../lambda/functions.ts';
import { sendTo } from '../mappings/destination.ts';
import type { Schedule } from './expression.ts';
import { parseSchedule } from './expression.ts';

/** Where a schedule sends its event. */
export interface ScheduleTarget {
  /** A function (invoked as an event), queue or topic. */
  readonly arn: string;
  /** Text sent instead of the event. */
  readonly input: string | undefined;
  /** For FIFO queues. */
  readonly groupId: string | undefined;
}

export interface ScheduleDefinition {
  readonly name: string;
  readonly arn: string;
  readonly expression: string;
  readonly enabled: boolean;
  readonly targets: readonly ScheduleTarget[];
  /** The event for targets without an input: rules of EventBridge send "Scheduled Event". */
  readonly source: 'aws.events' | 'aws.scheduler';
}

/** Runs rate() and cron() schedules. */
export interface Schedules {
  /** @throws ScheduleError for a bad expression */
  add(definition: ScheduleDefinition): void;
  list(): readonly ScheduleDefinition[];
  /** Begins to count: first runs of rates are one period from now. */
  start(): void;
  close(): Promise<void>;
}

export interface SchedulesContext {
  readonly functions: Functions;
  readonly asyncInvocations: AsyncInvocations;
  readonly calls: AwsCalls;
  readonly region: string;
  readonly accountId: string;
  readonly report: (text: string) => void;
  /** Divides every wait: at 60 a rate of a minute runs every second. Default 1. */
  readonly timeScale?: number;
}

/** Longest single timer, milliseconds: setTimeout overflows beyond 2^31. */
const LONGEST_TIMER_MS = 2_000_000_000;

export function createSchedules(context: SchedulesContext): Schedules {
  const { timeScale = 1 } = context;
  const definitions: ScheduleDefinition[] = [];
  const timers = new Map<string, NodeJS.Timeout>();
  const running = new Set<Promise<void>>();
  let startedAt = 0;
  let closed = false;

  /** The schedule's own clock: runs `timeScale` times as fast. */
  const clock = (): number => startedAt + (Date.now() - startedAt) * timeScale;

  function plan(definition: ScheduleDefinition, schedule: Schedule, after: number): void {
    const due = schedule(after);
    if (due === undefined || closed) return;
    const wait = Math.max(0, (due - clock()) / timeScale);
    const timer = setTimeout(
      () => {
        if (clock() < due - 1) return plan(definition, schedule, due - 1);
        fire(definition, due);
        plan(definition, schedule, Math.max(due, clock() - 1));
      },
      Math.min(wait, LONGEST_TIMER_MS),
    );
    timers.set(definition.arn, timer);
  }

  function fire(definition: ScheduleDefinition, due: number): void {
    for (const target of definition.targets) {
      const work = send(definition, target, due)
        .catch((error: unknown) =>
          context.report(`Schedule ${definition.name}, target ${target.arn}: ${String(error)}`),
        )
        .finally(() => running.delete(work));
      running.add(work);
    }
  }

  async function send(definition: ScheduleDefinition, target: ScheduleTarget, due: number): Promise<void> {
    const body = target.input ?? JSON.stringify(scheduledEvent(definition, due, context));
    if (target.arn.startsWith('arn:aws:lambda:')) {
      context.asyncInvocations.send(functionNameOf(target.arn), body);
      return;
    }
    await sendTo(target.arn, { body, ...(target.groupId === undefined ? {} : { groupId: target.groupId }) }, context);
  }

  return {
    add(definition) {
      parseSchedule(definition.expression, 0);
      definitions.push(definition);
    },
    list: () => definitions,
    start() {
      startedAt = Date.now();
      for (const definition of definitions) {
        if (definition.enabled) plan(definition, parseSchedule(definition.expression, startedAt), startedAt);
      }
    },
    async close() {
      closed = true;
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all(running);
    },
  };
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
    time: new Date(due).toISOString().replace(/\.\d{3}Z$/, 'Z'),
    region,
    resources: [arn],
    detail: source === 'aws.events' ? {} : '{}',
  };
}
