import { describe, expect, it } from 'vitest';
import { BUCKETS, takeDue, ticks } from '../../../lib/systems/reminders/contract.ts';
import { found } from '../../compliance/nag.ts';
import { STAGES } from '../../compliance/templates.ts';
import { OPERATIONS_RULES } from '../../constructs/operations-rules.ts';
import { SECURITY_RULES } from '../../constructs/security-rules.ts';
import { all, FUNCTION, TABLE } from '../../constructs/template-view.ts';
import { WATCHING_RULES } from '../../constructs/watching-rules.ts';
import { remindersApp, remindersTemplate } from './synthesised.ts';

const dev = remindersTemplate('dev');
const prod = remindersTemplate('prod');

const RULES = [...SECURITY_RULES, ...OPERATIONS_RULES, ...WATCHING_RULES]
  .filter(({ onlyOrders }) => onlyOrders !== true)
  .map((rule) => [rule.name, rule] as const);

describe('the reminders stack keeps the house rules', () => {
  it.each(RULES)('%s', (_, { check }) => {
    expect(check(dev)).toEqual([]);
    expect(check(prod)).toEqual([]);
  });
});

it.each(STAGES)('cdk-nag has nothing that is not acknowledged in %s', (stage) => {
  expect(remindersApp(stage, (stack) => found(stack.node.root))).toEqual([]);
});

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

/** What the role of a function may do with tables and queues, by the table or queue: `reminders: GetItem PutItem`. */
function granted(name: string): Record<string, string> {
  const [role] = all(dev, FUNCTION)
    .filter(([, { FunctionName }]) => String(FunctionName).endsWith(`-${name}`))
    .map(([, { Role }]) => (Role as { 'Fn::GetAtt': readonly [string] })['Fn::GetAtt'][0]);
  const statements = all(dev, 'AWS::IAM::Policy')
    .filter(([, { Roles }]) => JSON.stringify(Roles).includes(`"${role}"`))
    .flatMap(([, { PolicyDocument }]) => (PolicyDocument as { Statement: readonly Statement[] }).Statement);
  const grants: Record<string, string> = {};
  for (const { Action, Resource } of statements) {
    const text = JSON.stringify(Resource);
    const [, of = ''] = /"Fn::GetAtt":\["(\w+?)(Table)?(Queue)?[0-9A-F]{8}"/.exec(text) ?? [];
    const actions = [Action].flat().filter((one) => /^(dynamodb|sqs|scheduler|iam|events):/.test(one));
    if (actions.length > 0)
      grants[`${of}${text.includes('/index/') ? ' index' : ''}`] = actions.map((one) => one.split(':')[1]).join(' ');
  }
  return grants;
}

const QUEUE_READER = 'ReceiveMessage DeleteMessage GetQueueAttributes ChangeMessageVisibility';
const INBOX_USER = 'BatchGetItem UpdateItem DeleteItem';

it.each([
  ['set-reminder', { reminders: 'GetItem PutItem' }],
  [
    'take-due',
    {
      'reminders index': 'Query',
      reminders: 'UpdateItem',
      ReminderOutbox: 'PutItem UpdateItem Query',
      Scans: QUEUE_READER,
      ScansDeadLetters: 'SendMessage',
      inbox: INBOX_USER,
    },
  ],
  [
    'deliver-reminder',
    {
      notifications: 'PutItem',
      DueReminders: QUEUE_READER,
      DueRemindersDeadLetters: 'SendMessage',
      inbox: INBOX_USER,
    },
  ],
])('%s may do what it does and no more', (name, grants) => {
  expect(granted(name)).toEqual(grants);
});

describe('ticks', () => {
  const schedules = all(dev, 'AWS::Scheduler::Schedule');

  it('come every minute for every bucket', () => {
    expect(schedules).toHaveLength(BUCKETS);
    for (const [, { ScheduleExpression }] of schedules) expect(ScheduleExpression).toBe('rate(1 minute)');
    const buckets = schedules.map(([, { Target }]) => JSON.parse((Target as { Input: string }).Input).data.bucket);
    expect(buckets.toSorted((a, b) => a - b)).toEqual(Array.from({ length: BUCKETS }, (_, bucket) => bucket));
    expect(ticks.every(({ to }) => to === takeDue.to)).toBe(true);
  });

  it('can run for all buckets at once', () => {
    expect(takeDue.concurrency).toBeGreaterThanOrEqual(BUCKETS);
  });
});

it('what is overdue has an alarm at five minutes, and silence of the ticks too', () => {
  const alarms = all(dev, 'AWS::CloudWatch::Alarm').map(([, alarm]) => alarm);
  expect(alarms.find(({ MetricName }) => MetricName === 'OldestOverdue')).toMatchObject({
    Threshold: 300,
    Statistic: 'Maximum',
    EvaluationPeriods: 1,
  });
  expect(alarms.find(({ AlarmName }) => String(AlarmName).endsWith('take-due-received-drop'))).toMatchObject({
    TreatMissingData: 'breaching',
  });
});

it('what is over is forgotten, and what is to be due never', () => {
  const tables = all(dev, TABLE).filter(([id]) => /^(reminders|notifications)/.test(id));
  expect(tables).toHaveLength(2);
  for (const [, { TimeToLiveSpecification }] of tables)
    expect(TimeToLiveSpecification).toEqual({ AttributeName: 'expiresAt', Enabled: true });
});
