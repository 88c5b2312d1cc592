import { matchesIn } from '../metrics/matches.ts';

/** A metric math expression as a tree. */
export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  /** The id of a metric or expression, or a word like REPEAT. */
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'negate'; readonly operand: Expression }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] };

/** An expression that cannot be read or worked out; the message says where and why. */
export class MathError extends Error {
  override readonly name = 'MathError';
}

const TOKEN =
  /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z_][A-Za-z0-9_]*)|"([^"]*)"|'([^']*)'|(==|!=|<=|>=|&&|\|\||[-+*/^<>()[\],]))/y;

interface Token {
  readonly kind: 'number' | 'word' | 'text' | 'sign';
  readonly text: string;
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html */
const MAX_CHARACTERS = 2_048;
/** Of the engine: signs, parentheses, lists and calls in each other, so that no expression is deeper than the stack. */
const MAX_DEPTH = 200;

/** Words that are operators. */
const WORDS: Readonly<Record<string, string>> = { AND: '&&', OR: '||' };
/** Binary operators, those that bind least first. */
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '!=', '<=', '>=', '<', '>'],
  ['+', '-'],
  ['*', '/'],
];

/**
 * Reads an expression such as `100 * errors / MAX([errors, calls])`.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 * @throws MathError
 */
export function parseExpression(source: string): Expression {
  if (source.length > MAX_CHARACTERS)
    throw new MathError(`the expression has ${source.length} characters; at most ${MAX_CHARACTERS} are allowed`);
  const tokens = tokensOf(source);
  let position = 0;
  let depth = 0;
  const fail = (expected: string): MathError =>
    new MathError(
      `expression "${source}": expected ${expected}, found ${tokens[position]?.text ?? 'the end'} (part ${position + 1})`,
    );
  const is = (sign: string): boolean => tokens[position]?.kind === 'sign' && tokens[position]?.text === sign;
  const take = (sign: string): boolean => {
    const found = is(sign);
    if (found) position += 1;
    return found;
  };
  const expect = (sign: string): void => {
    if (!take(sign)) throw fail(`"${sign}"`);
  };

  function level(index: number): Expression {
    const operators = LEVELS[index];
    if (operators === undefined) return signed();
    let left = level(index + 1);
    for (;;) {
      const operator = operators.find(is);
      if (operator === undefined) return left;
      position += 1;
      left = { kind: 'binary', operator, left, right: level(index + 1) };
    }
  }

  /** Everything that nests goes through here. */
  function signed(): Expression {
    depth += 1;
    if (depth > MAX_DEPTH)
      throw new MathError(`expression "${source.slice(0, UNREAD_SHOWN)}...": nested deeper than ${MAX_DEPTH} levels`);
    const expression = signedInside();
    depth -= 1;
    return expression;
  }

  function signedInside(): Expression {
    if (take('-')) return { kind: 'negate', operand: signed() };
    const base = operand();
    return take('^') ? { kind: 'binary', operator: '^', left: base, right: signed() } : base;
  }

  function listUntil(end: string): Expression[] {
    const items: Expression[] = [];
    if (take(end)) return items;
    do items.push(level(0));
    while (take(','));
    expect(end);
    return items;
  }

  function operand(): Expression {
    if (take('(')) {
      const inner = level(0);
      expect(')');
      return inner;
    }
    if (take('[')) return { kind: 'list', items: listUntil(']') };
    const token = tokens[position];
    if (token === undefined || token.kind === 'sign') throw fail('a value');
    position += 1;
    if (token.kind === 'number') return { kind: 'number', value: Number(token.text) };
    if (token.kind === 'text') return { kind: 'text', value: token.text };
    return take('(') ? { kind: 'call', name: token.text, args: listUntil(')') } : { kind: 'name', name: token.text };
  }

  const expression = level(0);
  if (position < tokens.length) throw fail('an operator');
  return expression;
}

function tokensOf(source: string): Token[] {
  const fail = (rest: string) =>
    new MathError(`expression "${source}": cannot read "${rest.slice(0, UNREAD_SHOWN).trim()}"`);
  return matchesIn(source, TOKEN, fail).map(([, number, word, double, single, sign]): Token => {
    const operator = word === undefined ? sign : WORDS[word];
    if (number !== undefined) return { kind: 'number', text: number };
    if (operator !== undefined) return { kind: 'sign', text: operator };
    if (word !== undefined) return { kind: 'word', text: word };
    return { kind: 'text', text: double ?? single ?? '' };
  });
}

/** Characters of what cannot be read that an error shows. */
const UNREAD_SHOWN = 10;

/** Ids of metrics and expressions that an expression refers to. */
export const namesIn = (expression: Expression): string[] =>
  partsOf(expression).flatMap((part) => (part.kind === 'name' ? [part.name] : []));

/** Functions that an expression calls. */
export const callsIn = (expression: Expression): string[] =>
  partsOf(expression).flatMap((part) => (part.kind === 'call' ? [part.name] : []));

/** The expression and everything inside it. */
function partsOf(expression: Expression): Expression[] {
  return [expression, ...inside(expression).flatMap(partsOf)];
}

function inside(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'list':
      return expression.items;
    case 'negate':
      return [expression.operand];
    case 'binary':
      return [expression.left, expression.right];
    case 'call':
      return expression.args;
    default:
      return [];
  }
}
