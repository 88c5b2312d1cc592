import { referencesIn } from '../reading/intrinsics.ts';
import { at, listOf, numberOf, recordOf } from '../reading/json.ts';
import type { Resource, Resources } from '../reading/resources.ts';

export interface Dimension {
  readonly name: string;
  readonly value: unknown;
  /** The resource that the value is taken from. */
  readonly resource: Resource | undefined;
}

export interface Metric {
  readonly namespace: unknown;
  readonly name: unknown;
  readonly dimensions: readonly Dimension[];
}

export interface Alarm {
  readonly resource: Resource;
  /** One, or those that its expressions are made of. */
  readonly metrics: readonly Metric[];
  /** Undefined: an expression, a composite, or only known at deployment. */
  readonly threshold: number | undefined;
  readonly actions: readonly Target[];
  /** False when they are switched off. */
  readonly enabled: boolean;
  /** Whether a composite alarm, which may act for it, looks at it. */
  readonly inComposite: boolean;
}

/** Where an action goes. */
export interface Target {
  readonly value: unknown;
  readonly resource: Resource | undefined;
}

/** Lambda's metric of a stream's consumer: by function. */
export const FUNCTION_LAG = 'IteratorAge';

const KINDS = ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm'];

/** Resources whose name a dimension can hold, by the dimension's name. */
const NAMED_BY: Readonly<Record<string, string>> = {
  QueueName: 'AWS::SQS::Queue',
  StreamName: 'AWS::Kinesis::Stream',
  FunctionName: 'AWS::Lambda::Function',
  TopicName: 'AWS::SNS::Topic',
  PipeName: 'AWS::Pipes::Pipe',
};

export function readAlarms(resources: Resources): readonly Alarm[] {
  const rules = resources
    .of('AWS::CloudWatch::CompositeAlarm')
    .flatMap((composite) =>
      referencesIn(composite.properties.AlarmRule).map((one) => resources.target(one, composite)),
    );
  const texts = resources
    .of('AWS::CloudWatch::CompositeAlarm')
    .map(({ properties }) => JSON.stringify(properties.AlarmRule));
  const inComposites = new Set(rules);
  const isNamed = ({ properties: { AlarmName: name } }: Resource) =>
    typeof name === 'string' && texts.some((text) => text.includes(name));
  return resources.all
    .filter(({ type }) => KINDS.includes(type))
    .map((resource): Alarm => {
      const { properties } = resource;
      return {
        resource,
        metrics: metricsOf(resource, resources),
        threshold: numberOf(properties.Threshold, Number.NaN),
        actions: listOf(properties.AlarmActions).map((value) => ({
          value,
          resource: resources.target(value, resource),
        })),
        enabled: properties.ActionsEnabled !== false,
        inComposite: inComposites.has(resource) || isNamed(resource),
      };
    });
}

function metricsOf(resource: Resource, resources: Resources): readonly Metric[] {
  const { properties } = resource;
  const within = listOf(properties.Metrics).flatMap((query) => at(query, 'MetricStat', 'Metric') ?? []);
  const all = properties.MetricName === undefined ? within : [properties, ...within];
  return all.map(recordOf).map(({ Namespace: namespace, MetricName: name, Dimensions: dimensions }) => ({
    namespace,
    name,
    dimensions: listOf(dimensions)
      .map(recordOf)
      .map((dimension) => ({
        name: String(dimension.Name),
        value: dimension.Value,
        resource:
          resources.target(dimension.Value, resource) ??
          resources.named(NAMED_BY[String(dimension.Name)] ?? '', dimension.Value, resource),
      })),
  }));
}

/** Alarms on a metric of a resource, composites left out. */
export const alarmsOn = (alarms: readonly Alarm[], resource: Resource, ...names: readonly string[]): readonly Alarm[] =>
  alarms.filter(({ metrics }) =>
    metrics.some(
      (metric) =>
        names.includes(String(metric.name)) && metric.dimensions.some((dimension) => dimension.resource === resource),
    ),
  );
