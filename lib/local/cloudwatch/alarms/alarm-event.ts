import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../json.ts';
import { textAt } from '../../json.ts';
import type { Alarm, AlarmState } from '../alarm/alarm.ts';
import { longDate } from '../alarm/reason.ts';

/**
 * The event that a change of an alarm's state is on the default event bus.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
 */
export function alarmEvent(
  alarm: Alarm,
  before: AlarmState,
  { accountId, region }: { readonly accountId: string; readonly region: string },
): JsonObject {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'CloudWatch Alarm State Change',
    source: 'aws.cloudwatch',
    account: accountId,
    time: new Date(alarm.state.transitionedAt).toISOString().replace(/\.\d{3}Z$/, 'Z'),
    region,
    resources: [alarm.arn],
    detail: {
      alarmName: alarm.name,
      configuration: configuration(alarm),
      previousState: stateOf(before),
      state: stateOf(alarm.state),
    },
  };
}

function stateOf({ value, reason, reasonData, updatedAt }: AlarmState): JsonObject {
  return { value, reason, ...(reasonData === undefined ? {} : { reasonData }), timestamp: longDate(updatedAt) };
}

function configuration(alarm: Alarm): JsonObject {
  const description: JsonObject = alarm.description === undefined ? {} : { description: alarm.description };
  if (alarm.kind === 'CompositeAlarm') return { ...description, alarmRule: textAt(alarm.input, 'AlarmRule') ?? '' };
  return { ...description, metrics: metricsOf(alarm) };
}

function metricsOf({ queries }: Extract<Alarm, { kind: 'MetricAlarm' }>): JsonObject[] {
  return queries.map(({ id, label, returnData, source }) => {
    // The metric of an alarm without math has no id of its own; AWS makes one up.
    const common = {
      id: queries.length === 1 ? randomUUID() : id,
      ...(label === undefined ? {} : { label }),
      returnData,
    };
    if (source.kind === 'expression') return { ...common, expression: source.text };
    const { metric, periodSeconds, stat, unit } = source.stat;
    const { namespace, name, dimensions } = metric;
    return {
      ...common,
      metricStat: {
        metric: { namespace, name, dimensions: { ...dimensions } },
        ...{ period: periodSeconds, stat, ...(unit === undefined ? {} : { unit }) },
      },
    };
  });
}
