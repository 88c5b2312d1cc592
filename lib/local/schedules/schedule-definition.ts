import type { Target } from '../events/targets.ts';

/** Where a schedule sends its event. */
export interface ScheduleTarget extends Target {
  /** Text sent instead of the event. EventBridge Scheduler fills in its context attributes. */
  readonly input: string | undefined;
  /** Queue that gets what could not be sent. */
  readonly deadLetterArn?: string | undefined;
}

export interface ScheduleDefinition {
  readonly name: string;
  readonly arn: string;
  readonly expression: string;
  /** Of the IANA database. Default UTC. */
  readonly timezone?: string | undefined;
  readonly enabled: boolean;
  readonly targets: readonly ScheduleTarget[];
  /** The event for targets without an input: rules of EventBridge send "Scheduled Event". */
  readonly source: 'aws.events' | 'aws.scheduler';
  /** Gone when it will not fire again (ActionAfterCompletion). */
  readonly deletedWhenDone?: boolean;
  /** The request that made it, when it was one rather than a template; it is answered as it came. */
  readonly input?: Readonly<Record<string, unknown>>;
  /** Of a schedule in a template: its properties, which are called as members of the API are. */
  readonly properties?: Readonly<Record<string, unknown>>;
}
