import { errorResponse, jsonResponse } from '../endpoint-errors.ts';
import { jsonBody } from '../endpoint-request.ts';
import { isTarget } from '../events/targets.ts';
import type { Iam } from '../iam.ts';
import { objectAt, textAt } from '../json.ts';
import { restOperation } from '../rest-operations.ts';
import type { ServiceHandler, ServiceRequest, ServiceResponse } from '../service.ts';
import { ScheduleError } from './expression.ts';
import { groupArn, schedulerRoleProblem } from './role.ts';
import type { ScheduleDefinition, Schedules } from './schedules.ts';

interface Context {
  readonly schedules: Schedules;
  readonly iam: Iam;
  readonly region: string;
  readonly accountId: string;
}

/** https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html */
export const FIFO_DEAD_LETTERS = 'Target.DeadLetterConfig.Arn must be a standard queue: a FIFO queue is not supported';
const NAME = /^[0-9a-zA-Z\-_.]{1,64}$/;

/** EventBridge Scheduler: one-time and recurring schedules made at run time. Updates and listings are not there. */
export function schedulerApi(context: Context): ServiceHandler {
  const { schedules, region, accountId } = context;
  const arnOf = (group: string, name: string) => `arn:aws:scheduler:${region}:${accountId}:schedule/${group}/${name}`;
  const operations: Readonly<Record<string, (request: ServiceRequest) => ServiceResponse>> = {
    CreateSchedule(request) {
      const input = jsonBody(request);
      const name = nameIn(request);
      const group = textAt(input, 'GroupName') ?? 'default';
      const problem = whatIsWrong(name, input) ?? roleProblem(input, group, context);
      if (problem !== undefined) return refused('ValidationException', 400, problem);
      if (!schedules.groups.has(group)) return noSuch(`Schedule group ${group}`);
      const arn = arnOf(group, name);
      if (schedules.find(arn) !== undefined) {
        return refused('ConflictException', 409, `Schedule ${name} already exists.`);
      }
      try {
        schedules.add(definitionOf(name, arn, input));
      } catch (error) {
        if (error instanceof ScheduleError) return refused('ValidationException', 400, error.message);
        throw error;
      }
      return jsonResponse({ ScheduleArn: arn });
    },
    GetSchedule(request) {
      const [group, name] = [groupIn(request), nameIn(request)];
      const arn = arnOf(group, name);
      const definition = schedules.find(arn);
      if (definition === undefined) return noSuch(`Schedule ${name}`);
      return jsonResponse({
        State: 'ENABLED',
        ...(definition.input ?? definition.properties),
        Arn: arn,
        Name: name,
        GroupName: group,
      });
    },
    DeleteSchedule(request) {
      const name = nameIn(request);
      const arn = arnOf(groupIn(request), name);
      return schedules.remove(arn) ? jsonResponse({}) : noSuch(`Schedule ${name}`);
    },
  };

  return async (request) => {
    const answer = operations[restOperation(request) ?? ''];
    if (answer !== undefined) return answer(request);
    const message = `scheduler: ${request.method} ${request.url} is not available in the engine; available: ${Object.keys(operations).join(', ')}`;
    return errorResponse('scheduler', { status: 501, code: 'UnknownOperationException', message });
  };
}

const refused = (code: string, status: number, message: string): ServiceResponse =>
  errorResponse('scheduler', { status, code, message });
const noSuch = (what: string): ServiceResponse => refused('ResourceNotFoundException', 404, `${what} does not exist.`);

const nameIn = ({ url }: ServiceRequest): string => decodeURIComponent(/^\/schedules\/([^/?]+)/.exec(url)?.[1] ?? '');
const groupIn = ({ url }: ServiceRequest): string =>
  new URL(url, 'http://engine').searchParams.get('groupName') ?? 'default';

function whatIsWrong(name: string, input: Record<string, unknown>): string | undefined {
  const target = objectAt(input, 'Target');
  const arn = textAt(target, 'Arn') ?? '';
  if (!NAME.test(name)) return `the name '${name}' must have 1 to 64 letters, digits, '-', '_' or '.'`;
  if (textAt(objectAt(input, 'FlexibleTimeWindow'), 'Mode') === undefined) return 'FlexibleTimeWindow.Mode is missing';
  if (textAt(target, 'RoleArn') === undefined) return 'Target.RoleArn is missing';
  if (!isTarget(arn)) {
    return `the target ${arn} is not supported by the engine; it sends to functions, queues and topics`;
  }
  if (textAt(objectAt(target, 'DeadLetterConfig'), 'Arn')?.endsWith('.fifo')) return FIFO_DEAD_LETTERS;
  return undefined;
}

const roleProblem = (input: Record<string, unknown>, group: string, { iam, region, accountId }: Context) =>
  schedulerRoleProblem(iam, textAt(objectAt(input, 'Target'), 'RoleArn') ?? '', groupArn(region, accountId, group));

function definitionOf(name: string, arn: string, input: Record<string, unknown>): ScheduleDefinition {
  const target = objectAt(input, 'Target');
  return {
    name,
    arn,
    expression: textAt(input, 'ScheduleExpression') ?? '',
    timezone: textAt(input, 'ScheduleExpressionTimezone'),
    enabled: textAt(input, 'State') !== 'DISABLED',
    source: 'aws.scheduler',
    deletedWhenDone: textAt(input, 'ActionAfterCompletion') === 'DELETE',
    input,
    targets: [
      {
        arn: textAt(target, 'Arn') ?? '',
        input: textAt(target, 'Input'),
        groupId: textAt(objectAt(target, 'SqsParameters'), 'MessageGroupId'),
        deadLetterArn: textAt(objectAt(target, 'DeadLetterConfig'), 'Arn'),
        roleArn: textAt(target, 'RoleArn'),
      },
    ],
  };
}
