import { expect, test } from 'vitest';
import type { StateValue } from '../../../../lib/local/cloudwatch/alarm/alarm.ts';
import { childrenOf, parseRule, ruleHolds } from '../../../../lib/local/cloudwatch/alarm/composite-rule.ts';

const STATES: Readonly<Record<string, StateValue>> = {
  high: 'ALARM',
  low: 'OK',
  new: 'INSUFFICIENT_DATA',
  'with space (and more)': 'ALARM',
  'arn:aws:cloudwatch:us-east-1:000000000000:alarm:far': 'ALARM',
};
const holds = (rule: string): boolean => ruleHolds(parseRule(rule), (alarm) => STATES[alarm]);

test.each<[string, boolean]>([
  ['ALARM(high)', true],
  ['ALARM(low)', false],
  ['OK("low")', true],
  ["INSUFFICIENT_DATA('new')", true],
  ['NOT ALARM(low)', true],
  ['ALARM(high) AND OK(low)', true],
  ['ALARM(high) AND NOT OK(low)', false],
  ['ALARM(low) OR ALARM(high)', true],
  // AND binds before OR, and NOT before both.
  ['ALARM(high) OR ALARM(low) AND ALARM(low)', true],
  ['(ALARM(high) OR ALARM(low)) AND ALARM(low)', false],
  ['NOT ALARM(low) AND ALARM(low)', false],
  ['NOT (ALARM(low) AND ALARM(low))', true],
  ['TRUE', true],
  ['FALSE OR (TRUE AND NOT FALSE)', true],
  ['ALARM("with space (and more)")', true],
  ['ALARM("arn:aws:cloudwatch:us-east-1:000000000000:alarm:far")', true],
  ['ALARM(arn:aws:cloudwatch:us-east-1:000000000000:alarm:far)', true],
  // An alarm that was deleted is in no state.
  ['ALARM(gone) OR OK(gone) OR INSUFFICIENT_DATA(gone)', false],
])('%s is %s', (rule, expected) => expect(holds(rule)).toBe(expected));

test('the children of a rule, each once', () => {
  expect(childrenOf(parseRule('(ALARM(a) OR OK(b)) AND NOT ALARM("a")'))).toEqual(['a', 'b']);
});

test.each(['', 'ALARM()', 'ALARM(a) ALARM(b)', 'ALARM(a) AND', '(ALARM(a)', 'MAYBE(a)', 'AT_LEAST(1, ALARM, (a, b))'])(
  'refused: "%s"',
  (rule) => expect(() => parseRule(rule)).toThrow(/AlarmRule/),
);

test.each([
  ['more characters than AWS takes', `ALARM(${'a'.repeat(10_240)})`, /10247 characters; at most 10240/],
  ['parentheses in parentheses', `${'('.repeat(5_000)}TRUE${')'.repeat(5_000)}`, /nested deeper than 200 levels/],
  ['one NOT after the other', `${'NOT '.repeat(2_000)}TRUE`, /nested deeper than 200 levels/],
])('%s are an error and not the end of the engine', (_, rule, message) =>
  expect(() => parseRule(rule)).toThrow(message),
);

test('a long chain is read and decided', () => {
  expect(holds(Array(1_000).fill('TRUE').join(' AND '))).toBe(true);
  expect(holds(`${'('.repeat(150)}FALSE${')'.repeat(150)}`)).toBe(false);
});
