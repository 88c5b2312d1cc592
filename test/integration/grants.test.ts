import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudWatchClient,
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import {
  CreateEventSourceMappingCommand,
  type CreateEventSourceMappingCommandInput,
  DeleteEventSourceMappingCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
} from '@aws-sdk/client-lambda';
import { GetTopicAttributesCommand, SetTopicAttributesCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand, ReceiveMessageCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Engine, startEngine } from '../../lib/local/engine.ts';
import type { Denial, PolicyStatement } from '../../lib/local/iam.ts';
import { publisher } from '../../lib/runtime/publishing/publish.ts';
import { OrderPlaced, orderTopic } from '../../lib/systems/orders/contract.ts';
import { type Answer, type Desk, openDesk } from './grants/desk.ts';
import { type Grant, grantsOf } from './grants/grants.ts';
import { STEPS, type Step } from './grants/steps.ts';
import { eventually, type OrdersOnEngine, startOrders } from './orders-app.ts';

/**
 * Every grant of the orders app is taken away in turn, and the run that needs it fails with an AccessDenied that names it. A grant that
 * nothing needs would be found here too.
 */

/** Grants that no run here needs, each with its reason. */
const NOT_ASKED_FOR: Readonly<Record<string, string>> = {
  'kinesis:DescribeStreamSummary': "AWS documents it for mappings; the engine's does not call it",
};
/**
 * Refusals that a function outlives: what it could not log is lost, a wait that it could not set is longer, what a sweep could not publish waits, a dead letter's
 * message is acknowledged with its batch, and tries
 * that it could not forget expire.
 */
