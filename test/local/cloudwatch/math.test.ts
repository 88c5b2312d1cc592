import { describe, expect, test } from 'vitest';
import { evaluate } from '../../../lib/local/cloudwatch/math/evaluate.ts';
import { parseExpression } from '../../../lib/local/cloudwatch/math/parse.ts';
import { isLine, type Line } from '../../../lib/local/cloudwatch/math/value.ts';

type Points = (number | undefined)[];
const none = undefined;
const METRICS: Readonly<Record<string, Points>> = {
  m1: [1, 2, none, 4],
  m2: [10, none, none, 40],
  zero: [0, 0, 0, 0],
  errors_a: [1, none, 3, 0],
};

/** Values of the result; of an array of time series, of each. */
function values(expression: string, metrics = METRICS): unknown {
  const lines = new Map(Object.entries(metrics).map(([id, points]) => [id, { label: id, values: points }]));
  const result = evaluate(parseExpression(expression), {
    periodSeconds: 60,
    count: 4,
    metrics: lines,
    search: () => [],
    resolve: (id) => lines.get(id) ?? Number.NaN,
  });
  if (typeof result === 'number') return result;
  return isLine(result) ? result.values : result.map((line) => line.values);
}

describe('arithmetic', () => {
  test.each<[string, unknown]>([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['-2 ^ 2', -4],
    ['2 ^ 3 ^ 2', 512],
    ['7 - 2 - 1', 4],
    ['m1 * 100', [100, 200, none, 400]],
    ['-m1', [-1, -2, none, -4]],
    // Between two series what only one of them has meets a 0.
    ['m1 + m2', [11, 2, none, 44]],
    ['m1 / m2', [0.1, none, none, 0.1]],
    ['m1 / zero', [none, none, none, none]],
    [
      '[m1, m2] * 2',
      [
        [2, 4, none, 8],
        [20, none, none, 80],
      ],
    ],
  ])('%s', (expression, expected) => expect(values(expression)).toEqual(expected));
});

describe('comparisons and logic, with the examples of the documentation', () => {
  const documented = { metric1: [30, 20, 0, 0], metric2: [20, none, 20, none] };
  test.each<[string, unknown]>([
    ['metric1 < metric2', [0, 0, 1, 0]],
    ['metric1 >= 30', [1, 0, 0, 0]],
    ['metric1 > 15 AND metric2 > 15', [1, 0, 0, 0]],
    ['metric1 > 15 || metric2 > 15', [1, 1, 1, 0]],
    ['metric1 != 20', [1, 0, 1, 1]],
  ])('%s', (expression, expected) => expect(values(expression, documented)).toEqual(expected));
});

describe('functions', () => {
  test.each<[string, unknown]>([
    ['SUM(m1)', 7],
    ['AVG(m1)', 7 / 3],
    ['MAX(m1)', 4],
    ['MIN(m1)', 1],
    ['DATAPOINT_COUNT(m1)', 3],
    ['SUM([m1, m2])', [11, 2, none, 44]],
    ['AVG([m1, m2])', [5.5, 1, none, 22]],
    ['MAX([m1, 2])', [2, 2, 2, 4]],
    ['SUM(METRICS("errors"))', [1, none, 3, 0]],
    ['METRIC_COUNT(METRICS())', 4],
    ['FILL(m1, 0)', [1, 2, 0, 4]],
    ['FILL(m1, REPEAT)', [1, 2, 2, 4]],
    ['FILL(m1, LINEAR)', [1, 2, 3, 4]],
    ['FILL(m2, m1)', [10, 2, none, 40]],
    ['DIFF(m1)', [none, 1, none, 2]],
    ['RATE(m1)', [none, 1 / 60, none, 2 / 120]],
    ['PERIOD(m1)', 60],
    ['m1 / PERIOD(m1) * 60', [1, 2, none, 4]],
    ['CEIL(m1 / 2)', [1, 1, none, 2]],
    ['TIME_SERIES(5)', [5, 5, 5, 5]],
    ['RUNNING_SUM(m1)', [1, 3, 3, 7]],
    ['m1 - MIN(m1)', [0, 1, none, 3]],
    ['100 * errors_a / MAX([errors_a, m1])', [100, 0, 100, 0]],
  ])('%s', (expression, expected) => expect(values(expression)).toEqual(expected));
});

describe('IF, with the examples of the documentation', () => {
  const documented = {
    metric1: [1, 1, 0, 0, none],
    metric2: [30, none, 0, 0, 30],
    metric3: [0, 0, 20, none, 20],
  };
  const on5 = (expression: string): unknown => {
    const lines = new Map(Object.entries(documented).map(([id, points]) => [id, { label: id, values: points }]));
    const resolve = (id: string) => lines.get(id) ?? Number.NaN;
    const scope = { periodSeconds: 60, count: 5, metrics: lines, resolve, search: () => [] };
    return (evaluate(parseExpression(expression), scope) as Line).values;
  };
  test.each<[string, unknown]>([
    ['IF(metric1, metric2, metric3)', [30, 0, 20, none, none]],
    ['IF(metric1, 5, metric3)', [5, 5, 20, none, none]],
    ['IF(metric1, metric2, 5)', [30, 0, 5, 5, none]],
    ['IF(metric2 > 10, 1)', [1, none, none, none, 1]],
  ])('%s', (expression, expected) => expect(on5(expression)).toEqual(expected));
});

describe('what cannot be read or is not there is refused by name', () => {
  test.each([
    ['m1 +', /expected a value, found the end/],
    ['SUM(m1', /expected "\)"/],
    ['m1 m2', /expected an operator, found m2/],
    ['m1 # 2', /cannot read "# 2"/],
  ])('%s', (expression, message) => expect(() => parseExpression(expression)).toThrow(message));

  test.each([
    ['ANOMALY_DETECTION_BAND(m1)', /ANOMALY_DETECTION_BAND is not available in the engine \(models are not trained/],
    ['SEARCH("x")', /SEARCH takes a search and a statistic/],
    ['SEARCH("x", "Sum")', /needs a schema/],
    ['SEARCH("{A}", "Sum", 300)', /must have the period of the request's metrics in the engine: 60/],
    ['SORT(METRICS())', /SORT is not available in the engine; it has ABS/],
    ['[m1, m2] + [m1]', /arrays of 2 and 1 time series/],
  ])('%s', (expression, message) => expect(() => values(expression)).toThrow(message));
});

describe('what is too large', () => {
  test.each([
    ['more characters than AWS takes', '1'.repeat(2_049), /2049 characters; at most 2048/],
    ['parentheses in parentheses', `${'('.repeat(1_000)}1${')'.repeat(1_000)}`, /nested deeper than 200 levels/],
    ['one sign after the other', `${'-'.repeat(2_000)}1`, /nested deeper than 200 levels/],
    ['power of power', Array(1_000).fill('1').join('^'), /nested deeper than 200 levels/],
    ['lists in lists', `${'['.repeat(1_000)}1${']'.repeat(1_000)}`, /nested deeper than 200 levels/],
  ])('%s: an error, and not the end of the engine', (_, expression, message) =>
    expect(() => parseExpression(expression)).toThrow(message),
  );
  test('a long chain is worked out', () => expect(values(Array(1_000).fill('1').join('+'))).toBe(1_000));
});
