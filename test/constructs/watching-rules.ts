import { ALARM, all, first, offenders, type Rule, type TemplateJson } from './template-view.ts';
import { type Graph, graphsOf, headingsOf, rewrite, type Series, seriesOfAlarm, widgetsOf } from './watching-view.ts';

interface Measure {
  readonly stats: readonly string[];
  readonly by: string;
}

const sum = (by: string): Measure => ({ stats: ['Sum'], by });
const most = (by: string): Measure => ({ stats: ['Maximum'], by });
const COUNTS = 'Received Done Retried Rejected Duplicates Outages Undeliverable Consumed StateFailures LateDropped';

/** How each metric is looked at: counts are added up; of depths, ages and lags the worst counts, never the average. */
const MEASURES: Readonly<Record<string, Measure>> = {
  ApproximateNumberOfMessagesVisible: most('QueueName'),
  ApproximateAgeOfOldestMessage: most('QueueName'),
  IteratorAge: most('FunctionName'),
  Errors: sum('FunctionName'),
  Invocations: sum('FunctionName'),
  Throttles: sum('FunctionName'),
  Duration: { stats: ['p99'], by: 'FunctionName' },
  IncomingRecords: sum('StreamName'),
  ...Object.fromEntries(COUNTS.split(' ').map((name) => [name, sum('stack subscription')])),
  AgeAtProcessing: { stats: ['p99'], by: 'stack subscription' },
  ShardLag: { stats: ['Minimum', 'Maximum'], by: 'stack subscription' },
  OldestUnpublished: most('outbox stack'),
  OldestOverdue: most('stack work'),
  Published: sum('outbox stack'),
  Sent: sum('channel stack'),
  SendFailures: sum('channel stack'),
  ThrottledCalls: sum('function stack'),
};

const isRight = ({ metric, stat, period, dimensions }: Series): boolean => {
  const measure = MEASURES[metric];
  return period === 60 && measure?.stats.includes(stat) === true && measure.by === dimensions.join(' ');
};

interface Expected {
  readonly looksAt: string;
  /** Of functions that callers wait for. */
  readonly ofCalled?: string;
  readonly threshold: number;
  readonly minutes: number;
  readonly points?: number;
  readonly silence?: string;
}

const ERRORS = '100 * FILL(errors, 0) / invocations';

/** What each kind of alarm looks at, and when it goes off unless a declaration says otherwise. */
const ALARMS: Readonly<Record<string, Expected>> = {
  'queue-depth': { looksAt: 'ApproximateNumberOfMessagesVisible', threshold: 10_000, minutes: 5 },
  'oldest-message': { looksAt: 'ApproximateAgeOfOldestMessage', threshold: 300, minutes: 1 },
  'dead-letters': { looksAt: 'ApproximateNumberOfMessagesVisible', threshold: 0, minutes: 1 },
  'dead-letters-failed': { looksAt: 'Undeliverable', threshold: 0, minutes: 1 },
  undelivered: { looksAt: 'ApproximateNumberOfMessagesVisible', threshold: 0, minutes: 1 },
  'error-rate': { looksAt: 'MAX([FILL(messages, 0), FILL(calls, 0)])', threshold: 1, minutes: 5, points: 3 },
  'function-errors': { looksAt: ERRORS, threshold: 1, minutes: 5, points: 3 },
  throttles: {
    ...{ looksAt: 'Throttles', ofCalled: 'FILL(throttles, 0) + FILL(busy, 0)' },
    ...{ threshold: 0, minutes: 5 },
  },
  // 20 a second are usual.
  'received-drop': { looksAt: '100 * (1 - received / 1200)', threshold: 50, minutes: 30, silence: 'breaching' },
  // Half of seven days, in milliseconds.
  'iterator-age': { looksAt: 'IteratorAge', threshold: 302_400_000, minutes: 5 },
  'log-lag-messages': { looksAt: 'age / 1000 * produced / 60', threshold: 100_000, minutes: 5 },
  'catch-up': {
    looksAt: 'IF(produced > FILL(consumed, 0), IF(FILL(consumed, 0) < 1, 100, share), 0)',
    ...{ threshold: 10, minutes: 15, points: 12 },
  },
  'hot-shard': { looksAt: 'IF(most > 60000, most / (least + 1), 0)', threshold: 10, minutes: 10 },
  'producer-errors': { looksAt: '100 * failures / (sent + failures)', threshold: 0.1, minutes: 5 },
  'oldest-unpublished': {
    looksAt: 'IF(FILL(calls, 0) + FILL(refused, 0) > 0, FILL(age, 1000000000), age)',
    ...{ threshold: 60, minutes: 3, silence: 'missing' },
  },
  'state-failures': { looksAt: 'StateFailures', threshold: 0, minutes: 1 },
};

