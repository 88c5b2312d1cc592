import { expect, test } from 'vitest';
import { parseSchedule } from '../../../lib/local/schedules/expression.ts';
import { lambda, letIn, queue, start, takeMessages, until, writeAssembly } from './support.ts';

const at = (text: string): number => Date.parse(`${text}Z`);
const NOW = at('2026-11-20T08:11:27');

test.each([
  ['rate(1 minute)', '2026-11-20T08:12:27'],
  ['rate(5 minutes)', '2026-11-20T08:16:27'],
  ['rate(2 hours)', '2026-11-20T10:11:27'],
  ['rate(1 day)', '2026-11-21T08:11:27'],
  ['cron(0 9 * * ? *)', '2026-11-20T09:00:00'],
  ['cron(0/15 * * * ? *)', '2026-11-20T08:15:00'],
  ['cron(0 8 * * ? *)', '2026-11-21T08:00:00'],
  ['cron(0 18 ? * MON-FRI *)', '2026-11-20T18:00:00'],
  ['cron(0 18 ? * 2 *)', '2026-11-23T18:00:00'],
  ['cron(30 7 1 JAN,JUL ? *)', '2027-01-01T07:30:00'],
  ['cron(0 0 L * ? *)', '2026-11-30T00:00:00'],
  ['cron(0 0 ? * 6#1 *)', '2026-12-04T00:00:00'],
  ['cron(0 0 ? * 6L *)', '2026-11-27T00:00:00'],
  ['cron(0 0 29 2 ? 2028)', '2028-02-29T00:00:00'],
  ['at(2026-12-24T18:00:00)', '2026-12-24T18:00:00'],
])('%s is next due at %s', (expression, expected) => {
  const due = parseSchedule(expression, NOW)(NOW);
  expect(new Date(due ?? 0).toISOString()).toBe(`${expected}.000Z`);
});

test('what will not come again has no next time', () => {
  expect(parseSchedule('at(2026-01-01T00:00:00)', NOW)(NOW)).toBeUndefined();
  expect(parseSchedule('cron(0 0 1 1 ? 2020)', NOW)(NOW)).toBeUndefined();
});

test.each([
  'rate(1 minutes)',
  'rate(2 minute)',
  'rate(0 minutes)',
  'rate(1 second)',
  'cron(0 9 * * *)',
  'cron(0 9 * * * *)',
  'cron(60 9 * * ? *)',
  'cron(0 9 ? * FOO *)',
  'every day',
])('%s is refused', (expression) => {
  expect(() => parseSchedule(expression, NOW)).toThrow(expression);
});

test('schedules of EventBridge Scheduler take a singular unit, as samples of AWS have it; rules of EventBridge do not', () => {
  const loose = { looseUnits: true };
  expect(parseSchedule('rate(5 minute)', NOW, loose)(NOW)).toBe(NOW + 5 * 60_000);
  expect(parseSchedule('rate(12 hour)', NOW, loose)(NOW)).toBe(NOW + 12 * 3_600_000);
  expect(() => parseSchedule('rate(1 minutes)', NOW, loose)).toThrow('singular for 1');
});

test('a rule runs its function and fills its queue, again and again, after one period', async () => {
  const assembly = writeAssembly({
    ...queue('Ticks'),
    ...lambda('Sweeper', 'exports.handler = async (event) => see(event);'),
    ...letIn('Ticks', 'queue', 'events.amazonaws.com'),
    ...letIn('Sweeper', 'function', 'events.amazonaws.com'),
    Rule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        ScheduleExpression: 'rate(1 minute)',
        Targets: [
          { Id: 'a', Arn: { 'Fn::GetAtt': ['Sweeper', 'Arn'] } },
          { Id: 'b', Arn: { 'Fn::GetAtt': ['Ticks', 'Arn'] }, Input: '{"tick":true}' },
        ],
      },
    },
    Off: {
      Type: 'AWS::Events::Rule',
      Properties: {
        ScheduleExpression: 'rate(1 minute)',
        State: 'DISABLED',
        Targets: [{ Id: 'a', Arn: { 'Fn::GetAtt': ['Sweeper', 'Arn'] }, Input: '"off"' }],
      },
    },
    Schedule: {
      Type: 'AWS::Scheduler::Schedule',
      Properties: {
        FlexibleTimeWindow: { Mode: 'OFF' },
        ScheduleExpression: 'rate(2 minute)',
        ScheduleExpressionTimezone: 'Europe/London',
        Target: {
          Arn: { 'Fn::GetAtt': ['Sweeper', 'Arn'] },
          Input: '"from the scheduler"',
          RoleArn: 'arn:aws:iam::000000000000:role/x',
        },
      },
    },
  });
  const { calls, physical, seen, engine } = await start(assembly, { timeScale: 300 });
  const rule = engine.stacks[0]?.resources.Rule?.attributes.Arn;
  await until('four runs', () => seen('Sweeper').length >= 6);
  for (const message of await takeMessages(calls, physical('Ticks'), 2))
    expect(message).toMatchObject({ Body: '{"tick":true}' });
  const events = seen('Sweeper').filter((event) => typeof event === 'object');
  expect(events[0]).toMatchObject({
    version: '0',
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: '000000000000',
    region: 'us-east-1',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    resources: [rule],
    detail: {},
  });
  const times = events.map((event) => Date.parse(String((event as { time: string }).time)));
  const [first, second] = times.sort((a, b) => a - b);
  expect((second ?? 0) - (first ?? 0)).toBe(60_000);
  expect(seen('Sweeper')).toContain('from the scheduler');
  expect(seen('Sweeper')).not.toContain('off');
});
