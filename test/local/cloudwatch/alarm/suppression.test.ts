import { expect, test } from 'vitest';
import type { AlarmState, CompositeAlarm, StateValue } from '../../../../lib/local/cloudwatch/alarm/alarm.ts';
import { createSuppression } from '../../../../lib/local/cloudwatch/alarm/suppression.ts';

const WAIT = 100;
const EXTENSION = 200;

/** An alarm whose suppressor may take a while to ring, and keeps actions back for a while after it. */
function watched(extensionMs = EXTENSION) {
  const suppression = createSuppression();
  let state: AlarmState = { value: 'OK', reason: '', reasonData: undefined, updatedAt: 0, transitionedAt: 0 };
  let changedAt = 0;
  const look = (now: number, suppressor: StateValue): string => {
    const alarm = {
      kind: 'CompositeAlarm',
      name: 'a',
      state,
      suppressor: { alarm: 's', waitMs: WAIT, extensionMs },
    } as unknown as CompositeAlarm;
    const before = suppression.look(alarm, suppressor, now, changedAt);
    return before === undefined ? (suppression.reason('a') ?? 'nothing new') : `${before.value} to ${state.value}`;
  };
  const turn = (now: number, value: StateValue) => {
    state = { ...state, value };
    changedAt = now;
  };
  look(0, 'OK');
  return { look, turn };
}

test('acts when the suppressor has not gone off within the wait period', () => {
  const { look, turn } = watched();
  turn(10, 'ALARM');
  expect(look(10, 'OK')).toBe('WaitPeriod');
  expect(look(109, 'OK')).toBe('WaitPeriod');
  expect(look(110, 'OK')).toBe('OK to ALARM');
  expect(look(111, 'OK')).toBe('nothing new');
});

test('keeps still while the suppressor is in ALARM, and for the extension period after it', () => {
  const { look, turn } = watched();
  turn(10, 'ALARM');
  expect(look(10, 'OK')).toBe('WaitPeriod');
  expect(look(50, 'ALARM')).toBe('Alarm');
  expect(look(1_000, 'ALARM')).toBe('Alarm');
  expect(look(1_001, 'OK')).toBe('ExtensionPeriod');
  expect(look(1_200, 'OK')).toBe('ExtensionPeriod');
  expect(look(1_201, 'OK')).toBe('OK to ALARM');
});

test('does not wait again for a suppressor that was there and went', () => {
  const { look, turn } = watched(10);
  turn(10, 'ALARM');
  expect(look(20, 'ALARM')).toBe('Alarm');
  expect(look(30, 'OK')).toBe('ExtensionPeriod');
  expect(look(40, 'OK')).toBe('OK to ALARM');
});

test('what came and went meanwhile is never told', () => {
  const { look, turn } = watched();
  expect(look(0, 'ALARM')).toBe('nothing new');
  turn(10, 'ALARM');
  expect(look(10, 'ALARM')).toBe('Alarm');
  turn(500, 'OK');
  expect(look(500, 'ALARM')).toBe('nothing new');
  expect(look(2_000, 'OK')).toBe('nothing new');
});
