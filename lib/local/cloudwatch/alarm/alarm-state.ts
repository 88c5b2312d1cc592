export type StateValue = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

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
