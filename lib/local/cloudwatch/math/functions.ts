import { MathError } from './parse.ts';
import { at, isLine, isLines, kept, type Line, mapValue, type Value } from './value.ts';

/** What functions know of the grid they work on. */
export interface Grid {
  readonly periodSeconds: number;
  /** Number of periods. */
  readonly count: number;
}

export type MathFunction = (args: readonly Value[], grid: Grid) => Value;

type Points = readonly (number | undefined)[];

/**
 * Functions of metric math that take worked-out values. IF, FILL, PERIOD and METRICS look at the expression itself (evaluate.ts).
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */
export const FUNCTIONS: Readonly<Record<string, MathFunction>> = {
  ABS: each(Math.abs),
  CEIL: each(Math.ceil),
  FLOOR: each(Math.floor),
  LOG: each(Math.log),
  LOG10: each(Math.log10),
  // Between series, what one of them does not have counts as 0; of one series only what is there counts.
  SUM: reduce((values) => sum(values)),
  AVG: reduce((values, among) => sum(values) / among),
  MAX: reduce((values) => Math.max(...values)),
  MIN: reduce((values) => Math.min(...values)),
  STDDEV: reduce((values) => {
    const mean = sum(values) / values.length;
    return Math.sqrt(sum(values.map((value) => (value - mean) ** 2)) / values.length);
  }),
  DATAPOINT_COUNT: reduce((values) => values.length),
  METRIC_COUNT: ([array = []]) => (isLines(array) ? array.length : 1),
  DIFF: steps((value, before) => value - before),
  DIFF_TIME: steps((_value, _before, seconds) => seconds),
  RATE: steps((value, before, seconds) => (value - before) / seconds),
  RUNNING_SUM: onEach(({ values }) => {
    let total = 0;
    return values.map((value) => {
      total += value ?? 0;
      return total;
    });
  }),
  TIME_SERIES: ([scalar = 0], { count }) => {
    if (typeof scalar !== 'number') throw new MathError('TIME_SERIES takes a scalar');
    return { label: String(scalar), values: new Array<number>(count).fill(scalar) };
  },
  FIRST: ([array = []]) => pick(array, 0),
  LAST: ([array = []]) => pick(array, -1),
  REMOVE_EMPTY: ([array = []]) => linesOf(array).filter(({ values }) => values.some((value) => value !== undefined)),
};

function each(apply: (value: number) => number): MathFunction {
  return ([value = Number.NaN]) => mapValue(value, apply);
}

function onEach(apply: (line: Line, grid: Grid) => Points): MathFunction {
  return ([value = []], grid) => {
    const lines = linesOf(value).map((line) => ({ ...line, values: apply(line, grid) }));
    const [first] = lines;
    return isLine(value) && first !== undefined ? first : lines;
  };
}

/** Of each value and the one before it that is there. */
function steps(apply: (value: number, before: number, seconds: number) => number): MathFunction {
  return onEach(({ values }, { periodSeconds }) => {
    let last: number | undefined;
    return values.map((value, index) => {
      if (value === undefined) return undefined;
      const before = last === undefined ? undefined : values[last];
      const seconds = (index - (last ?? 0)) * periodSeconds;
      last = index;
      return before === undefined ? undefined : kept(apply(value, before, seconds));
    });
  });
}

/** A series becomes a scalar, an array of series one series. @param among how many series there are, or values */
function reduce(apply: (values: readonly number[], among: number) => number): MathFunction {
  return ([value = []], { count }) => {
    if (typeof value === 'number') return apply([value], 1);
    if (isLine(value)) {
      const there = defined(value.values);
      return there.length === 0 ? Number.NaN : apply(there, there.length);
    }
    const values = Array.from({ length: count }, (_, index) => {
      const there = defined(value.map((line) => at(line, index)));
      return there.length === 0 ? undefined : kept(apply(there, value.length));
    });
    return { label: value.map(({ label }) => label).join(', '), values };
  };
}

function pick(array: Value, index: number): Line {
  const line = linesOf(array).at(index);
  if (line === undefined) throw new MathError('FIRST and LAST need an array that is not empty');
  return line;
}

export function linesOf(value: Value): readonly Line[] {
  if (typeof value === 'number') throw new MathError(`needs a time series, not the scalar ${value}`);
  return isLine(value) ? [value] : value;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const defined = (values: Points): number[] => values.filter((value) => value !== undefined);
