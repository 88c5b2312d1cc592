import { first, idOf, type TemplateJson } from './template-view.ts';

/** A metric as an alarm or a graph looks at it. */
export interface Series {
  readonly metric: string;
  readonly stat: string;
  readonly period: number;
  /** Names, in the order of the alphabet. */
  readonly dimensions: readonly string[];
}

interface Stat {
  readonly Metric: { readonly MetricName: string; readonly Dimensions?: readonly { readonly Name: string }[] };
  readonly Stat: string;
  readonly Period: number;
}

// biome-ignore lint/suspicious/noExplicitAny: the properties of an alarm, as the template has them.
export function seriesOfAlarm(alarm: any): readonly Series[] {
  const { MetricName, Statistic, ExtendedStatistic, Period, Dimensions, Metrics = [] } = alarm;
  const stats: readonly Stat[] =
    MetricName === undefined
      ? Metrics.flatMap(({ MetricStat }: { MetricStat?: Stat }) => MetricStat ?? [])
      : [{ Metric: { MetricName, Dimensions }, Stat: Statistic ?? ExtendedStatistic, Period }];
  return stats.map(({ Metric, Stat, Period: period }) => ({
    ...{ metric: Metric.MetricName, stat: Stat, period },
    dimensions: (Metric.Dimensions ?? []).map(({ Name }) => Name).toSorted(),
  }));
}

interface Options {
  readonly label?: string;
  readonly expression?: string;
  readonly visible?: boolean;
  readonly stat?: string;
  readonly period?: number;
}

interface Line {
  readonly label: string;
  readonly value: number;
}

interface Widget {
  readonly type: 'text' | 'alarm' | 'metric';
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: {
    readonly title?: string;
    readonly markdown?: string;
    readonly yAxis?: { readonly left: Graph['axis'] };
    readonly metrics?: readonly (readonly (string | Options)[])[];
    readonly annotations?: { readonly horizontal: readonly Line[] };
  };
}

/** A graph of a dashboard. */
export interface Graph {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly axis: { readonly label?: string; readonly min?: number; readonly showUnits?: boolean };
  readonly lines: readonly Line[];
  /** All metrics, seen or within expressions. */
  readonly series: readonly Series[];
  /** What is seen: metrics, and expressions in the ids of their own. */
  readonly shown: readonly string[];
}

const DASHBOARD = 'AWS::CloudWatch::Dashboard';

/** A dashboard's body as text; what is only known at deployment stands there as its logical id. */
const bodyOf = (t: TemplateJson): string => {
  const body = first(t, DASHBOARD).Properties.DashboardBody;
  const parts: readonly unknown[] = body['Fn::Join']?.[1] ?? [body];
  return parts.map((part) => (typeof part === 'string' ? part : (idOf(part) ?? ''))).join('');
};

/** Changes the body; for mistakes. @throws Error when nothing is changed: the mistake would be none */
export function rewrite(t: TemplateJson, change: (body: string) => string): void {
  const before = bodyOf(t);
  const after = change(before);
  if (after === before) throw new Error('the mistake finds nothing to change in the dashboard');
  first(t, DASHBOARD).Properties.DashboardBody = after;
}

export const widgetsOf = (t: TemplateJson): readonly Widget[] => JSON.parse(bodyOf(t)).widgets;

export const headingsOf = (t: TemplateJson): readonly string[] =>
  widgetsOf(t).flatMap(({ properties: { markdown } }) => markdown ?? []);

export const graphsOf = (t: TemplateJson): readonly Graph[] =>
  widgetsOf(t)
    .filter(({ type }) => type === 'metric')
    .map(({ width, height, properties }) => {
      const rows = (properties.metrics ?? []).map((row) => {
        const options = row.at(-1);
        return {
          names: row.filter((one) => typeof one === 'string'),
          options: typeof options === 'object' ? options : {},
        };
      });
      return {
        ...{ title: properties.title ?? '', width, height },
        axis: properties.yAxis?.left ?? {},
        lines: properties.annotations?.horizontal ?? [],
        series: rows
          .filter(({ options }) => options.expression === undefined)
          .map(({ names: [, metric = '', ...about], options: { stat = 'Average', period = 300 } }) => ({
            ...{ metric, stat, period },
            dimensions: about.filter((_, i) => i % 2 === 0).toSorted(),
          })),
        shown: rows
          .filter(({ options }) => options.visible !== false)
          .map(({ names: [, metric = ''], options: { expression } }) =>
            expression === undefined ? metric : plain(expression),
          ),
      };
    });

/** Without what makes ids unique in a graph, and of a search what it looks for. */
const plain = (expression: string): string =>
  expression.replace(/\br\d+_(?:\w+_)?(\w+)/g, '$1').replace(/SEARCH\('.*MetricName="(\w+)".*?', /, 'SEARCH($1, ');
