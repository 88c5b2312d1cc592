import { CloudWatchError } from '../../cloudwatch/protocol/errors.ts';
import type { JsonObject } from '../../json.ts';
import { textAt } from '../../json.ts';
import { physicalName } from '../resources/names.ts';
import type { ProvisionedResource, ResourceRequest, ResourceType } from '../resources/resource.ts';
import { provisionError } from '../resources/resource.ts';

const ACTIONS = ['ActionsEnabled', 'AlarmActions', 'InsufficientDataActions', 'OKActions'];
const ANOMALIES = 'anomaly detection is not run; give the alarm a Threshold';

/** An alarm whose settings change keeps its state; one with another name is another. */
const named: Pick<ResourceType, 'durable' | 'replacedBy' | 'nameProperty' | 'remove'> = {
  durable: true,
  replacedBy: ['AlarmName'],
  nameProperty: 'AlarmName',
  remove: ({ physicalId }, { cloudwatch }) => cloudwatch.alarms.remove([physicalId]),
};

const alarm: ResourceType = {
  handled: [
    ...ACTIONS,
    ...['AlarmDescription', 'AlarmName', 'ComparisonOperator', 'DatapointsToAlarm', 'Dimensions'],
    ...['EvaluateLowSampleCountPercentile', 'EvaluationPeriods', 'ExtendedStatistic', 'MetricName', 'Metrics'],
    ...['Namespace', 'Period', 'Statistic', 'Threshold', 'TreatMissingData', 'Unit'],
  ],
  harmless: ['Tags'],
  refused: { ThresholdMetricId: ANOMALIES },
  ...named,
  create: (request) => createAlarm(request, (input) => request.context.cloudwatch.alarms.putMetric(input)),
};

const compositeAlarm: ResourceType = {
  handled: [
    ...ACTIONS,
    ...['ActionsSuppressor', 'ActionsSuppressorExtensionPeriod', 'ActionsSuppressorWaitPeriod'],
    ...['AlarmDescription', 'AlarmName', 'AlarmRule'],
  ],
  harmless: ['Tags'],
  ...named,
  create: (request) => createAlarm(request, (input) => request.context.cloudwatch.alarms.putComposite(input)),
};

const dashboard: ResourceType = {
  handled: ['DashboardBody', 'DashboardName'],
  durable: true,
  harmless: ['Tags'],
  replacedBy: ['DashboardName'],
  nameProperty: 'DashboardName',
  remove: ({ physicalId }, { cloudwatch }) => cloudwatch.dashboards.remove([physicalId]),
  create(request) {
    const { stackName, logicalId, properties, context } = request;
    const name = textAt(properties, 'DashboardName') ?? physicalName(stackName, logicalId, { max: 255 });
    explained(request, () => context.cloudwatch.dashboards.put(name, textAt(properties, 'DashboardBody') ?? ''));
    return { physicalId: name, attributes: {} };
  },
};

function createAlarm(request: ResourceRequest, put: (input: JsonObject) => string): ProvisionedResource {
  const { stackName, logicalId, properties } = request;
  const AlarmName = textAt(properties, 'AlarmName') ?? physicalName(stackName, logicalId, { max: 255 });
  const arn = explained(request, () => put({ ...properties, AlarmName }));
  return { physicalId: AlarmName, attributes: { Arn: arn } };
}

/** What the API would refuse is an error of the resource. */
function explained<T>(request: ResourceRequest, put: () => T): T {
  try {
    return put();
  } catch (error) {
    throw error instanceof CloudWatchError ? provisionError(request, error.message) : error;
  }
}

export const cloudwatchTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::CloudWatch::Alarm': alarm,
  'AWS::CloudWatch::CompositeAlarm': compositeAlarm,
  'AWS::CloudWatch::Dashboard': dashboard,
};
