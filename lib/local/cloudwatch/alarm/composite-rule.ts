import { matchesIn } from '../metrics/matches.ts';
import { invalid } from '../protocol/errors.ts';
import type { StateValue } from './alarm-state.ts';

/** The rule of a composite alarm: names of alarms and what their states must be. */
export type CompositeRule =
  | { readonly kind: 'state'; readonly state: StateValue; readonly alarm: string }
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'not'; readonly rule: CompositeRule }
  | { readonly kind: 'and' | 'or'; readonly left: CompositeRule; readonly right: CompositeRule };

/** A function with its alarm, a word, or a parenthesis. Names and ARNs may stand in quotes. */
const TOKEN =
  /\s*(?:(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"([^"]+)"|'([^']+)'|([^()\s]+))\s*\)|(AND|OR|NOT|TRUE|FALSE)\b|([()]))/iy;
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html */
const MAX_CHILDREN = 100;
const MAX_CHARACTERS = 10_240;
/** Of the engine: parentheses and NOTs in each other, so that no rule is deeper than the stack. */
const MAX_DEPTH = 200;

type Token = { readonly state: StateValue; readonly alarm: string } | string;

/**
 * Reads `(ALARM(a) OR ALARM("b")) AND NOT OK(c)`. NOT binds first, then AND, then OR.
 * @throws CloudWatchError ValidationError
 */
export function parseRule(source: string): CompositeRule {
  if (source.length > MAX_CHARACTERS)
    throw invalid(`The AlarmRule has ${source.length} characters; at most ${MAX_CHARACTERS} are allowed.`);
  const tokens = tokensOf(source);
  let position = 0;
  let depth = 0;
  const fail = (): Error =>
    invalid(
      `The AlarmRule is not valid at part ${position + 1} of "${source}": it takes ALARM(name), OK(name), INSUFFICIENT_DATA(name), TRUE, FALSE, AND, OR, NOT and parentheses.`,
    );
  const take = (word: string): boolean => {
    const found = tokens[position] === word;
    if (found) position += 1;
    return found;
  };

  function either(): CompositeRule {
    let left = both();
    while (take('OR')) left = { kind: 'or', left, right: both() };
    return left;
  }
  function both(): CompositeRule {
    let left = one();
    while (take('AND')) left = { kind: 'and', left, right: one() };
    return left;
  }
  function within(read: () => CompositeRule): CompositeRule {
    depth += 1;
    if (depth > MAX_DEPTH) throw invalid(`The AlarmRule is nested deeper than ${MAX_DEPTH} levels.`);
    const inner = read();
    depth -= 1;
    return inner;
  }
  function one(): CompositeRule {
    if (take('NOT')) return { kind: 'not', rule: within(one) };
    if (take('(')) {
      const inner = within(either);
      if (!take(')')) throw fail();
      return inner;
    }
    const token = tokens[position];
    if (token === 'TRUE' || token === 'FALSE') {
      position += 1;
      return { kind: 'constant', value: token === 'TRUE' };
    }
    if (token === undefined || typeof token === 'string') throw fail();
    position += 1;
    return { kind: 'state', ...token };
  }

  const rule = either();
  if (position < tokens.length) throw fail();
  const children = childrenOf(rule);
  if (children.length > MAX_CHILDREN)
    throw invalid(`The AlarmRule names ${children.length} alarms; at most ${MAX_CHILDREN} are allowed.`);
  return rule;
}

function tokensOf(source: string): Token[] {
  const fail = (rest: string) => invalid(`The AlarmRule cannot be read from "${rest}".`);
  return matchesIn(source, TOKEN, fail).map(([, state, double, single, bare, word, sign]): Token => {
    if (state === undefined) return (word ?? sign ?? '').toUpperCase();
    return { state: state.toUpperCase() as StateValue, alarm: double ?? single ?? bare ?? '' };
  });
}

/** Names or ARNs of the alarms in a rule, each once. */
export function childrenOf(rule: CompositeRule): string[] {
  switch (rule.kind) {
    case 'state':
      return [rule.alarm];
    case 'constant':
      return [];
    case 'not':
      return childrenOf(rule.rule);
    default:
      return [...new Set([...childrenOf(rule.left), ...childrenOf(rule.right)])];
  }
}

/** @param stateOf the state of an alarm by name or ARN; an alarm that is gone is in none */
export function ruleHolds(rule: CompositeRule, stateOf: (alarm: string) => StateValue | undefined): boolean {
  switch (rule.kind) {
    case 'state':
      return stateOf(rule.alarm) === rule.state;
    case 'constant':
      return rule.value;
    case 'not':
      return !ruleHolds(rule.rule, stateOf);
    case 'and':
      return ruleHolds(rule.left, stateOf) && ruleHolds(rule.right, stateOf);
    case 'or':
      return ruleHolds(rule.left, stateOf) || ruleHolds(rule.right, stateOf);
  }
}
