import { AwsError } from '../../runtime/aws/calls/call.ts';
import type { World } from '../world/world.ts';
import type { MemorySqs } from './sqs.ts';

/** A one-time schedule, as `later()` makes it. */
interface Schedule {
  readonly Name: string;
  readonly GroupName: string;
  readonly ScheduleExpression: string;
  readonly Target: {
    readonly Arn: string;
    readonly Input: string;
    readonly SqsParameters?: { readonly MessageGroupId: string };
  };
}

/** `at(2026-11-20T09:00:00)`, in UTC. */
const AT = /^at\((?<time>[^)]+)\)$/;

/** EventBridge Scheduler in memory: one-time schedules that send to a queue and are gone when they have. */
export function memoryScheduler(world: World, sqs: MemorySqs) {
  const schedules = new Map<string, Schedule>();

  function create(schedule: Schedule): object {
    const name = `${schedule.GroupName}/${schedule.Name}`;
    if (schedules.has(name)) throw new AwsError('ConflictException', `Schedule ${schedule.Name} already exists.`, 409);
    const time = AT.exec(schedule.ScheduleExpression)?.groups?.time;
    const due = Date.parse(`${time}Z`);
    if (Number.isNaN(due))
      throw new Error(`sluice/testing does not know the schedule '${schedule.ScheduleExpression}'`);
    schedules.set(name, schedule);
    world.after(due - world.now(), () => {
      if (schedules.get(name) !== schedule) return;
      schedules.delete(name);
      const { Arn, Input, SqsParameters } = schedule.Target;
      const queue = sqs.queue(Arn.slice(Arn.lastIndexOf(':') + 1).replace(/\.fifo$/, ''));
      const deduplicationId = `${schedule.Name}/${due}`;
      queue.send({ body: Input, attributes: {}, group: SqsParameters?.MessageGroupId, deduplicationId });
    });
    return { ScheduleArn: `arn:aws:scheduler:us-east-1:000000000000:schedule/${name}` };
  }

  return {
    /** How many have not fired yet. */
    waiting: (): number => schedules.size,
    call(operation: string, input: object): unknown {
      if (operation === 'CreateSchedule') return create(input as Schedule);
      const { Name, GroupName } = input as Pick<Schedule, 'Name' | 'GroupName'>;
      const found = schedules.get(`${GroupName}/${Name}`);
      if (found === undefined) throw new AwsError('ResourceNotFoundException', `Schedule ${Name} does not exist.`, 404);
      if (operation === 'GetSchedule') return found;
      if (operation !== 'DeleteSchedule') throw new Error(`sluice/testing does not know Scheduler's ${operation}`);
      schedules.delete(`${GroupName}/${Name}`);
      return {};
    },
  };
}
