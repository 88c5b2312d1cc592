import {
  GraphWidget,
  type HorizontalAnnotation,
  type IMetric,
  type IWidget,
  MathExpression,
  type Metric,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmKind } from '../../contracts/declaring/alarms.ts';
import type { WatchedAlarm } from '../alarms/system-alarms.ts';

/** A dashboard's grid has 24 columns. */
export const FULL = 24;
export const QUARTER = FULL / 4;
/** An alarm widget shows at most so many. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html */
export const MAX_ALARMS = 100;
const HEIGHT = 6;

/** What a graph shows. */
export interface GraphSpec {
  readonly title: string;
  /** Columns. @default 8 */
  readonly width?: number;
  /** Of the axis: `messages`, `percent`. */
  readonly unit: string;
  readonly metrics: readonly IMetric[];
  /** Lines across it; equal ones are drawn once. @default none */
  readonly lines?: readonly HorizontalAnnotation[];
}

/** The words above a row. */
export const heading = (markdown: string): TextWidget => new TextWidget({ width: FULL, height: 1, markdown });

/** A graph; none when it would be empty: a system without logs has no lag of logs. */
export function graph({ title, width = 8, unit, metrics, lines = [] }: GraphSpec): IWidget[] {
  if (metrics.length === 0) return [];
  return [
    new GraphWidget({
      ...{ title, width, height: HEIGHT },
      left: metrics.map((metric, index) => withIdsOfItsOwn(metric, `r${index}`)),
      leftAnnotations: [...new Map(lines.map((line) => [`${line.value} ${line.label}`, line])).values()],
      leftYAxis: { label: unit, min: 0, showUnits: false },
    }),
  ];
}

/** All rows of a graph share one space of ids; the expressions of two consumers use the same ones. */
function withIdsOfItsOwn(metric: IMetric, prefix: string): IMetric {
  if (!(metric instanceof MathExpression)) return metric;
  const { expression, usingMetrics, label, period } = metric;
  const renamed = (id: string) => `${prefix}_${id}`;
  return new MathExpression({
    expression: expression.replace(/\b[a-z]\w*\b/g, (word) =>
      Object.hasOwn(usingMetrics, word) ? renamed(word) : word,
    ),
    usingMetrics: Object.fromEntries(
      Object.entries(usingMetrics).map(([id, inner]) => [renamed(id), withIdsOfItsOwn(inner, renamed(id))]),
    ),
    ...(label === undefined ? {} : { label }),
    period,
  });
}

export const labelled = (metric: IMetric, label: string): IMetric => (metric as Metric).with({ label });

/** A line where alarms of these kinds go off, as they say it themselves; none for those that are switched off. */
export const linesOf = (alarms: readonly WatchedAlarm[], ...kinds: readonly AlarmKind[]): HorizontalAnnotation[] =>
  alarms
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ alarm, title, severity }) => ({ ...alarm.toAnnotation(), label: title, color: COLOURS[severity] }));

/** The same in the unit of the declaration, for graphs in percent of an alarm that looks at milliseconds. */
export const declaredLinesOf = (alarms: readonly WatchedAlarm[], kind: AlarmKind): HorizontalAnnotation[] =>
  alarms
    .filter((one) => one.kind === kind)
    .map(({ title, severity, declared }) => ({ value: declared, label: title, color: COLOURS[severity] }));

const COLOURS = { critical: '#d62728', warning: '#ff7f0e' } as const;
