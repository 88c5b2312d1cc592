import { MathError } from './parse.ts';

/** A time series: one value for each period, undefined where there is none. */
export interface Line {
  readonly label: string;
  readonly values: readonly (number | undefined)[];
}

/** What an expression works with: a scalar, a time series, or an array of them. */
export type Value = number | Line | readonly Line[];

export const isLine = (value: Value): value is Line => typeof value === 'object' && !Array.isArray(value);
export const isLines = (value: Value): value is readonly Line[] => Array.isArray(value);

/** A value that cannot be shown (division by zero, NaN) is dropped. */
export const kept = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined);

type Combine = (left: number, right: number) => number;

const truth = (condition: boolean): number => (condition ? 1 : 0);

const OPERATORS: Readonly<Record<string, Combine>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '^': (left, right) => left ** right,
  '==': (left, right) => truth(left === right),
  '!=': (left, right) => truth(left !== right),
  '<': (left, right) => truth(left < right),
  '<=': (left, right) => truth(left <= right),
  '>': (left, right) => truth(left > right),
  '>=': (left, right) => truth(left >= right),
  '&&': (left, right) => truth(left !== 0 && right !== 0),
  '||': (left, right) => truth(left !== 0 || right !== 0),
};

/**
 * Applies an operator. Between two series a value that only one of them has meets a 0; where neither has one, there is none.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 * @throws MathError
 */
export function combine(operator: string, left: Value, right: Value): Value {
  const apply = OPERATORS[operator];
  if (apply === undefined) throw new MathError(`the operator ${operator} does not exist`);
  if (isLines(left) && isLines(right)) {
    if (left.length !== right.length)
      throw new MathError(
        `${operator} between arrays of ${left.length} and ${right.length} time series; they must be as long`,
      );
    return left.map((line, index) => pointwise(apply, line, right[index] ?? line));
  }
  if (isLines(left)) return left.map((line) => pointwise(apply, line, right as number | Line));
  if (isLines(right)) return right.map((line) => pointwise(apply, left as number | Line, line));
  if (typeof left === 'number' && typeof right === 'number') return apply(left, right);
  return pointwise(apply, left as number | Line, right as number | Line);
}

function pointwise(apply: Combine, left: number | Line, right: number | Line): Line {
  const values = (typeof left === 'number' ? undefined : left.values) ?? (right as Line).values;
  const label = typeof left === 'number' ? (right as Line).label : left.label;
  return {
    label,
    values: values.map((_, index) => {
      const one = at(left, index);
      const other = at(right, index);
      // A scalar is there for every period; it does not make up for a series that has nothing.
      const nothing = [left, right].every(
        (side, which) => typeof side === 'number' || [one, other][which] === undefined,
      );
      return nothing ? undefined : kept(apply(one ?? 0, other ?? 0));
    }),
  };
}

export const at = (value: number | Line, index: number): number | undefined =>
  typeof value === 'number' ? value : value.values[index];

/** Applies a function to a scalar, every value of a series, or of all series of an array. */
export function mapValue(value: Value, apply: (value: number) => number): Value {
  if (typeof value === 'number') return apply(value);
  const onLine = (line: Line): Line => ({
    ...line,
    values: line.values.map((one) => (one === undefined ? undefined : kept(apply(one)))),
  });
  return isLine(value) ? onLine(value) : value.map(onLine);
}
