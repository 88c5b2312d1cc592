import {
  ALARM,
  all,
  deadLetterIds,
  FUNCTION,
  first,
  idOf,
  mappingsFrom,
  offenders,
  QUEUE,
  type Rule,
  STREAM,
  type TemplateJson,
  TOPIC,
} from './template-view.ts';

interface Dimension {
  readonly Name: string;
  readonly Value: unknown;
}

/** Ids of resources that an alarm on a metric watches through a dimension. */
function watched(
  t: TemplateJson,
  namespace: string,
  metric: string,
  dimension: string,
): ReadonlySet<string | undefined> {
  const alarms = all(t, ALARM).filter(([, alarm]) => alarm.Namespace === namespace && alarm.MetricName === metric);
  return new Set(
    alarms.flatMap(([, { Dimensions = [] }]) =>
      (Dimensions as Dimension[]).filter(({ Name }) => Name === dimension).map(({ Value }) => idOf(Value)),
    ),
  );
}

/** Whether an alarm looks at a metric, alone or in its expression. */
const watches = (
  {
    MetricName,
    Metrics = [],
  }: { MetricName?: string; Metrics?: { MetricStat?: { Metric: { MetricName: string } } }[] },
  metric: string,
): boolean => [MetricName, ...Metrics.map((one) => one.MetricStat?.Metric.MetricName)].includes(metric);

const alarmOn = (t: TemplateJson, metric: string) => first(t, ALARM, (alarm) => watches(alarm, metric));

const goesTo = (t: TemplateJson, actions: readonly unknown[] = []): boolean =>
  actions.some((action) => t.Resources[idOf(action) ?? '']?.Type === TOPIC);

const sourceIs = (t: TemplateJson, watching: ReadonlySet<string | undefined>) =>
  offenders(mappingsFrom(t, QUEUE), ([, { EventSourceArn }]) => watching.has(idOf(EventSourceArn)));

/** Text of the dashboard; what is only known at deployment stands there as its logical id. */
export function dashboardText(t: TemplateJson): string {
  const body = first(t, 'AWS::CloudWatch::Dashboard').Properties.DashboardBody;
  const parts: readonly unknown[] = body['Fn::Join']?.[1] ?? [body];
  return parts.map((part) => (typeof part === 'string' ? part : (idOf(part) ?? ''))).join('');
}

