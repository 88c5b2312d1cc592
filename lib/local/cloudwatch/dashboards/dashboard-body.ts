import { isObject, type Json, type JsonObject } from '../../json.ts';

/** What is wrong with a dashboard's body, and where: `/widgets/0/properties/metrics/1`. */
export interface BodyProblem {
  readonly dataPath: string;
  readonly message: string;
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html */
const MAX_WIDGETS = 500;
const GRID_COLUMNS = 24;
const MAX_HEIGHT = 1_000;
const MAX_METRICS = 500;
const MAX_ALARMS = 100;
const MAX_DIMENSIONS = 30;

type Report = (path: string, message: string) => void;
type Check = (value: Json, path: string, report: Report) => void;

const within =
  (least: number, most: number): Check =>
  (value, path, report) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
      report(path, `Should be a whole number from ${least} to ${most}`);
  };

const text: Check = (value, path, report) => {
  if (typeof value !== 'string') report(path, 'Should be string');
};

const oneOf =
  (...allowed: readonly string[]): Check =>
  (value, path, report) => {
    if (typeof value !== 'string' || !allowed.includes(value))
      report(path, `Should be equal to one of the allowed values: ${allowed.join(', ')}`);
  };

const period: Check = (value, path, report) => {
  const fine = typeof value === 'number' && ([1, 5, 10, 20, 30].includes(value) || (value > 0 && value % 60 === 0));
  if (!fine) report(path, 'Should be 1, 5, 10, 20, 30 or a multiple of 60');
};

const listOf =
  (most: number, each: Check, least = 0): Check =>
  (value, path, report) => {
    if (!Array.isArray(value)) return report(path, 'Should be array');
    if (value.length < least) report(path, `Should NOT have fewer than ${least} items`);
    if (value.length > most) report(path, `Should NOT have more than ${most} items`);
    for (const [index, item] of value.entries()) each(item, `${path}/${index}`, report);
  };

interface Shape {
  readonly required: readonly string[];
  readonly properties: Readonly<Record<string, Check>>;
  /** Properties of other names are an error. @default false: they are let through unread */
  readonly closed?: boolean;
}

const object =
  ({ required, properties, closed = false }: Shape): Check =>
  (value, path, report) => {
    if (!isObject(value)) return report(path, 'Should be object');
    for (const name of required) if (value[name] === undefined) report(path, `Should have required property '${name}'`);
    for (const [name, inner] of Object.entries(value)) {
      const check = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (check !== undefined) check(inner as Json, `${path}/${name}`, report);
      else if (closed) report(path, `Should NOT have additional property '${name}'`);
    }
  };

/** Options of one row of a graph; the last element of its array. */
const ROW_OPTIONS = object({
  required: [],
  closed: true,
  properties: {
    ...{ color: text, label: text, region: text, stat: text, id: text, expression: text, accountId: text },
    ...{ period, visible: anything, yAxis: oneOf('left', 'right') },
  },
});

/** Namespace, name, pairs of dimension names and values, options; or an expression alone. `.` and `...` repeat the row before. */
const row: Check = (value, path, report) => {
  if (!Array.isArray(value) || value.length === 0) return report(path, 'Should be a non-empty array');
  const last = value.at(-1);
  const names = isObject(last) ? value.slice(0, -1) : value;
  if (isObject(last)) ROW_OPTIONS(last, `${path}/${value.length - 1}`, report);
  for (const [index, name] of names.entries()) text(name, `${path}/${index}`, report);
  const expression = isObject(last) && last.expression !== undefined;
  if (expression ? names.length > 0 : names.length === 0)
    return report(path, 'Should have either an expression or a namespace and a metric name');
  if (names.includes('...') || expression) return;
  if (names.length < 2 || names.length % 2 !== 0)
    report(path, 'Should have a namespace, a metric name and pairs of dimensions');
  if (names.length / 2 - 1 > MAX_DIMENSIONS) report(path, `Should NOT have more than ${MAX_DIMENSIONS} dimensions`);
};

function anything(): void {}

/** An alarm's line, or lines of one's own. */
const ANNOTATIONS = object({
  required: [],
  closed: true,
  properties: {
    alarms: listOf(1, text),
    horizontal: listOf(MAX_METRICS, (value, path, report) => {
      if (Array.isArray(value)) listOf(2, LINE, 2)(value, path, report);
      else LINE(value, path, report);
    }),
    vertical: listOf(MAX_METRICS, anything),
  },
});
const LINE = object({
  required: ['value'],
  properties: {
    ...{ label: text, color: text, visible: anything, yAxis: oneOf('left', 'right') },
    value: (value, path, report) => {
      if (typeof value !== 'number') report(path, 'Should be number');
    },
  },
});

const METRIC_WIDGET: Shape = {
  required: ['region'],
  properties: {
    metrics: listOf(MAX_METRICS, row),
    annotations: ANNOTATIONS,
    view: oneOf('timeSeries', 'singleValue', 'gauge', 'bar', 'pie', 'table'),
    ...{ title: text, region: text, stat: text, period },
  },
};

/** What the properties of each type of widget must look like; types that the engine knows only by name are let through. */
const PROPERTIES: Readonly<Record<string, Check>> = {
  metric(value, path, report) {
    object(METRIC_WIDGET)(value, path, report);
    if (isObject(value) && value.metrics === undefined && value.annotations === undefined)
      report(path, "Should have required property 'metrics' or an alarm in 'annotations'");
  },
  text: object({ required: ['markdown'], properties: { markdown: text, background: oneOf('solid', 'transparent') } }),
  alarm: object({
    required: ['alarms'],
    properties: {
      alarms: listOf(MAX_ALARMS, text, 1),
      title: text,
      sortBy: oneOf('default', 'stateUpdatedTimestamp', 'timestamp'),
      states: listOf(3, oneOf('ALARM', 'INSUFFICIENT_DATA', 'OK')),
    },
  }),
  log: object({ required: ['query', 'region'], properties: { query: text, region: text, title: text } }),
  explorer: anything,
  chart: anything,
  custom: object({ required: ['endpoint'], properties: { endpoint: text, title: text } }),
};

const widget: Check = (value, path, report) => {
  object({
    required: ['type', 'properties'],
    closed: true,
    properties: {
      type: oneOf(...Object.keys(PROPERTIES)),
      x: within(0, GRID_COLUMNS - 1),
      y: within(0, Number.MAX_SAFE_INTEGER),
      width: within(1, GRID_COLUMNS),
      height: within(1, MAX_HEIGHT),
      properties: anything,
    },
  })(value, path, report);
  if (!isObject(value)) return;
  const { type, properties, x, width } = value;
  if (typeof x === 'number' && typeof width === 'number' && x + width > GRID_COLUMNS)
    report(path, `Should end within the ${GRID_COLUMNS} columns of the grid, but x and width make ${x + width}`);
  const check = typeof type === 'string' && Object.hasOwn(PROPERTIES, type) ? PROPERTIES[type] : undefined;
  if (properties !== undefined) check?.(properties, `${path}/properties`, report);
};

const BODY = object({
  required: ['widgets'],
  closed: true,
  properties: {
    ...{ start: text, end: text, periodOverride: oneOf('auto', 'inherit'), variables: anything },
    widgets: listOf(MAX_WIDGETS, widget),
  },
});

/** Everything in a dashboard's body that its documented structure does not allow. */
export function bodyProblems(body: JsonObject): BodyProblem[] {
  const problems: BodyProblem[] = [];
  BODY(body, '', (dataPath, message) => problems.push({ dataPath, message }));
  return problems;
}
