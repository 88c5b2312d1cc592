import type { JsonObject } from '../../json.ts';
import { textAt } from '../../json.ts';
import { documents } from '../../state/documents.ts';
import type { State } from '../../state/state.ts';
import type { Alarm, AlarmState, MetricAlarm, StateValue } from '../alarm/alarm.ts';
import { childrenOf, parseRule } from '../alarm/composite-rule.ts';
import { readActions, readMetricAlarm } from '../alarm/read-alarm.ts';
import { createSuppression, readSuppressor, type SuppressedBy } from '../alarm/suppression.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { invalid, missingParameter, notFound } from '../protocol/errors.ts';
import { alarmEvent } from './alarm-event.ts';
import { type AlarmHistory, createHistory } from './alarm-history.ts';
import { createNotifier, type NotifierContext } from './alarm-notifier.ts';
import { evaluateAlarm } from './evaluate-alarm.ts';
import { compositeReason, evaluateComposites } from './evaluate-composites.ts';

export interface AlarmsContext extends Omit<NotifierContext, 'note'> {
  readonly metrics: Metrics;
  /** Takes the events of state changes, for the default event bus. */
  readonly onEvent: (event: JsonObject) => void;
  /** Keeps alarms and their states over a restart. */
  readonly state?: State | undefined;
}

/** An alarm as the state keeps it. */
type KeptAlarm = Pick<Alarm, 'kind' | 'input' | 'state' | 'configuredAt'> & { readonly actionsEnabled: boolean };

/** All alarms: their settings, states and actions. */
export interface Alarms {
  /** Makes an alarm, or changes its settings and leaves its state. @returns its ARN. @throws CloudWatchError */
  putMetric(input: JsonObject): string;
  /** @throws CloudWatchError, also when an alarm in the rule does not exist */
  putComposite(input: JsonObject): string;
  /** All or none. @throws CloudWatchError ResourceNotFound */
  remove(names: readonly string[]): void;
  /** In the order of their names. */
  list(): readonly Alarm[];
  /** By name or ARN. */
  find(nameOrArn: string): Alarm | undefined;
  /** Sets a state by hand, actions included; the next evaluation may set another. @throws CloudWatchError ResourceNotFound */
  setState(name: string, state: StateValue, reason: string, reasonData: string | undefined): void;
  /** @throws CloudWatchError ResourceNotFound */
  enableActions(names: readonly string[], enabled: boolean): void;
  /** Evaluates the metric alarms that are due, then the composite ones. @param at scaled milliseconds */
  evaluate(at: number, isDue: (periodSeconds: number) => boolean): void;
  readonly history: AlarmHistory;
  /** What keeps the actions of a composite alarm's present state back, if anything does. */
  suppressedBy(name: string): SuppressedBy | undefined;
  /** Resolves when notifications on their way have arrived. */
  close(): Promise<void>;
}