export const OPERATIONS_RULES: readonly Rule[] = [
  {
    name: 'every consumed queue has an alarm on its oldest message',
    check: (t) => sourceIs(t, watched(t, 'AWS/SQS', 'ApproximateAgeOfOldestMessage', 'QueueName')),
    mistake: (t) => {
      alarmOn(t, 'ApproximateAgeOfOldestMessage').Properties.Dimensions = [];
    },
  },
  {
    name: 'every dead-letter queue has an alarm on its visible messages, at the first one',
    check: (t) => {
      const watching = watched(t, 'AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'QueueName');
      const late = all(t, ALARM).filter(
        ([, { MetricName, Threshold, Dimensions }]) =>
          MetricName === 'ApproximateNumberOfMessagesVisible' &&
          deadLetterIds(t).has(idOf(Dimensions[0].Value) ?? '') &&
          Threshold !== 0,
      );
      return [...[...deadLetterIds(t)].filter((id) => !watching.has(id)), ...late.map(([id]) => id)];
    },
    mistake: (t) => {
      const [queue] = deadLetterIds(t);
      const onQueue = first(t, ALARM, ({ Dimensions = [] }) => idOf(Dimensions[0]?.Value) === queue);
      onQueue.Properties.MetricName = 'NumberOfMessagesSent';
    },
  },
  {
    name: 'every function that reads a log has an alarm on its iterator age, by function',
    check: (t) => {
      const watching = watched(t, 'AWS/Lambda', 'IteratorAge', 'FunctionName');
      return offenders(mappingsFrom(t, STREAM), ([, { FunctionName }]) => watching.has(idOf(FunctionName)));
    },
    mistake: (t) => {
      alarmOn(t, 'IteratorAge').Properties.Dimensions[0].Name = 'StreamName';
    },
  },
  {
    name: 'an iterator-age alarm goes off before the log forgets',
    check: (t) => {
      const hours = all(t, STREAM).map(([, { RetentionPeriodHours }]) => RetentionPeriodHours as number);
      const alarms = all(t, ALARM).filter(([, { MetricName }]) => MetricName === 'IteratorAge');
      return offenders(alarms, ([, { Threshold }]) => Threshold < Math.min(...hours) * 3_600_000);
    },
    mistake: (t) => {
      alarmOn(t, 'IteratorAge').Properties.Threshold *= 2;
    },
  },
  {
    name: 'every outbox has an alarm on what waits in it, also when nobody measures',
    check: (t) => {
      const alarms = all(t, ALARM).filter(([, alarm]) => watches(alarm, 'OldestUnpublished'));
      const outboxes = all(t, 'AWS::DynamoDB::Table').filter(
        ([, { StreamSpecification }]) => StreamSpecification !== undefined,
      );
      const silent = offenders(alarms, ([, alarm]) => goesTo(t, alarm.InsufficientDataActions));
      return alarms.length < outboxes.length ? ['an outbox without an alarm', ...silent] : silent;
    },
    mistake: (t) => {
      alarmOn(t, 'OldestUnpublished').Properties.InsufficientDataActions = [];
    },
  },
  {
    name: 'every alarm tells the alarm topic when it goes off and when it is over',
    check: (t) => offenders(all(t, ALARM), ([, alarm]) => goesTo(t, alarm.AlarmActions) && goesTo(t, alarm.OKActions)),
    mistake: (t) => {
      first(t, ALARM).Properties.AlarmActions = [];
    },
  },
  {
    name: 'every alarm says what it means, how urgent it is and what to do first',
    check: (t) =>
      offenders(all(t, ALARM), ([, { AlarmDescription: text }]) =>
        /^"?(CRITICAL|WARNING): .* First: .* Runbook: docs\/runbooks\/[a-z-]+\.md"?$/.test(
          typeof text === 'string' ? text : JSON.stringify(text?.['Fn::Join']?.[1].join('')),
        ),
      ),
    mistake: (t) => {
      first(t, ALARM).Properties.AlarmDescription = 'Something is wrong';
    },
  },
  {
    name: 'every alarm says what silence means',
    check: (t) =>
      offenders(
        all(t, ALARM),
        ([, alarm]) =>
          ['notBreaching', 'breaching'].includes(alarm.TreatMissingData) ||
          (alarm.TreatMissingData === 'missing' && alarm.InsufficientDataActions?.length > 0),
      ),
    mistake: (t) => void delete first(t, ALARM).Properties.TreatMissingData,
  },
  {
    name: 'every alarm goes off above its threshold',
    check: (t) => offenders(all(t, ALARM), ([, alarm]) => alarm.ComparisonOperator === 'GreaterThanThreshold'),
    mistake: (t) => {
      first(t, ALARM).Properties.ComparisonOperator = 'GreaterThanOrEqualToThreshold';
    },
  },
  {
    name: 'every function runs on Node 24 and logs to a group of its own that forgets',
    check: (t) =>
      offenders(all(t, FUNCTION), ([, fn]) => {
        const group = t.Resources[idOf(fn.LoggingConfig?.LogGroup) ?? ''];
        const users = all(t, FUNCTION).filter(
          ([, other]) => idOf(other.LoggingConfig?.LogGroup) === idOf(fn.LoggingConfig?.LogGroup),
        );
        return fn.Runtime === 'nodejs24.x' && group?.Properties.RetentionInDays > 0 && users.length === 1;
      }),
    mistake: (t) => void delete first(t, 'AWS::Logs::LogGroup').Properties.RetentionInDays,
  },
  {
    name: 'there is one dashboard, with every consumer and every alarm on it',
    check: (t) => {
      const dashboards = all(t, 'AWS::CloudWatch::Dashboard').length;
      if (dashboards !== 1) return [`${dashboards} dashboards`];
      const text = dashboardText(t);
      const queues = mappingsFrom(t, QUEUE).map(([, { EventSourceArn }]) => idOf(EventSourceArn) ?? '');
      const readers = mappingsFrom(t, STREAM).map(([, { FunctionName }]) => idOf(FunctionName) ?? '');
      return [...all(t, ALARM).map(([id]) => id), ...queues, ...readers].filter((id) => !text.includes(id));
    },
    mistake: (t) => {
      first(t, 'AWS::CloudWatch::Dashboard').Properties.DashboardBody = '{"widgets":[]}';
    },
  },
];
