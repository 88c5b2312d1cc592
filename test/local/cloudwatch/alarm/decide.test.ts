import { describe, expect, test } from 'vitest';
import type { AlarmRule, TreatMissingData } from '../../../../lib/local/cloudwatch/alarm/alarm.ts';
import { decide } from '../../../../lib/local/cloudwatch/alarm/decide.ts';
import { reasonOf } from '../../../../lib/local/cloudwatch/alarm/reason.ts';

const MODES: readonly TreatMissingData[] = ['missing', 'ignore', 'breaching', 'notBreaching'];
const rule = (change: Partial<AlarmRule>): AlarmRule => ({
  periodSeconds: 60,
  evaluationPeriods: 3,
  datapointsToAlarm: 3,
  threshold: 5,
  comparison: 'GreaterThanThreshold',
  treatMissingData: 'missing',
  ...change,
});
/** `0 - X - X`, oldest first: within the threshold, missing, breaching. */
const points = (text: string) => text.split(' ').map((sign) => (sign === '-' ? undefined : sign === 'X' ? 10 : 0));

const INSUFFICIENT = 'INSUFFICIENT_DATA';
/** The tables of the documentation: N = 3, five datapoints looked at; states for missing, ignore, breaching, notBreaching. */
const DOCUMENTED: readonly (readonly [m: number, data: string, ...states: string[]])[] = [
  [3, '0 - X - X', 'OK', 'OK', 'OK', 'OK'],
  [3, '0 - - - -', 'OK', 'OK', 'OK', 'OK'],
  [3, '- - - - -', INSUFFICIENT, 'retain', 'ALARM', 'OK'],
  [3, '0 X X - X', 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
  [3, '- - X - -', 'ALARM', 'retain', 'ALARM', 'OK'],
  [2, '0 - X - X', 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
  [2, '0 0 X 0 X', 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
  [2, '0 - X - -', 'OK', 'OK', 'ALARM', 'OK'],
  [2, '- - - - 0', 'OK', 'OK', 'ALARM', 'OK'],
  [2, '- - - X -', 'ALARM', 'retain', 'ALARM', 'OK'],
  // "the alarm does not go immediately into ALARM state when the data is either - - - - X or - - - X -"
  [3, '- - - - X', INSUFFICIENT, 'retain', 'ALARM', 'OK'],
  [3, '- - - X -', INSUFFICIENT, 'retain', 'ALARM', 'OK'],
];

describe('the tables of the CloudWatch documentation', () => {
  for (const [datapointsToAlarm, data, ...states] of DOCUMENTED) {
    for (const [index, treatMissingData] of MODES.entries()) {
      test(`${datapointsToAlarm} of 3, ${data}, missing data ${treatMissingData}: ${states[index]}`, () => {
        const verdict = decide(points(data), rule({ datapointsToAlarm, treatMissingData }));
        expect(verdict.state).toBe(states[index]);
      });
    }
  }
});

test('only the N newest datapoints count when all are there', () => {
  expect(decide(points('X X 0 X X'), rule({})).state).toBe('OK');
  expect(decide(points('0 0 X X X'), rule({})).state).toBe('ALARM');
});

test('one of one: an old datapoint stands in for missing newer ones as long as it is in the evaluation range', () => {
  const one = rule({ evaluationPeriods: 1, datapointsToAlarm: 1, treatMissingData: 'notBreaching' });
  expect(decide(points('X - -'), one).state).toBe('ALARM');
  expect(decide(points('- - -'), one).state).toBe('OK');
});

test.each([
  ['GreaterThanThreshold', false],
  ['GreaterThanOrEqualToThreshold', true],
  ['LessThanThreshold', false],
  ['LessThanOrEqualToThreshold', true],
] as const)('%s at the threshold: breaching is %s', (comparison, breaching) => {
  const { state } = decide([5], rule({ comparison, evaluationPeriods: 1, datapointsToAlarm: 1 }));
  expect(state).toBe(breaching ? 'ALARM' : 'OK');
});

describe('reasons are told as AWS tells them', () => {
  const at = (minute: number) => Date.UTC(2026, 0, 31, 9, minute);
  const told = (data: string, change: Partial<AlarmRule>): string => {
    const changed = rule(change);
    const values = points(data);
    const verdict = decide(values, changed);
    if (verdict.state === 'retain') return 'retain';
    const datapoints = values.map((value, index) => ({ at: at(index), value }));
    return reasonOf(verdict.state, verdict, datapoints, changed);
  };
  const one = { evaluationPeriods: 1, datapointsToAlarm: 1 };

  test.each([
    [
      '- - X',
      one,
      'Threshold Crossed: 1 out of the last 1 datapoints [10.0 (31/01/26 09:02:00)] was greater than the threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition).',
    ],
    [
      '- - 0',
      one,
      'Threshold Crossed: 1 out of the last 1 datapoints [0.0 (31/01/26 09:02:00)] was not greater than the threshold (5.0) (minimum 1 datapoint for ALARM -> OK transition).',
    ],
    [
      '- - -',
      { ...one, treatMissingData: 'notBreaching' as const },
      'Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].',
    ],
    [
      '- - - - -',
      { treatMissingData: 'breaching' as const },
      'Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as [Breaching].',
    ],
    ['- - - - -', {}, 'Insufficient Data: 3 datapoints were unknown.'],
    [
      '- 0 - - -',
      { evaluationPeriods: 2, datapointsToAlarm: 2, treatMissingData: 'notBreaching' as const },
      'Threshold Crossed: 1 datapoint [0.0 (31/01/26 09:01:00)] was not greater than the threshold (5.0) and 1 missing datapoint was treated as [NonBreaching] (minimum 1 datapoint for ALARM -> OK transition).',
    ],
  ])('%s with %o', (data, change, reason) => expect(told(data, change)).toBe(reason));
});
