import { objectAt, textAt } from '../../json.ts';
import { FIFO_DEAD_LETTERS } from '../../schedules/api.ts';
import { ScheduleError } from '../../schedules/expression.ts';
import { groupArn, schedulerRoleProblem } from '../../schedules/role.ts';
import type { ScheduleDefinition } from '../../schedules/schedules.ts';
import type { DeployedResource } from '../resources/deployed.ts';
import { physicalName } from '../resources/names.ts';
import type { ProvisionContext, ResourceRequest, ResourceType } from '../resources/resource.ts';
import { provisionError } from '../resources/resource.ts';
import { groupOf, isEnabled, supportedTarget } from './event-targets.ts';

const schedule: ResourceType = {
  handled: ['GroupName', 'Name', 'ScheduleExpression', 'ScheduleExpressionTimezone', 'State', 'Target'],
  harmless: ['Description', 'FlexibleTimeWindow', 'KmsKeyArn'],
  refused: { StartDate: 'schedules start with the engine', EndDate: 'schedules end with the engine' },
  replacedBy: ['GroupName', 'Name'],
  nameProperty: 'Name',
  remove: removeSchedule,
  create(request) {
    const { stackName, logicalId, properties, context } = request;
    const name = textAt(properties, 'Name') ?? physicalName(stackName, logicalId, { max: 64 });
    const arn = `arn:aws:scheduler:${context.region}:${context.accountId}:schedule/${textAt(properties, 'GroupName') ?? 'default'}/${name}`;
    const target = objectAt(properties, 'Target');
    const group = groupArn(context.region, context.accountId, textAt(properties, 'GroupName') ?? 'default');
    const problem = schedulerRoleProblem(context.services.iam, textAt(target, 'RoleArn') ?? '', group);
    if (problem !== undefined) throw provisionError(request, problem);
    const deadLetterArn = textAt(objectAt(target, 'DeadLetterConfig'), 'Arn');
    if (deadLetterArn?.endsWith('.fifo')) throw provisionError(request, FIFO_DEAD_LETTERS);
    const targets = [
      {
        arn: supportedTarget(textAt(target, 'Arn'), request),
        input: textAt(target, 'Input'),
        groupId: groupOf(target),
        deadLetterArn,
        roleArn: textAt(target, 'RoleArn'),
      },
    ];
    add(request, {
      name,
      arn,
      ...{ targets, properties },
      source: 'aws.scheduler',
      expression: textAt(properties, 'ScheduleExpression') ?? '',
      timezone: textAt(properties, 'ScheduleExpressionTimezone'),
      enabled: isEnabled(properties.State),
    });
    return { physicalId: name, attributes: { Arn: arn } };
  },
};

const scheduleGroup: ResourceType = {
  handled: ['Name'],
  harmless: ['Tags'],
  create({ stackName, logicalId, properties, context }) {
    const name = textAt(properties, 'Name') ?? physicalName(stackName, logicalId, { max: 64 });
    context.schedules.groups.add(name);
    const arn = groupArn(context.region, context.accountId, name);
    return { physicalId: name, attributes: { Arn: arn, State: 'ACTIVE' } };
  },
  replacedBy: ['Name'],
  nameProperty: 'Name',
  /** With a group go its schedules. */
  remove({ physicalId }, { schedules }) {
    schedules.groups.delete(physicalId);
    for (const { arn } of schedules.list()) if (arn.includes(`:schedule/${physicalId}/`)) schedules.remove(arn);
  },
};

function removeSchedule({ attributes }: DeployedResource, { schedules }: ProvisionContext): void {
  schedules.remove(String(attributes.Arn));
}

function add(request: ResourceRequest, definition: ScheduleDefinition): void {
  try {
    request.context.schedules.add(definition);
  } catch (error) {
    throw error instanceof ScheduleError ? provisionError(request, error.message) : error;
  }
}

export const scheduleTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::Scheduler::Schedule': schedule,
  'AWS::Scheduler::ScheduleGroup': scheduleGroup,
};
