import type { JsonObject } from '../../json.ts';
import type { MetricQuery } from '../queries/query.ts';
import type { AlarmState, StateValue } from './alarm-state.ts';
import type { CompositeRule } from './composite-rule.ts';

export type { AlarmState, StateValue } from './alarm-state.ts';

/** What an alarm does when its state changes to one of the three. */
export interface AlarmActions {
  enabled: boolean;
  /** ARNs of topics, by the new state. */
  readonly on: Readonly<Record<StateValue, readonly string[]>>;
}

export type Comparison =
  | 'GreaterThanThreshold'
  | 'GreaterThanOrEqualToThreshold'
  | 'LessThanThreshold'
  | 'LessThanOrEqualToThreshold';
export type TreatMissingData = 'missing' | 'ignore' | 'breaching' | 'notBreaching';

/** How datapoints decide about the state. */
export interface AlarmRule {
  readonly periodSeconds: number;
  /** N: datapoints looked at. */
  readonly evaluationPeriods: number;
  /** M: how many of them must breach the threshold. */
  readonly datapointsToAlarm: number;
  readonly threshold: number;
  readonly comparison: Comparison;
  readonly treatMissingData: TreatMissingData;
}

interface AlarmBase {
  readonly name: string;
  readonly arn: string;
  readonly description: string | undefined;
  readonly actions: AlarmActions;
  /** Real epoch milliseconds. */
  readonly configuredAt: number;
  /** The parameters it was made with, for those who ask. */
  readonly input: JsonObject;
  state: AlarmState;
}

export interface MetricAlarm extends AlarmBase {
  readonly kind: 'MetricAlarm';
  readonly rule: AlarmRule;
  readonly queries: readonly MetricQuery[];
  /** Below this many samples in the evaluation range the state stays as it is; 0: any number will do. */
  readonly samplesNeeded: number;
}

/** What keeps a composite alarm's actions back. */
export interface Suppressor {
  /** Name or ARN of the alarm that suppresses while it is in ALARM. */
  readonly alarm: string;
  /** How long the composite alarm waits for the suppressor to go into ALARM before it acts, scaled milliseconds. */
  readonly waitMs: number;
  /** How long it goes on waiting after the suppressor has left ALARM, scaled milliseconds. */
  readonly extensionMs: number;
}

export interface CompositeAlarm extends AlarmBase {
  readonly kind: 'CompositeAlarm';
  readonly rule: CompositeRule;
  readonly suppressor: Suppressor | undefined;
}

export type Alarm = MetricAlarm | CompositeAlarm;
