import { setTimeout as sleep } from 'node:timers/promises';
import { CloudWatchClient, DescribeAlarmsCommand, type MetricAlarm } from '@aws-sdk/client-cloudwatch';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { expect } from 'vitest';
import { ALARM_KINDS } from '../../../lib/constructs/alarms/kinds.ts';
import { ALARM_DEFAULTS, type AlarmKind } from '../../../lib/contracts/declaring/alarms.ts';
import type { Engine } from '../../../lib/local/engine.ts';
import { openOperator, type Told } from './operator.ts';

/** Trouble, and the alarms that it must set off. */
export interface Incident {
  readonly what: string;
  /** Names of the alarms, without their stack. */
  readonly alarms: readonly string[];
  /** Why datapoints stand in for the cause. @default it is a real one */
  readonly standsInBecause?: string;
  /** Done again and again while all is well, before the trouble and after it. */
  readonly health?: () => unknown;
  readonly begin?: () => unknown;
  /** Done again and again until all alarms are on. */
  readonly goOn?: () => unknown;
  readonly end?: () => unknown;
}

/** The alarms of a stack on an engine, and what they tell. */
export interface Scene {
  /** Calls once: the SDK would try a throttled call again, ever later. */
  readonly lambda: LambdaClient;
  /** All metric alarms, by their names without the stack. */
  readonly alarms: ReadonlyMap<string, MetricAlarm>;
  readonly composites: readonly string[];
  /** All that an alarm, by its name without the stack, has told, once the last of it is that it is in a state. */
  settled(alarm: string, state: string, act?: () => unknown): Promise<readonly Told[]>;
  /**
   * Sees an incident through: all is well, the alarms go on, the trouble ends, all is well.
   * @returns what each alarm has told since the trouble began, by alarm without the stack
   */
  see(incident: Incident): Promise<ReadonlyMap<string, readonly Told[]>>;
  close(): void;
}

const POLL_MS = 40;
const TIMEOUT_MS = 60_000;

export async function openScene(engine: Engine, stack: string): Promise<Scene> {
  const cloudwatch = new CloudWatchClient({});
  const lambda = new LambdaClient({ maxAttempts: 1 });
  const operator = await openOperator(engine, stack);
  const described = await describeAll(cloudwatch, `${stack}-`);
  const short = (name = ''): string => name.slice(stack.length + 1);

  const heard = async (alarm: string) => (await operator.hear()).filter((told) => short(told.alarm) === alarm);

  async function statesOf(names: readonly string[]): Promise<Map<string, string | undefined>> {
    const { metric } = await describeAll(cloudwatch, `${stack}-`);
    const states = new Map(metric.map(({ AlarmName, StateValue }) => [short(AlarmName), StateValue]));
    return new Map(names.map((name) => [name, states.get(name)]));
  }

  async function until(state: string, { what, alarms }: Incident, act: (() => unknown) | undefined): Promise<void> {
    const deadline = performance.now() + TIMEOUT_MS;
    for (;;) {
      await act?.();
      const wrong = [...(await statesOf(alarms))].filter(([, found]) => found !== state);
      if (wrong.length === 0) return;
      if (performance.now() > deadline) {
        const left = wrong.map(([name, found]) => `${name} is ${found}`).join(', ');
        throw new Error(`${what}: not all alarms are ${state} after ${TIMEOUT_MS / 1_000} s: ${left}`);
      }
      await sleep(POLL_MS);
    }
  }

  /** Everything that an alarm has told, when the news of its state has come. */
  async function settled(alarm: string, state: string, act?: () => unknown): Promise<readonly Told[]> {
    for (const deadline = performance.now() + TIMEOUT_MS; ; ) {
      await act?.();
      const told = await heard(alarm);
      if (told.at(-1)?.state === state) return told;
      if (performance.now() > deadline) throw new Error(`nobody was told that ${alarm} is ${state}`);
      await sleep(POLL_MS);
    }
  }

  return {
    lambda,
    alarms: new Map(described.metric.map((alarm) => [short(alarm.AlarmName), alarm])),
    composites: described.composite.map(short),
    settled,
    async see(incident) {
      await until('OK', incident, incident.health);
      const before = new Map<string, number>();
      for (const alarm of incident.alarms) before.set(alarm, (await heard(alarm)).length);
      await incident.begin?.();
      await until('ALARM', incident, incident.goOn);
      await incident.end?.();
      await until('OK', incident, incident.health);
      const told = new Map<string, readonly Told[]>();
      for (const alarm of incident.alarms)
        told.set(alarm, sinceTrouble((await settled(alarm, 'OK')).slice(before.get(alarm))));
      return told;
    },
    close() {
      operator.close();
      cloudwatch.destroy();
      lambda.destroy();
    },
  };
}