const isOutlived = (name: string, action: string): boolean =>
  ['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'dynamodb:DeleteItem'].includes(action) ||
  action.startsWith('logs:') ||
  name === 'order-outbox-sweeper';
/** A lease that cannot be released runs out by itself; the runtime says nothing of it, only the engine does. */
const isUntold = (name: string, action: string): boolean => name === 'send-email' && action === 'dynamodb:DeleteItem';

let app: OrdersOnEngine;
let desk: Desk;
let lambda: LambdaClient;
const denials: Denial[] = [];
const mappings = new Map<string, CreateEventSourceMappingCommandInput>();

beforeAll(async () => {
  // Schedules as good as stand still: nothing runs but what a test starts.
  app = await startOrders({ timeScale: 0.001 });
  desk = openDesk(app);
  lambda = new LambdaClient({});
  app.engine.services.iam.onDenial((denial) => denials.push(denial));
  const { EventSourceMappings = [] } = await lambda.send(new ListEventSourceMappingsCommand({}));
  for (const { UUID, EventSourceArn, FunctionArn = '', StartingPosition, DestinationConfig } of EventSourceMappings) {
    await lambda.send(new DeleteEventSourceMappingCommand({ UUID }));
    const wanted = { EventSourceArn, FunctionName: FunctionArn, Enabled: false, StartingPosition, DestinationConfig };
    mappings.set(FunctionArn.split(':').at(-1) ?? '', wanted);
  }
  await eventually('the mappings gone', async () => (await mappingsLeft()) === 0);
  for (let i = 0; i < 200; i++) {
    const Item = { sku: `SKU-${i}`, quantity: 1_000_000 };
    await app.clients.dynamodb.send(new PutCommand({ TableName: app.output('StockTable'), Item }));
  }
}, 90_000);

afterAll(async () => {
  desk?.close();
  lambda?.destroy();
  await app?.close();
});

const mappingsLeft = async () =>
  (await lambda.send(new ListEventSourceMappingsCommand({}))).EventSourceMappings?.length ?? 0;

/** Makes the function's mapping as the template does; refused with what the role lacks. */
async function map(functionName: string): Promise<Answer> {
  const wanted = mappings.get(functionName);
  if (wanted === undefined) return { text: '', failed: false };
  try {
    const { UUID } = await lambda.send(new CreateEventSourceMappingCommand(wanted));
    await lambda.send(new DeleteEventSourceMappingCommand({ UUID }));
    await eventually('the mapping gone', async () => (await mappingsLeft()) === 0);
    return { text: '', failed: false };
  } catch (error) {
    return { text: String(error), failed: true };
  }
}

async function run(name: string, { run: go, failing }: Step): Promise<Answer> {
  const { faults } = app.engine.services;
  const error = { status: 400, code: 'ValidationException', message: 'out of order' };
  if (failing !== undefined) {
    faults.add({ ...failing, functionName: `sluice-test-orders-${name}`, when: 'before', action: 'error', error });
  }
  try {
    return await go(desk);
  } finally {
    faults.clear();
  }
}

/** What went wrong without the grant: undefined when nothing did. */
async function failureWithout(name: string, roleArn: string, grant: Grant): Promise<string | undefined> {
  const { iam } = app.engine.services;
  const { policyName, without, action, resource } = grant;
  const complete = iam.roles.of(roleArn).get(policyName);
  iam.roles.put(roleArn, policyName, without);
  try {
    for (const step of Object.values(STEPS[name] ?? {})) {
      denials.length = 0;
      const lines = app.logs.length;
      const answer = await run(name, step);
      const refused = denials.find((denial) => denial.roleArn === roleArn && denial.action === action);
      if (refused === undefined) continue;
      const said = [answer.text, ...app.logs.slice(lines)].join('\n');
      if (action.startsWith('logs:')) return app.logs.length === lines ? refused.message : undefined;
      if (!answer.failed && !isOutlived(name, action)) return undefined;
      if (isUntold(name, action)) return refused.message;
      return said.includes(`to perform: ${action} on resource: `) ? refused.message : undefined;
    }
    const { text, failed } = await map(`sluice-test-orders-${name}`);
    return failed && text.includes(`must allow ${action} on ${resource}`) ? text : undefined;
  } finally {
    if (complete !== undefined) iam.roles.put(roleArn, policyName, complete);
  }
}

it('with all grants every step runs, and nobody is refused anything', async () => {
  for (const [name, steps] of Object.entries(STEPS)) {
    for (const [step, todo] of Object.entries(steps)) {
      const { text, failed } = await run(name, todo);
      // The stock of a cancellation waits for that of its order.
      const expected = todo.failing !== undefined || (name === 'reserve-stock' && step === 'a cancellation');
      expect(failed, `${name}: ${step}: ${text}`).toBe(expected);
    }
    expect(await map(`sluice-test-orders-${name}`), name).toMatchObject({ failed: false });
  }
  expect(denials.map(({ message }) => message)).toEqual([]);
}, 120_000);

it.each(Object.keys(STEPS))(
  '%s: each grant of its role, taken away, makes a run fail and is named',
  async (name) => {
    const definition = app.engine.functions.find((one) => one.name === `sluice-test-orders-${name}`);
    if (definition === undefined) throw new Error(`there is no function ${name}`);
    const grants = grantsOf(app.engine.services.iam.roles.of(definition.roleArn));
    const unshown: string[] = [];
    for (const grant of grants) {
      const failure = await failureWithout(name, definition.roleArn, grant);
      if (failure === undefined) unshown.push(grant.action);
      else expect(failure).toContain(grant.action);
    }
    expect(grants.length).toBeGreaterThanOrEqual(6);
    expect(unshown.filter((action) => !(action in NOT_ASKED_FOR))).toEqual([]);
  },
  180_000,
);

/** Without a statement of a resource's policy, what it let in stays out. */
it('each queue lets its topic in by a statement of its own, and so does the dead-letter queue of each subscription', async () => {
  const { sqs } = app.clients;
  const publish = publisher(orderTopic, { address: app.output('OrderTopic'), claims: app.output('ClaimsBucket') });
  const policies = new Map<string, string>();
  const shut = async (name: string): Promise<string> => {
    const QueueUrl = app.output(name);
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['Policy'] }));
    policies.set(QueueUrl, Attributes?.Policy ?? '');
    const { Statement } = JSON.parse(Attributes?.Policy ?? '') as { Statement: PolicyStatement[] };
    const Policy = JSON.stringify({ Statement: Statement.filter(({ Effect }) => Effect === 'Deny') });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    return `arn:aws:sqs:us-east-1:000000000000:${QueueUrl.split('/').at(-1)}`;
  };
  for (const stem of ['Payments', 'Stock', 'Invoices', 'Emails']) {
    denials.length = 0;
    const queue = await shut(`${stem}Queue`);
    await publish([desk.event(OrderPlaced)]);
    expect(denials).toMatchObject([
      { principal: app.output('OrderTopic'), action: 'sqs:SendMessage', resource: queue },
    ]);
    const { Messages } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: app.output(`${stem}Undelivered`), WaitTimeSeconds: 1 }),
    );
    expect(Messages).toHaveLength(1);
    const deadLetters = await shut(`${stem}Undelivered`);
    await publish([desk.event(OrderPlaced)]);
    expect(denials.map(({ resource }) => resource)).toEqual([queue, queue, deadLetters]);
    for (const [QueueUrl, Policy] of policies) {
      await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    }
  }
}, 60_000);

