import { AlarmStatusWidget, type IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { SystemViews } from './system-views.ts';
import { declaredLinesOf, FULL, graph, heading, labelled, linesOf, MAX_ALARMS, QUARTER } from './widgets.ts';

const HALF = FULL / 2;
const ALARMS_HEIGHT = 5;

/** Is all well? The state of every alarm, then depth, lag, errors and dead letters. */
export function healthRow(title: string, { consumers, outboxes, alarms }: SystemViews): IWidget[][] {
  const own = consumers.flatMap((consumer) => consumer.alarms);
  const ofSeverity = (severity: string) =>
    alarms.watched.filter((one) => one.severity === severity).map((one) => one.alarm);
  const states = (name: string, shown: ReturnType<typeof ofSeverity>) =>
    new AlarmStatusWidget({ title: name, width: HALF, height: ALARMS_HEIGHT, alarms: shown.slice(0, MAX_ALARMS) });
  return [
    [heading(`# ${title}: overall health`)],
    [
      new AlarmStatusWidget({ title: 'System', width: FULL, height: 2, alarms: [alarms.unhealthy] }),
      states('Critical alarms', ofSeverity('critical')),
      states('Warnings', ofSeverity('warning')),
    ],
    [
      ...graph({
        ...{ title: 'Queue depth', width: QUARTER, unit: 'messages' },
        metrics: consumers.flatMap(({ name, depth }) => (depth === undefined ? [] : [labelled(depth, name)])),
        lines: linesOf(own, 'queue-depth'),
      }),
      ...graph({
        ...{ title: 'Lag of logs', width: QUARTER, unit: '% of the retention' },
        metrics: consumers.flatMap(({ name, lags }) => (lags === undefined ? [] : [labelled(lags.share, name)])),
        lines: declaredLinesOf(own, 'iterator-age'),
      }),
      ...graph({
        ...{ title: 'Error rate', width: QUARTER, unit: '% of the messages' },
        metrics: consumers.map(({ name, errorRate }) => labelled(errorRate, name)),
        lines: linesOf(own, 'error-rate'),
      }),
      ...graph({
        ...{ title: 'Dead letters and undelivered', width: QUARTER, unit: 'messages' },
        metrics: [
          ...[...consumers, ...outboxes].map(({ name, deadLetterDepth }) => labelled(deadLetterDepth, name)),
          ...own
            .filter(({ kind }) => kind === 'undelivered')
            .map(({ name, metric }) => labelled(metric, `${name} undelivered`)),
        ],
        lines: linesOf(own, 'dead-letters'),
      }),
    ],
  ];
}
