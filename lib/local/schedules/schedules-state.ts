import { documents } from '../state/documents.ts';
import type { State } from '../state/state.ts';
import type { ScheduleDefinition } from './schedule-definition.ts';

interface ScheduleDocument {
  readonly expression: string;
  /** Since when it counts, epoch milliseconds; of a one-time schedule: until when it is done. */
  readonly since: number;
  /** Of schedules made by request; those of templates come with their templates. */
  readonly definition: ScheduleDefinition | undefined;
}

/** The schedules of a state: those made by request, and since when all count. */
export interface KeptSchedules {
  load(): ScheduleDefinition[];
  /** Keeps a schedule. @returns since when it counts: `now`, or longer when it was there with the same expression */
  since(definition: ScheduleDefinition, now: number): number;
  /** Notes that a one-time schedule has been sent. @param due epoch milliseconds */
  sent(definition: ScheduleDefinition, due: number): void;
  remove(arn: string): void;
}

export function keepSchedules(state: State): KeptSchedules {
  const schedules = documents<ScheduleDocument>(state, 'schedules');
  return {
    load: () => [...schedules.entries()].flatMap(([, { definition }]) => definition ?? []),
    since(definition, now) {
      const { arn, expression, input } = definition;
      const known = schedules.get(arn);
      const since = known?.expression === expression ? known.since : now;
      schedules.put(arn, { expression, since, definition: input && definition });
      return since;
    },
    sent({ arn, deletedWhenDone }, due) {
      const known = schedules.get(arn);
      if (deletedWhenDone) schedules.delete(arn);
      else if (known !== undefined) schedules.put(arn, { ...known, since: due });
    },
    remove: schedules.delete,
  };
}