/** Without what was still on its way from before. */
const sinceTrouble = (told: readonly Told[]): readonly Told[] =>
  told.slice(told.findIndex(({ state }) => state === 'ALARM'));

async function describeAll(cloudwatch: CloudWatchClient, AlarmNamePrefix: string) {
  const metric: MetricAlarm[] = [];
  const composite: (string | undefined)[] = [];
  let NextToken: string | undefined;
  do {
    const page = await cloudwatch.send(
      new DescribeAlarmsCommand({
        AlarmNamePrefix,
        AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
        ...(NextToken === undefined ? {} : { NextToken }),
      }),
    );
    metric.push(...(page.MetricAlarms ?? []));
    composite.push(...(page.CompositeAlarms ?? []).map(({ AlarmName }) => AlarmName));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return { metric, composite };
}

/** A metric as an alarm names it. */
export interface Watched {
  readonly Namespace?: string | undefined;
  readonly MetricName?: string | undefined;
  readonly Dimensions?:
    | readonly { readonly Name?: string | undefined; readonly Value?: string | undefined }[]
    | undefined;
}

/** The metrics that an alarm looks at: its own, or those of its expression. */
export const metricsOf = (alarm: MetricAlarm | undefined): readonly Watched[] => {
  if (alarm === undefined) return [];
  if (alarm.MetricName !== undefined) return [alarm];
  return (alarm.Metrics ?? []).flatMap(({ MetricStat }) => MetricStat?.Metric ?? []);
};

/** Datapoints of metrics by name, of every scaled minute since the last time: what would otherwise take hours. */
export function datapoints({ services }: Engine) {
  const { metrics } = services;
  const filled = new Map<string, number>();
  const MINUTE_MS = 60_000;
  return (watched: readonly Watched[], values: Readonly<Record<string, number | readonly number[]>>): void => {
    const now = metrics.time.now();
    for (const { Namespace = '', MetricName = '', Dimensions = [] } of watched) {
      const value = values[MetricName];
      if (value === undefined) continue;
      const dimensions = Object.fromEntries(Dimensions.map(({ Name = '', Value = '' }) => [Name, Value]));
      const key = JSON.stringify([Namespace, MetricName, dimensions]);
      const unit = Namespace === 'AWS/Lambda' && MetricName === 'IteratorAge' ? 'Milliseconds' : 'Count';
      const series = metrics.series({ namespace: Namespace, name: MetricName, dimensions }, unit);
      const minute = now - (now % MINUTE_MS);
      for (let at = Math.max(filled.get(key) ?? 0, minute - MINUTE_MS) + MINUTE_MS; at <= minute; at += MINUTE_MS) {
        for (const one of [value].flat()) series.add(one, at);
      }
      filled.set(key, minute);
    }
  };
}

/** The kind of an alarm is the end of its name. */
export function kindOf(alarm: string): AlarmKind {
  const kinds = Object.keys(ALARM_DEFAULTS) as AlarmKind[];
  const found = kinds.filter((kind) => alarm.endsWith(`-${kind}`)).sort((a, b) => b.length - a.length)[0];
  if (found === undefined) throw new Error(`the name of alarm ${alarm} ends with no kind`);
  return found;
}

/** An alarm that went on and off has told both, to the topic of its severity, with what to do first and where to read on. */
export function expectGoodNews(alarm: string, news: readonly Told[]): void {
  const kind = kindOf(alarm);
  const { severity } = ALARM_KINDS[kind];
  expect(news.at(0), alarm).toMatchObject({ before: 'OK', state: 'ALARM', severity });
  expect(news.at(-1), alarm).toMatchObject({ before: 'ALARM', state: 'OK', severity });
  const text = new RegExp(`^${severity.toUpperCase()}: .+\\. First: .+\\. Runbook: docs/runbooks/${kind}\\.md$`);
  expect(news.at(0)?.description).toMatch(text);
}