/** The longest kind that ends the name: `dead-letters` ends `undelivered` of nothing. */
const kindOf = (name: string): string | undefined => Object.keys(ALARMS).find((kind) => name.endsWith(`-${kind}`));

// biome-ignore lint/suspicious/noExplicitAny: the properties of an alarm, as the template has them.
const looksAt = ({ MetricName, Metrics = [] }: any): string =>
  MetricName ?? Metrics.find(({ ReturnData }: { ReturnData?: boolean }) => ReturnData !== false)?.Expression;

interface Look {
  readonly unit: string;
  readonly width: number;
  /** Titles of the alarms whose threshold is drawn. */
  readonly lines?: readonly string[];
  /** What is shown, each once for every consumer or channel: metrics, or expressions with their ids cut to the last word. */
  readonly shows: readonly string[];
}

const A_MINUTE = 'messages a minute';

/** Every graph of a system's dashboard by its title, without the name after the colon. */
const GRAPHS: Readonly<Record<string, Look>> = {
  'Queue depth': {
    unit: 'messages',
    width: 6,
    lines: ['Many messages wait in a queue'],
    shows: ['ApproximateNumberOfMessagesVisible'],
  },
  'Lag of logs': {
    unit: '% of the retention',
    width: 6,
    lines: ['A consumer may lose data'],
    shows: ['age / 6048000'],
  },
  'Error rate': {
    unit: '% of the messages',
    width: 6,
    lines: ['Messages fail'],
    shows: ['MAX([FILL(messages, 0), FILL(calls, 0)])'],
  },
  'Dead letters and undelivered': {
    unit: 'messages',
    width: 6,
    lines: ['Messages were given up'],
    shows: ['ApproximateNumberOfMessagesVisible'],
  },
  Produced: { unit: 'events a minute', width: 8, shows: ['Sent', 'Published'] },
  Consumed: { unit: A_MINUTE, width: 8, shows: ['Done'] },
  'Retried, rejected, duplicates': { unit: A_MINUTE, width: 8, shows: ['Retried', 'Rejected', 'Duplicates'] },
  'Failed sends': {
    unit: '% of the tries',
    width: 8,
    lines: ['Sending fails'],
    shows: ['100 * failures / (sent + failures)'],
  },
  'From event to processing, 99 of 100': { unit: 'milliseconds', width: 8, shows: ['AgeAtProcessing'] },
  'Duration of the functions, 99 of 100': { unit: 'milliseconds', width: 8, shows: ['Duration'] },
  Records: { unit: 'records a minute', width: 24, shows: ['IncomingRecords', 'Consumed'] },
  'Lag of a queue': {
    unit: 'seconds',
    width: 8,
    lines: ['A message waits for long'],
    shows: ['ApproximateAgeOfOldestMessage'],
  },
  'Lag of a log': { unit: 'milliseconds', width: 8, lines: ['A consumer may lose data'], shows: ['IteratorAge'] },
  'Oldest unpublished': {
    unit: 'seconds',
    width: 8,
    lines: ['Events wait in an outbox'],
    shows: ['OldestUnpublished'],
  },
  'Records behind': {
    unit: 'records',
    width: 8,
    lines: ['Many records wait in a log'],
    shows: ['age / 1000 * produced / 60'],
  },
  Forecast: {
    ...{ unit: 'minutes, or hours until data is lost', width: 8 },
    shows: [
      'IF(consumed > produced, age / 1000 * produced / (consumed - produced) / 60)',
      'IF(produced > consumed, (604800 - age / 1000) / (1 - consumed / produced) / 3600)',
    ],
  },
  'Lag of each shard': { unit: 'milliseconds', width: 8, shows: ["SEARCH(ShardLag, 'Maximum', 60)", '10 * least'] },
};