it("the key lets the account's roles and CloudWatch in, each by a statement of its own; the alarms' topic lets CloudWatch in", async () => {
  const { iam } = app.engine.services;
  const resources = Object.values(app.engine.stacks[0]?.resources ?? {});
  const key = String(resources.find(({ type }) => type === 'AWS::KMS::Key')?.attributes.Arn);
  const alarms = resources.find(({ type, physicalId }) => type === 'AWS::SNS::Topic' && physicalId.includes('alarms'));
  const cloudwatch = new CloudWatchClient({});
  const { MetricAlarms = [] } = await cloudwatch.send(new DescribeAlarmsCommand({ MaxRecords: 1 }));
  const { AlarmName = '', AlarmArn = '' } = MetricAlarms[0] ?? {};
  let state: 'ALARM' | 'OK' = 'OK';
  /** Lets the alarm act. @returns what the history says of it, and whether somebody was refused */
  const act = async () => {
    denials.length = 0;
    state = state === 'OK' ? 'ALARM' : 'OK';
    const StartDate = new Date();
    await cloudwatch.send(new SetAlarmStateCommand({ AlarmName, StateValue: state, StateReason: 'a test' }));
    const summary = await eventually('the action in the history', async () => {
      const query = { AlarmName, HistoryItemType: 'Action' as const, StartDate };
      const { AlarmHistoryItems = [] } = await cloudwatch.send(new DescribeAlarmHistoryCommand(query));
      return AlarmHistoryItems[0]?.HistorySummary;
    });
    return { summary, refused: denials[0] };
  };
  expect(await act()).toMatchObject({ summary: expect.stringContaining('Successfully'), refused: undefined });

  const complete = [...iam.resources.of(key).values()][0];
  const statements = [complete?.Statement ?? []].flat() as PolicyStatement[];
  const without = (Sid: string | undefined) =>
    iam.resources.put(key, 'KeyPolicy', { Statement: statements.filter((one) => one.Sid !== Sid) });
  without('AlarmsPublish');
  expect(await act()).toMatchObject({
    summary: expect.stringContaining('Failed'),
    refused: { principal: AlarmArn, action: 'kms:GenerateDataKey', resource: key },
  });
  without(undefined);
  denials.length = 0;
  const { failed } = await run('order-outbox-relay', STEPS['order-outbox-relay']?.['a new row'] as Step);
  expect(failed).toBe(true);
  expect(denials[0]).toMatchObject({ action: 'kms:GenerateDataKey', resource: key });
  iam.resources.put(key, 'KeyPolicy', complete);

  const TopicArn = alarms?.physicalId ?? '';
  const sns = new SNSClient({});
  const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
  const policy = JSON.parse(Attributes?.Policy ?? '') as { Statement: PolicyStatement[] };
  const AttributeValue = JSON.stringify({ Statement: policy.Statement.filter(({ Effect }) => Effect === 'Deny') });
  await sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: 'Policy', AttributeValue }));
  sns.destroy();
  expect(await act()).toMatchObject({
    summary: expect.stringContaining('Failed'),
    refused: { principal: AlarmArn, action: 'sns:Publish', resource: TopicArn },
  });
  cloudwatch.destroy();
});

/** What is asked when the app is deployed: it does not start without. */
describe('an assembly without', () => {
  async function startWithout(change: (resources: Record<string, Resource>) => void): Promise<Engine | Error> {
    const assembly = mkdtempSync(join(tmpdir(), 'sluice-grants-'));
    onTestFinished(() => rmSync(assembly, { recursive: true, force: true }));
    cpSync(app.assembly, assembly, { recursive: true });
    const file = join(assembly, 'sluice-test-orders.template.json');
    const template = templateOf(assembly);
    change(template.Resources);
    writeFileSync(file, JSON.stringify(template));
    return startEngine({ assembly, port: 0, timeScale: 60 }).catch((error: Error) => error);
  }

  it("Lambda's trust in a role is refused", async () => {
    const outcome = await startWithout((resources) => {
      for (const { Type, Properties } of Object.values(resources)) {
        if (Type === 'AWS::IAM::Role') Object.assign(Properties, { AssumeRolePolicyDocument: { Statement: [] } });
      }
    });
    if (!(outcome instanceof Error)) await outcome.close();
    expect(String(outcome)).toMatch(/cannot be assumed by Lambda.*sts:AssumeRole on resource: arn:aws:iam::/);
    // An engine for each role would take as long as all of the above together: the others are asked here.
    const { iam } = app.engine.services;
    for (const { roleArn, arn } of app.engine.functions) {
      expect(iam.wouldRefuseRole(roleArn, 'lambda.amazonaws.com', arn)).toBeUndefined();
      iam.trust.put(roleArn, 'AssumeRolePolicyDocument', { Statement: [] });
      expect(iam.wouldRefuseRole(roleArn, 'lambda.amazonaws.com', arn)?.resource).toBe(roleArn);
    }
  }, 60_000);

  it('the permission of the rule starts, and the rule says that it may not sweep', async () => {
    const engine = await startWithout((resources) => {
      for (const [id, { Type }] of Object.entries(resources))
        if (Type === 'AWS::Lambda::Permission') delete resources[id];
    });
    if (engine instanceof Error) throw engine;
    try {
      const refusal = await eventually('a refusal', () =>
        engine.notices.find((notice) => notice.includes('events.amazonaws.com')),
      );
      expect(refusal).toMatch(/not authorized to perform: lambda:InvokeFunction on resource: .*order-outbox-sweeper/);
    } finally {
      await engine.close();
    }
  }, 60_000);
});

const templateOf = (assembly: string) =>
  JSON.parse(readFileSync(join(assembly, 'sluice-test-orders.template.json'), 'utf8')) as {
    Resources: Record<string, Resource>;
  };

interface Resource {
  readonly Type: string;
  readonly Properties: object;
}
