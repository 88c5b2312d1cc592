import type { EventTarget } from '../../events/bus.ts';
import type { Json } from '../../json.ts';
import { isObject, listAt, objectAt, textAt } from '../../json.ts';
import { compileFilter, FilterError } from '../../mappings/configuration/filter.ts';
import { ScheduleError } from '../../schedules/expression.ts';
import { physicalName } from '../resources/names.ts';
import type { ResourceRequest, ResourceType } from '../resources/resource.ts';
import { provisionError } from '../resources/resource.ts';
import { groupOf, isEnabled, supportedTarget } from './event-targets.ts';

/** A rule of the default event bus: with a schedule, an event pattern, or both. */
const rule: ResourceType = {
  handled: ['EventBusName', 'EventPattern', 'Name', 'ScheduleExpression', 'State', 'Targets'],
  harmless: ['Description', 'RoleArn', 'Tags'],
  replacedBy: ['EventBusName', 'Name'],
  nameProperty: 'Name',
  remove({ attributes }, { schedules, events }) {
    schedules.remove(String(attributes.Arn));
    events.removeRule(String(attributes.Arn));
  },
  create(request) {
    const { stackName, logicalId, properties, context } = request;
    const bus = textAt(properties, 'EventBusName') ?? 'default';
    if (bus !== 'default' && !bus.endsWith(':event-bus/default'))
      throw provisionError(request, `EventBusName ${bus}: the engine has the default event bus only.`);
    const name = textAt(properties, 'Name') ?? physicalName(stackName, logicalId, { max: 64 });
    const arn = `arn:aws:events:${context.region}:${context.accountId}:rule/${name}`;
    const targets = listAt(properties, 'Targets').map((target) => ruleTarget(target, request));
    const enabled = isEnabled(properties.State);
    const expression = textAt(properties, 'ScheduleExpression');
    const pattern = isObject(properties.EventPattern) ? properties.EventPattern : undefined;
    if (expression === undefined && pattern === undefined)
      throw provisionError(request, 'a rule needs a ScheduleExpression or an EventPattern.');
    try {
      // What an earlier template had and this one has not is taken away.
      if (expression === undefined) context.schedules.remove(arn);
      else context.schedules.add({ name, arn, targets, source: 'aws.events', expression, enabled });
      if (pattern === undefined) context.events.removeRule(arn);
      else context.events.addRule({ arn, targets, enabled, matches: compileFilter(JSON.stringify(pattern)) });
    } catch (error) {
      const known = error instanceof ScheduleError || error instanceof FilterError;
      throw known ? provisionError(request, error.message) : error;
    }
    return { physicalId: name, attributes: { Arn: arn } };
  },
};

function ruleTarget(target: Json, request: ResourceRequest): EventTarget {
  for (const name of ['InputPath', 'InputTransformer']) {
    if (isObject(target) && target[name] !== undefined)
      throw provisionError(request, `the target's ${name} is not supported by the engine; give it a fixed Input.`);
  }
  return {
    arn: supportedTarget(textAt(target, 'Arn'), request),
    input: textAt(target, 'Input'),
    groupId: groupOf(target),
    deadLetterArn: textAt(objectAt(target, 'DeadLetterConfig'), 'Arn'),
  };
}

export const ruleTypes: Readonly<Record<string, ResourceType>> = { 'AWS::Events::Rule': rule };