const lookOf = ({ title, series }: Graph): Look | undefined => {
  const [kind = ''] = title.split(':');
  const ofQueue = series.some(({ metric }) => metric === 'ApproximateAgeOfOldestMessage');
  return GRAPHS[kind === 'Lag' ? `Lag of a ${ofQueue ? 'queue' : 'log'}` : kind];
};

const graphsThat = (t: TemplateJson, keeps: (graph: Graph, look: Look) => boolean): string[] =>
  graphsOf(t).flatMap((graph) => {
    const look = lookOf(graph);
    return look !== undefined && keeps(graph, look) ? [] : [graph.title];
  });

const same = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  JSON.stringify(a.toSorted()) === JSON.stringify(b.toSorted());

export const WATCHING_RULES: readonly Rule[] = [
  {
    name: 'every metric of an alarm is looked at by the minute, with its statistic and dimensions',
    check: (t) => offenders(all(t, ALARM), ([, alarm]) => seriesOfAlarm(alarm).every(isRight)),
    mistake: (t) => {
      first(t, ALARM, ({ MetricName }) => MetricName === 'ApproximateAgeOfOldestMessage').Properties.Statistic =
        'Average';
    },
  },
  {
    name: 'every metric within the expression of an alarm too',
    check: (t) => offenders(all(t, ALARM), ([, alarm]) => seriesOfAlarm(alarm).every(isRight)),
    mistake: (t) => {
      const { Metrics } = first(t, ALARM, ({ AlarmName }) => AlarmName.endsWith('oldest-unpublished')).Properties;
      Metrics.find((one: { Id: string }) => one.Id === 'age').MetricStat.Period = 300;
    },
  },
  {
    name: 'every alarm looks at what its kind is about',
    onlyOrders: true,
    check: (t) =>
      offenders(all(t, ALARM), ([, alarm]) => {
        const expected = ALARMS[kindOf(alarm.AlarmName) ?? ''];
        const isCalled = String(alarm.AlarmName).endsWith('-place-order-throttles');
        return ((isCalled ? expected?.ofCalled : undefined) ?? expected?.looksAt) === looksAt(alarm);
      }),
    mistake: (t) => {
      first(t, ALARM, ({ MetricName }) => MetricName === 'Throttles').Properties.MetricName = 'Errors';
    },
  },
  {
    name: 'every alarm has the threshold of its kind, in its unit',
    onlyOrders: true,
    check: (t) =>
      offenders(all(t, ALARM), ([, alarm]) => ALARMS[kindOf(alarm.AlarmName) ?? '']?.threshold === alarm.Threshold),
    mistake: (t) => {
      first(t, ALARM, ({ MetricName }) => MetricName === 'IteratorAge').Properties.Threshold /= 1_000;
    },
  },
  {
    name: 'every alarm looks at the minutes of its kind, and takes silence as its kind does',
    check: (t) =>
      offenders(all(t, ALARM), ([, alarm]) => {
        const { minutes, points, silence = 'notBreaching' } = ALARMS[kindOf(alarm.AlarmName) ?? ''] ?? {};
        const { EvaluationPeriods, DatapointsToAlarm, TreatMissingData } = alarm;
        return EvaluationPeriods === minutes && DatapointsToAlarm === points && TreatMissingData === silence;
      }),
    mistake: (t) =>
      void delete first(t, ALARM, ({ DatapointsToAlarm }) => DatapointsToAlarm > 0).Properties.DatapointsToAlarm,
  },
  {
    name: 'every metric of a graph is looked at by the minute, with its statistic and dimensions',
    check: (t) => graphsThat(t, ({ series }) => series.filter(({ metric }) => !metric.includes('(')).every(isRight)),
    mistake: (t) => rewrite(t, (body) => body.replace('"stat":"Maximum"', '"stat":"Average"')),
  },
  {
    name: 'every graph is as wide as its row has room for',
    check: (t) => graphsThat(t, ({ width, height }, look) => width === look.width && height === 6),
    mistake: (t) => rewrite(t, (body) => body.replace('"width":8', '"width":6')),
  },
  {
    name: 'every graph begins at zero and names the unit of what it shows',
    check: (t) => graphsThat(t, ({ axis }, look) => axis.label === look.unit && axis.min === 0 && !axis.showUnits),
    mistake: (t) => rewrite(t, (body) => body.replace('"label":"milliseconds"', '"label":"seconds"')),
  },
  {
    name: 'every graph has the lines of its alarms, once each, where they go off',
    onlyOrders: true,
    check: (t) =>
      graphsThat(t, ({ lines }, look) =>
        same(
          lines.map(({ label }) => label),
          look.lines ?? [],
        ),
      ),
    mistake: (t) => rewrite(t, (body) => body.replace('"annotations"', '"notes"')),
  },
  {
    name: 'every line of a graph is at the threshold of its alarms, in the unit of the axis',
    onlyOrders: true,
    check: (t) => {
      const declared = new Set(Object.values(ALARMS).map(({ threshold }) => threshold));
      // The lag of logs is in percent; the alarm looks at milliseconds.
      return graphsThat(t, ({ title, lines }) =>
        lines.every(({ value }) => (title === 'Lag of logs' ? value === 50 : declared.has(value))),
      );
    },
    mistake: (t) => rewrite(t, (body) => body.replace('"value":300,', '"value":300000,')),
  },
  {
    name: 'every graph shows what it is called after',
    onlyOrders: true,
    check: (t) => graphsThat(t, ({ shown }, look) => same([...new Set(shown)], look.shows)),
    mistake: (t) => rewrite(t, (body) => body.replace('"Sluice","Published"', '"Sluice","Sent"')),
  },
  {
    name: 'there is every graph',
    onlyOrders: true,
    check: (t) => {
      const there = new Set(graphsOf(t).map(lookOf));
      return Object.entries(GRAPHS).flatMap(([title, look]) => (there.has(look) ? [] : [title]));
    },
    mistake: (t) => rewrite(t, (body) => body.replace('"title":"Consumed"', '"title":"Used"')),
  },
  {
    name: 'the rows have their headings, and the states of alarms are on top of all graphs',
    onlyOrders: true,
    check: (t) => {
      const text = headingsOf(t).join('; ');
      const want =
        '# Orders: overall health; # Throughput: produced against consumed; # Lag: per consumer and per shard';
      const states = widgetsOf(t).filter(({ type }) => type === 'alarm');
      const graphsBegin = Math.min(...widgetsOf(t).flatMap(({ type, y }) => (type === 'metric' ? [y] : [])));
      const sizes = states.map(({ width, height, properties }) => `${properties.title} ${width}x${height}`).join('; ');
      return [
        ...(text === want ? [] : [text]),
        ...(sizes === 'System 24x2; Critical alarms 12x5; Warnings 12x5' ? [] : [sizes]),
        ...states.filter(({ y }) => y > graphsBegin).map(({ properties }) => properties.title ?? ''),
      ];
    },
    mistake: (t) => rewrite(t, (body) => body.replace('# Throughput', '# Traffic')),
  },
];
