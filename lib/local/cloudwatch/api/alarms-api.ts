import type { JsonObject } from '../../json.ts';
import { numberAt, textAt } from '../../json.ts';
import type { Alarm, StateValue } from '../alarm/alarm.ts';
import { childrenOf } from '../alarm/composite-rule.ts';
import type { Alarms } from '../alarms/alarms.ts';
import { invalidCombination, invalidValue } from '../protocol/errors.ts';
import { type Operation, pageOf, required, textsAt, timeAt } from '../protocol/input.ts';
import type { Result } from '../protocol/wire.ts';
import { readIdentity } from '../queries/query.ts';

const PAGE = 100;
const STATES: readonly StateValue[] = ['OK', 'ALARM', 'INSUFFICIENT_DATA'];

/** Making, reading and setting alarms. */
export function alarmOperations(alarms: Alarms): Readonly<Record<string, Operation>> {
  const view = (alarm: Alarm) => ({ ...alarmView(alarm), ActionsSuppressedBy: alarms.suppressedBy(alarm.name) });
  return {
    PutMetricAlarm: (input) => {
      alarms.putMetric(input);
      return {};
    },
    PutCompositeAlarm: (input) => {
      alarms.putComposite(input);
      return {};
    },
    DeleteAlarms: (input) => {
      alarms.remove(textsAt(input, 'AlarmNames'));
      return {};
    },
    DescribeAlarms(input) {
      const { page, next } = pageOf(selected(alarms, input), input, numberAt(input, 'MaxRecords') ?? PAGE);
      return {
        MetricAlarms: page.filter(({ kind }) => kind === 'MetricAlarm').map(view),
        CompositeAlarms: page.filter(({ kind }) => kind === 'CompositeAlarm').map(view),
        NextToken: next,
      };
    },
    DescribeAlarmsForMetric(input) {
      const wanted = JSON.stringify(readIdentity(input));
      const watches = (alarm: Alarm) =>
        alarm.kind === 'MetricAlarm' &&
        alarm.queries.some(({ source }) => source.kind === 'metric' && JSON.stringify(source.stat.metric) === wanted);
      return { MetricAlarms: alarms.list().filter(watches).map(view) };
    },
    DescribeAlarmHistory(input) {
      const name = textAt(input, 'AlarmName');
      const type = textAt(input, 'HistoryItemType');
      const kinds = textsAt(input, 'AlarmTypes');
      const from = timeAt(input, 'StartDate') ?? 0;
      const to = timeAt(input, 'EndDate') ?? Number.POSITIVE_INFINITY;
      const items = alarms.history
        .list()
        .filter((item) => (name ?? item.alarm) === item.alarm && (type ?? item.type) === item.type)
        .filter(({ alarmType, at }) => (kinds.length === 0 || kinds.includes(alarmType)) && at >= from && at <= to);
      if (textAt(input, 'ScanBy') === 'TimestampAscending') items.reverse();
      const { page, next } = pageOf(items, input, numberAt(input, 'MaxRecords') ?? PAGE);
      const lines = page.map(({ alarm, alarmType, at, type: HistoryItemType, summary, data }) => ({
        ...{ AlarmName: alarm, AlarmType: alarmType, Timestamp: new Date(at), HistoryItemType },
        ...{ HistorySummary: summary, HistoryData: data },
      }));
      return { AlarmHistoryItems: lines, NextToken: next };
    },
    SetAlarmState(input) {
      const state = STATES.find((one) => one === textAt(input, 'StateValue'));
      if (state === undefined) throw invalidValue(`The parameter StateValue must be one of ${STATES.join(', ')}.`);
      const reason = required(input, 'StateReason');
      alarms.setState(required(input, 'AlarmName'), state, reason, textAt(input, 'StateReasonData'));
      return {};
    },
    EnableAlarmActions: (input) => {
      alarms.enableActions(textsAt(input, 'AlarmNames'), true);
      return {};
    },
    DisableAlarmActions: (input) => {
      alarms.enableActions(textsAt(input, 'AlarmNames'), false);
      return {};
    },
  };
}

/** Alarms a DescribeAlarms asks for; only metric alarms unless AlarmTypes says otherwise, as on AWS. */
function selected(alarms: Alarms, input: JsonObject): Alarm[] {
  const names = textsAt(input, 'AlarmNames');
  const prefix = textAt(input, 'AlarmNamePrefix');
  if (names.length > 0 && prefix !== undefined)
    throw invalidCombination('AlarmNames and AlarmNamePrefix cannot be given together.');
  const types = textsAt(input, 'AlarmTypes');
  const kinds = types.length > 0 ? types : ['MetricAlarm'];
  const state = textAt(input, 'StateValue');
  const action = textAt(input, 'ActionPrefix');
  const related = relatives(alarms, input);
  return alarms
    .list()
    .filter(({ kind, name }) => kinds.includes(kind) && (names.length === 0 || names.includes(name)))
    .filter((alarm) => alarm.name.startsWith(prefix ?? '') && (state ?? alarm.state.value) === alarm.state.value)
    .filter(
      ({ actions }) =>
        action === undefined ||
        Object.values(actions.on)
          .flat()
          .some((arn) => arn.startsWith(action)),
    )
    .filter(({ arn }) => related === undefined || related.has(arn));
}

/** ARNs of the children or parents of the alarm that the request names; undefined when it names none. */
function relatives(alarms: Alarms, input: JsonObject): ReadonlySet<string> | undefined {
  const arnOf = (nameOrArn: string): string => alarms.find(nameOrArn)?.arn ?? nameOrArn;
  const childArns = (alarm: Alarm | undefined): string[] =>
    alarm?.kind === 'CompositeAlarm' ? childrenOf(alarm.rule).map(arnOf) : [];
  const parent = textAt(input, 'ChildrenOfAlarmName');
  if (parent !== undefined) return new Set(childArns(alarms.find(parent)));
  const child = textAt(input, 'ParentsOfAlarmName');
  if (child === undefined) return undefined;
  const parents = alarms.list().filter((alarm) => childArns(alarm).includes(arnOf(child)));
  return new Set(parents.map(({ arn }) => arn));
}

/** An alarm as the API shows it: what it was made with, and its state. */
function alarmView(alarm: Alarm): { readonly [name: string]: Result } {
  const { input, state, actions } = alarm;
  const { Tags: _tags, ...settings } = input;
  const rule =
    alarm.kind === 'MetricAlarm' ? { ...numbers(input), DatapointsToAlarm: alarm.rule.datapointsToAlarm } : {};
  return {
    ...settings,
    ...rule,
    AlarmArn: alarm.arn,
    AlarmConfigurationUpdatedTimestamp: new Date(alarm.configuredAt),
    ActionsEnabled: actions.enabled,
    OKActions: actions.on.OK,
    AlarmActions: actions.on.ALARM,
    InsufficientDataActions: actions.on.INSUFFICIENT_DATA,
    StateValue: state.value,
    StateReason: state.reason,
    StateReasonData: state.reasonData,
    StateUpdatedTimestamp: new Date(state.updatedAt),
    StateTransitionedTimestamp: new Date(state.transitionedAt),
  };
}

/** The Query protocol and CloudFormation give numbers as text. */
function numbers(input: JsonObject): { readonly [name: string]: Result } {
  const names = ['Period', 'EvaluationPeriods', 'Threshold'].filter((name) => input[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, numberAt(input, name)]));
}
