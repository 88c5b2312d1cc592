import type { JsonObject } from '../json.ts';
import type { CompositeRule } from './composite-rule.ts';
import type { MetricQuery } from './query.ts';
import type { Suppressor } from './suppression.ts';

export type StateValue = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/** What an alarm does when its state changes to one of the three. */
export interface AlarmActions {
  enabled: boolean;
  /** ARNs of topics, by the new state. */
  readonly on: Readonly<Record<StateValue, readonly string[]>>;
}

export interface AlarmState {
  readonly value: StateValue;
  readonly reason: string;
  /** JSON text: the datapoints the state was worked out from. */
  readonly reasonData: string | undefined;
  /** Real epoch milliseconds. */
  readonly updatedAt: number;
  /** When the value last changed; an evaluation may give the same value for a new reason. */
  readonly transitionedAt: number;
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

export interface CompositeAlarm extends AlarmBase {
  readonly kind: 'CompositeAlarm';
  readonly rule: CompositeRule;
  readonly suppressor: Suppressor | undefined;
}

export type Alarm = MetricAlarm | CompositeAlarm;
