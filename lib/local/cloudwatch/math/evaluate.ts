import { FUNCTIONS, type Grid, linesOf } from './functions.ts';
import { type Expression, MathError } from './parse.ts';
import { type MetricSearch, parseSearch } from './search.ts';
import { at, combine, isLine, isLines, type Line, mapValue, type Value } from './value.ts';

/** Where an expression finds what it names. */
export interface Scope extends Grid {
  /** The value of a metric or expression by its id. @throws MathError when there is none */
  resolve(id: string): Value;
  /** All metrics of the request (no expressions), by id. */
  readonly metrics: ReadonlyMap<string, Line>;
  /** The metrics that a SEARCH finds, one line for each */
  search(search: MetricSearch, statistic: string): readonly Line[];
}

/** Why functions of AWS that are not here are not. */
const REFUSED: Readonly<Record<string, string>> = {
  ANOMALY_DETECTION_BAND: 'models are not trained here',
  INSIGHT_RULE_METRIC: 'there are no Contributor Insights',
  SERVICE_QUOTA: 'there are no quotas here',
};

/** @throws MathError */
export function evaluate(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'name':
      return scope.resolve(expression.name);
    case 'text':
      throw new MathError(`the text "${expression.value}" is no value`);
    case 'list':
      return expression.items.flatMap((item) => listed(evaluate(item, scope), scope));
    case 'negate':
      return mapValue(evaluate(expression.operand, scope), (value) => -value);
    case 'binary':
      return combine(expression.operator, evaluate(expression.left, scope), evaluate(expression.right, scope));
    case 'call':
      return call(expression.name, expression.args, scope);
  }
}

/** A scalar in an array is a series of that value. */
function listed(value: Value, { count }: Scope): readonly Line[] {
  if (typeof value !== 'number') return linesOf(value);
  return [{ label: String(value), values: new Array<number>(count).fill(value) }];
}

function call(name: string, args: readonly Expression[], scope: Scope): Value {
  const special = SPECIAL[name];
  if (special !== undefined) return special(args, scope);
  const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (known !== undefined) {
    if (args.length !== 1) throw new MathError(`${name} takes one argument, not ${args.length}`);
    return known(
      args.map((arg) => evaluate(arg, scope)),
      scope,
    );
  }
  const reason = REFUSED[name];
  const names = [...Object.keys(FUNCTIONS), ...Object.keys(SPECIAL)].sort().join(', ');
  throw new MathError(
    `the function ${name} is not available in the engine${reason === undefined ? '' : ` (${reason})`}; it has ${names}`,
  );
}

/** Functions that look at their arguments before these are worked out. */
const SPECIAL: Readonly<Record<string, (args: readonly Expression[], scope: Scope) => Value>> = {
  METRICS(args, { metrics }) {
    const [filter] = args;
    const part = filter?.kind === 'text' ? filter.value : '';
    return [...metrics].filter(([id]) => id.includes(part)).map(([, line]) => line);
  },
  SEARCH([text, statistic, period], { periodSeconds, search }) {
    if (text?.kind !== 'text' || statistic?.kind !== 'text')
      throw new MathError("SEARCH takes a search and a statistic in quotation marks: SEARCH('{...} ...', 'Sum', 60)");
    if (period !== undefined && !(period.kind === 'number' && period.value === periodSeconds))
      throw new MathError(`SEARCH must have the period of the request's metrics in the engine: ${periodSeconds}`);
    return search(parseSearch(text.value), statistic.value);
  },
  PERIOD: (_args, { periodSeconds }) => periodSeconds,
  IF([condition, whenTrue, whenFalse], scope) {
    if (condition === undefined || whenTrue === undefined)
      throw new MathError('IF takes a condition and one or two values');
    const test = single(evaluate(condition, scope), 'IF');
    const yes = single(evaluate(whenTrue, scope), 'IF');
    const no = whenFalse === undefined ? undefined : single(evaluate(whenFalse, scope), 'IF');
    if (typeof test === 'number' && typeof yes === 'number' && (no === undefined || typeof no === 'number'))
      return test === 0 ? (no ?? Number.NaN) : yes;
    const label = [test, yes, no].find((value) => typeof value === 'object')?.label ?? 'IF';
    const values = Array.from({ length: scope.count }, (_, index) => {
      const holds = at(test, index);
      if (holds === undefined) return undefined;
      // Where the condition holds, a value that is missing is 0; where it does not, it is dropped.
      if (holds !== 0) return typeof test === 'number' ? at(yes, index) : (at(yes, index) ?? 0);
      return no === undefined ? undefined : at(no, index);
    });
    return { label, values };
  },
  FILL([series, filler], scope) {
    if (series === undefined || filler === undefined)
      throw new MathError('FILL takes a time series and what to fill it with');
    const value = evaluate(series, scope);
    const word =
      filler.kind === 'name' && (filler.name === 'REPEAT' || filler.name === 'LINEAR') ? filler.name : undefined;
    const by = word === undefined ? single(evaluate(filler, scope), 'FILL') : undefined;
    const fill = (line: Line): Line => {
      if (word === 'REPEAT') return repeated(line);
      if (word === 'LINEAR') return interpolated(line);
      return { ...line, values: line.values.map((one, index) => one ?? at(by ?? 0, index)) };
    };
    return isLines(value) ? value.map(fill) : fill(isLine(value) ? value : (single(value, 'FILL') as Line));
  },
};

function single(value: Value, name: string): number | Line {
  if (!isLines(value)) return value;
  const [first] = value;
  if (value.length === 1 && first !== undefined) return first;
  throw new MathError(`${name} takes a time series or a scalar, not an array of ${value.length} time series`);
}

/** Each gap gets the last value before it. */
function repeated(line: Line): Line {
  let last: number | undefined;
  return { ...line, values: line.values.map((value) => (last = value ?? last)) };
}

/** Each gap gets a straight line between its neighbours; at the ends there is nothing to draw it to. */
function interpolated(line: Line): Line {
  const { values } = line;
  return {
    ...line,
    values: values.map((value, index) => {
      if (value !== undefined) return value;
      const before = values.findLastIndex((one, other) => other < index && one !== undefined);
      const after = values.findIndex((one, other) => other > index && one !== undefined);
      const [from, to] = [values[before], values[after]];
      if (from === undefined || to === undefined) return undefined;
      return from + ((to - from) * (index - before)) / (after - before);
    }),
  };
}