export function createAlarms(context: AlarmsContext): Alarms {
  const { metrics, region, accountId } = context;
  const alarms = new Map<string, Alarm>();
  const history = createHistory(context.state);
  const suppression = createSuppression();
  const kept = context.state && documents<KeptAlarm>(context.state, 'alarms');
  const notifier = createNotifier({
    ...context,
    note: (alarm, summary, data) => note(alarm, 'Action', summary, data),
  });

  const now = (): number => metrics.time.real(metrics.time.now());
  const arnOf = (name: string): string => `arn:aws:cloudwatch:${region}:${accountId}:alarm:${name}`;
  const find = (nameOrArn: string): Alarm | undefined =>
    alarms.get(nameOrArn) ?? alarms.get(nameOrArn.replace(/^arn:[^:]+:cloudwatch:[^:]*:[^:]*:alarm:/, ''));

  function existing(name: string): Alarm {
    const alarm = alarms.get(name);
    if (alarm === undefined) throw notFound(`The alarm ${name} does not exist.`);
    return alarm;
  }

  function common(input: JsonObject) {
    const name = textAt(input, 'AlarmName');
    if (name === undefined || name === '') throw missingParameter('AlarmName');
    const at = now();
    const unchecked: AlarmState = {
      value: 'INSUFFICIENT_DATA',
      reason: 'Unchecked: Initial alarm creation',
      reasonData: undefined,
      updatedAt: at,
      transitionedAt: at,
    };
    const state = alarms.get(name)?.state ?? unchecked;
    const description = textAt(input, 'AlarmDescription');
    return { name, arn: arnOf(name), description, actions: readActions(input), configuredAt: at, input, state };
  }

  function keep(alarm: Alarm): string {
    const change = alarms.has(alarm.name) ? 'updated' : 'created';
    alarms.set(alarm.name, alarm);
    save(alarm);
    actWhenAllowed(alarm);
    const data = JSON.stringify({ version: '1.0', type: change === 'created' ? 'Create' : 'Update' });
    note(alarm, 'ConfigurationUpdate', `Alarm "${alarm.name}" ${change}`, data);
    return alarm.arn;
  }

  function save({ name, kind, input, state, configuredAt, actions }: Alarm): void {
    kept?.put(name, { kind, input, state, configuredAt, actionsEnabled: actions.enabled });
  }

  /** Alarms are as they were when the engine ended; what was not measured meanwhile is missing data. */
  for (const [name, { kind, input, state, configuredAt, actionsEnabled }] of [...(kept?.entries() ?? [])]) {
    const base = { ...common(input), state, configuredAt };
    base.actions.enabled = actionsEnabled;
    if (kind === 'MetricAlarm') alarms.set(name, { kind, ...base, ...readMetricAlarm(input) });
    else alarms.set(name, { kind, ...base, ...readComposite(input) });
  }

  function note(alarm: Alarm, type: 'ConfigurationUpdate' | 'StateUpdate' | 'Action', summary: string, data: string) {
    history.add({ alarm: alarm.name, alarmType: alarm.kind, at: now(), type, summary, data });
  }

  function change(alarm: Alarm, value: StateValue, reason: string, reasonData: string | undefined): void {
    const before = alarm.state;
    const at = now();
    const changed = value !== before.value;
    alarm.state = { value, reason, reasonData, updatedAt: at, transitionedAt: changed ? at : before.transitionedAt };
    save(alarm);
    if (!changed) return;
    const told = ({ value: stateValue, reason: stateReason }: AlarmState) => ({ stateValue, stateReason });
    const data = JSON.stringify({ version: '1.0', oldState: told(before), newState: told(alarm.state) });
    note(alarm, 'StateUpdate', `Alarm updated from ${before.value} to ${value}`, data);
    context.onEvent(alarmEvent(alarm, before, context));
    if (alarm.kind === 'MetricAlarm' || alarm.suppressor === undefined) act(alarm, before);
  }

  function act(alarm: Alarm, before: AlarmState): void {
    const ringing = childrenFor(alarm).filter((child) => child.state.value === 'ALARM');
    notifier.notify(alarm, before, alarm.state, ringing);
  }

  /** Of alarms with a suppressor: acts on what has changed while nothing keeps it back. */
  function actWhenAllowed(alarm: Alarm): void {
    if (alarm.kind !== 'CompositeAlarm' || alarm.suppressor === undefined) return;
    const changedAt = metrics.time.scaled(alarm.state.transitionedAt);
    const suppressor = find(alarm.suppressor.alarm)?.state.value;
    const before = suppression.look(alarm, suppressor, metrics.time.now(), changedAt);
    if (before !== undefined) act(alarm, before);
  }

  function childrenFor(alarm: Alarm): Alarm[] {
    if (alarm.kind !== 'CompositeAlarm') return [];
    return childrenOf(alarm.rule)
      .map(find)
      .filter((child) => child !== undefined);
  }

  function evaluateMetric(alarm: MetricAlarm, at: number): void {
    try {
      const evaluation = evaluateAlarm(alarm, metrics, at);
      if (evaluation !== undefined) change(alarm, evaluation.state, evaluation.reason, evaluation.reasonData);
    } catch (error) {
      context.report(
        `Alarm ${alarm.name} cannot be evaluated: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  function settleComposites(): void {
    const composites = [...alarms.values()].filter((alarm) => alarm.kind === 'CompositeAlarm');
    evaluateComposites(
      composites,
      (child) => find(child)?.state.value,
      (alarm, value) => change(alarm, value, compositeReason(childrenFor(alarm)), undefined),
    );
    composites.forEach(actWhenAllowed);
  }

  return {
    history,
    putMetric(input) {
      const alarm: MetricAlarm = { kind: 'MetricAlarm', ...common(input), ...readMetricAlarm(input) };
      // Whatever is wrong with an expression shows now rather than at the first evaluation.
      evaluateAlarm(alarm, metrics, metrics.time.now());
      return keep(alarm);
    },
    putComposite(input) {
      const composite = readComposite(input);
      const { rule, suppressor } = composite;
      const gone = [...childrenOf(rule), ...(suppressor ? [suppressor.alarm] : [])].filter((child) => !find(child));
      if (gone.length > 0)
        throw invalid(
          `Could not save the composite alarm as alarms [${gone.join(', ')}] in the alarm rule do not exist`,
        );
      return keep({ kind: 'CompositeAlarm', ...common(input), ...composite });
    },
    remove(names) {
      for (const name of names) existing(name);
      for (const name of names) {
        alarms.delete(name);
        kept?.delete(name);
        suppression.forget(name);
      }
    },
    list: () => [...alarms.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    find,
    setState(name, state, reason, reasonData) {
      change(existing(name), state, reason, reasonData);
      settleComposites();
    },
    enableActions(names, enabled) {
      for (const alarm of names.map(existing)) {
        alarm.actions.enabled = enabled;
        save(alarm);
      }
    },
    evaluate(at, isDue) {
      for (const alarm of alarms.values())
        if (alarm.kind === 'MetricAlarm' && isDue(alarm.rule.periodSeconds)) evaluateMetric(alarm, at);
      settleComposites();
    },
    suppressedBy: suppression.reason,
    close: notifier.settled,
  };
}

const readComposite = (input: JsonObject) => ({
  rule: parseRule(textAt(input, 'AlarmRule') ?? ''),
  suppressor: readSuppressor(input),
});
