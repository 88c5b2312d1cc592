import {
  type CloudWatchClient,
  GetDashboardCommand,
  GetMetricDataCommand,
  type MetricDataQuery,
} from '@aws-sdk/client-cloudwatch';

/** A graph, or a number, of a dashboard: what CloudWatch is asked to draw it. */
export interface Graph {
  readonly title: string;
  readonly queries: readonly MetricDataQuery[];
  /** Ids of the rows that are drawn; others only serve expressions. */
  readonly drawn: readonly string[];
}

export interface DashboardContents {
  readonly graphs: readonly Graph[];
  /** ARNs of all alarms of its alarm widgets. */
  readonly alarms: readonly string[];
  /** Values of the lines drawn across its graphs, by title. */
  readonly lines: Readonly<Record<string, readonly number[]>>;
}

interface RowOptions {
  readonly expression?: string;
  readonly id?: string;
  readonly label?: string;
  readonly stat?: string;
  readonly period?: number;
  readonly visible?: boolean;
}

interface Widget {
  readonly type: string;
  readonly properties: {
    readonly title?: string;
    readonly stat?: string;
    readonly period?: number;
    readonly metrics?: readonly (readonly (string | RowOptions)[])[];
    readonly alarms?: readonly string[];
    readonly annotations?: { readonly horizontal?: readonly { readonly value: number }[] };
  };
}

/** What a deployed dashboard shows. The rows are those that the CDK writes: in full, without `.` and `...`. */
export async function dashboardContents(client: CloudWatchClient, name: string): Promise<DashboardContents> {
  const { DashboardBody = '' } = await client.send(new GetDashboardCommand({ DashboardName: name }));
  const { widgets } = JSON.parse(DashboardBody) as { widgets: readonly Widget[] };
  const drawn = widgets.filter(({ type }) => type === 'metric');
  return {
    graphs: drawn.map(graphOf),
    alarms: widgets.flatMap(({ properties }) => properties.alarms ?? []),
    lines: Object.fromEntries(
      drawn.map(({ properties: { title = '', annotations } }) => [
        title,
        (annotations?.horizontal ?? []).map(({ value }) => value),
      ]),
    ),
  };
}

function graphOf({ properties }: Widget): Graph {
  const rows = (properties.metrics ?? []).map((row, index) => {
    const last = row.at(-1);
    const options = typeof last === 'object' ? last : {};
    const names = row.filter((name) => typeof name === 'string');
    return { options, names, id: options.id ?? `row${index}` };
  });
  return {
    title: properties.title ?? '',
    drawn: rows.flatMap(({ id, options }) => (options.visible === false ? [] : [id])),
    queries: rows.map(({ id, names, options }) => {
      if (options.expression !== undefined) return { Id: id, Expression: options.expression, Period: options.period };
      const [Namespace, MetricName, ...pairs] = names;
      const Dimensions = pairs.flatMap((Name, at) => (at % 2 === 0 ? [{ Name, Value: pairs[at + 1] }] : []));
      const Period = options.period ?? properties.period ?? 300;
      const Stat = options.stat ?? properties.stat ?? 'Average';
      return { Id: id, MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period, Stat } };
    }),
  };
}

/** Rows of a graph that have no datapoint since `from`. */
export async function emptyRows(client: CloudWatchClient, { queries, drawn }: Graph, from: Date): Promise<string[]> {
  const MetricDataQueries = queries.map((query) => ({ ...query, ReturnData: drawn.includes(query.Id ?? '') }));
  const { MetricDataResults = [] } = await client.send(
    new GetMetricDataCommand({ MetricDataQueries, StartTime: from, EndTime: new Date() }),
  );
  const filled = new Set(MetricDataResults.filter(({ Values = [] }) => Values.length > 0).map(({ Id }) => Id));
  return drawn
    .filter((id) => !filled.has(id))
    .map((id) => {
      const query = queries.find(({ Id }) => Id === id);
      return query?.Expression ?? `${query?.MetricStat?.Metric?.Namespace}/${query?.MetricStat?.Metric?.MetricName}`;
    });
}
