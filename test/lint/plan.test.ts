import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AttributeType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { CfnEmailIdentity } from 'aws-cdk-lib/aws-ses';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SystemAlarms } from '../../lib/constructs/alarms/system-alarms.ts';
import { EventLog } from '../../lib/constructs/channels/event-log.ts';
import { LogConsumer } from '../../lib/constructs/consumers/log-consumer.ts';
import { QueueConsumer } from '../../lib/constructs/consumers/queue-consumer.ts';
import { InboxTable } from '../../lib/constructs/stores/inbox-table.ts';
import { messagingKey } from '../../lib/constructs/stores/messaging-key.ts';
import { log } from '../../lib/contracts/channels/log.ts';
import { fifoQueue, queue } from '../../lib/contracts/channels/queue.ts';
import { subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { shardSteps } from '../../lib/lint/plan/checks-of-logs.ts';
import { planFindings } from '../../lib/lint/plan/plan.ts';
import { events } from '../contracts/sample-declarations.ts';

/** A small app of our constructs, deployed once and changed in one place: what is said of the deployment to come. */

let code: string;
beforeAll(() => {
  code = mkdtempSync(join(tmpdir(), 'sluice-plan-'));
  writeFileSync(join(code, 'index.mjs'), 'export const handler = async () => undefined;\n');
});
afterAll(() => rmSync(code, { recursive: true }));

const SETTINGS = {
  worker: 'worker',
  reader: 'reader',
  shards: 2,
  fifo: false,
  within: undefined as string | undefined,
  table: true,
  keepTable: false,
  told: true,
  sender: 'orders@example.com' as string | undefined,
  memory: 256,
};
type Settings = typeof SETTINGS;

function shop(change: Partial<Settings> = {}) {
  const s = { ...SETTINGS, ...change };
  const stack = new Stack(new App({ context: { 'aws:cdk:enable-path-metadata': true } }), 'shop');
  const key = messagingKey(stack);
  const alarms = new SystemAlarms(stack, 'alarms', { key });
  if (s.told) alarms.topics.critical.addSubscription(new EmailSubscription('ops@example.com'));
  const common = { code, inbox: new InboxTable(stack, 'inbox'), alarms, memory: s.memory };
  const scope = s.within === undefined ? stack : new Construct(stack, s.within);
  const work = s.fifo ? fifoQueue('work', { events }) : queue('work', { events });
  new QueueConsumer(scope, subscription(s.worker, { to: work }), common);
  const history = log('history', { events, shards: s.shards });
  new LogConsumer(stack, subscription(s.reader, { to: history }), {
    ...common,
    log: new EventLog(stack, history),
  });
  if (s.table)
    new Table(stack, 'orders', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      removalPolicy: s.keepTable ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  if (s.sender !== undefined) new CfnEmailIdentity(stack, 'sender', { emailIdentity: s.sender });
  return [{ name: 'shop', body: Template.fromStack(stack).toJSON() }];
}

const found = (change: Partial<Settings>, before: Partial<Settings> = {}) =>
  planFindings(shop(before), shop(change)).map(({ check, severity, path, what }) => ({ check, severity, path, what }));

describe('a plan is silent', () => {
  it('where nothing has changed', () => expect(found({})).toEqual([]));
  it('on a change that is made in place', () => expect(found({ memory: 512 })).toEqual([]));
  it('on shards that are doubled or halved', () => {
    expect(found({ shards: 4 })).toEqual([]);
    expect(found({ shards: 2 }, { shards: 4 })).toEqual([]);
  });
  it('on what is new beside the old', () => expect(found({}, { table: false, told: false })).toEqual([]));
  it('on an app that is deployed for the first time', () => expect(planFindings([], shop())).toEqual([]));
  it('on a stack that is deployed and not in this app', () =>
    expect(planFindings([...shop(), { name: 'other', body: shop()[0]?.body ?? {} }], shop())).toEqual([]));
});

describe('a plan says', () => {
  it('that a subscription which is renamed begins with an empty inbox; its queue stays', () => {
    const said = found({ worker: 'packer' });
    expect(said.map(({ check, severity }) => `${severity} ${check}`)).toEqual([
      'warning data-goes',
      'error inbox-begins-empty',
    ]);
    expect(said[0]?.what).toBe('the Logs LogGroup is in the template no more: its log would be gone');
    expect(said[1]).toMatchObject({ path: 'shop/packer/Function/Source' });
    expect(said[1]?.what).toContain("subscription 'worker' becomes 'packer'");
  });

  it('that a reader of a log which is renamed reads everything again', () => {
    const said = found({ reader: 'teller' });
    expect(said.filter(({ check }) => check === 'mapping-begins-anew')).toMatchObject([
      { severity: 'error', what: expect.stringContaining('TRIM_HORIZON: everything that is still kept is read again') },
    ]);
    expect(said.map(({ check }) => check)).toContain('inbox-begins-empty');
    const fromNewest = (stacks: ReturnType<typeof shop>) =>
      JSON.parse(JSON.stringify(stacks).replaceAll('"TRIM_HORIZON"', '"LATEST"'));
    const skips = planFindings(fromNewest(shop()), fromNewest(shop({ reader: 'teller' })));
    expect(skips.find(({ check }) => check === 'mapping-begins-anew')?.what).toContain('LATEST: what comes between');
  });

  it('nothing of a construct that is moved and keeps what it is', () => {
    // It is the same subscription, too: its inbox is the same.
    expect(found({ within: 'backend' }).filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('that a queue of an app without our constructs, which is moved, takes a name that is still there', () => {
    const named = { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'shop-work' } };
    const stack = (id: string) => [{ name: 'shop', body: { Resources: { [id]: named } } }];
    expect(planFindings(stack('workerQueue'), stack('backendWorkerQueue'))).toEqual([
      {
        check: 'name-taken',
        severity: 'error',
        path: 'shop/backendWorkerQueue',
        what: 'SQS Queue "shop-work" is created while shop/workerQueue still has that name: CloudFormation creates before it deletes, and the deployment fails with "already exists"',
        fix: expect.stringContaining('the logical id workerQueue'),
      },
      {
        check: 'data-goes',
        severity: 'error',
        path: 'shop/workerQueue',
        what: expect.any(String),
        fix: expect.any(String),
      },
    ]);
  });

  it('that a queue which becomes FIFO is another one', () => {
    const said = found({ fifo: true }).filter(({ check }) => check === 'data-goes');
    expect(said).toContainEqual({
      check: 'data-goes',
      severity: 'error',
      path: 'shop/worker/work/Queue',
      what: expect.stringMatching(
        /^the SQS Queue is made anew by a change of .*FifoQueue.*: its messages would be gone$/,
      ),
    });
    expect(found({ fifo: false }, { fifo: true }).map(({ check }) => check)).toContain('data-goes');
  });

  it('that nobody is told any more, and by whom is sent', () => {
    expect(found({ told: false })).toEqual([
      {
        check: 'nobody-is-told',
        severity: 'error',
        path: expect.stringContaining('shop/alarms/Critical'),
        what: 'ops@example.com is told of alarms no more',
      },
    ]);
    expect(found({ sender: undefined })).toMatchObject([{ check: 'sender-changes', path: 'shop/sender' }]);
    expect(found({ sender: 'shop@example.org' })).toMatchObject([{ check: 'sender-changes' }]);
  });

  it('that a function sends in another name', () => {
    const stack = (Variables: object) => [
      {
        name: 'shop',
        body: { Resources: { f: { Type: 'AWS::Lambda::Function', Properties: { Environment: { Variables } } } } },
      },
    ];
    const before = stack({ FROM: 'shop@example.org', TABLE: 'a' });
    const said = (after: object) =>
      planFindings(before, stack(after)).map(({ severity, what }) => `${severity}: ${what}`);
    expect(said({ FROM: 'shop@example.org', TABLE: 'b' })).toEqual([]);
    expect(said({ FROM: 'a@example.com', TABLE: 'a' })).toEqual([
      'warning: FROM was shop@example.org and would be a@example.com',
    ]);
    expect(said({ TABLE: 'a' })).toEqual(['warning: FROM was shop@example.org and would be gone']);
  });

  it('that a table goes; that one which is kept stays outside', () => {
    expect(found({ table: false })).toMatchObject([
      {
        check: 'data-goes',
        severity: 'error',
        path: 'shop/orders',
        what: expect.stringContaining('items would be gone'),
      },
    ]);
    expect(found({ table: false }, { keepTable: true })).toMatchObject([
      { check: 'data-goes', severity: 'warning', what: expect.stringContaining('the old one stays with its items') },
    ]);
  });

  it('that alarms go', () => {
    const without = shop();
    const body = structuredClone(without[0]?.body) as { Resources: Record<string, { Type: string }> };
    const [id] = Object.entries(body.Resources).find(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm') ?? [''];
    delete body.Resources[id];
    expect(planFindings(shop(), [{ name: 'shop', body }])).toMatchObject([
      { check: 'alarm-goes', severity: 'warning', what: expect.stringMatching(/^the alarm "shop-.*" is gone$/) },
    ]);
  });

  it('in which steps a log grows to three times its traffic', () => {
    expect(found({ shards: 6 })).toEqual([
      {
        check: 'shards-in-steps',
        severity: 'error',
        path: 'shop/history/Stream',
        what: '2 shards become 6: UpdateShardCount takes at most double and at least half, ten times in 24 hours, and the deployment fails',
      },
    ]);
    expect(planFindings(shop(), shop({ shards: 6 }))[0]?.fix).toBe('Deploy in 2 steps: 4, 6 shards.');
  });

  it('that a table which was warmed stays so', () => {
    const stack = (WarmThroughput?: object) => [
      {
        name: 'shop',
        body: { Resources: { orders: { Type: 'AWS::DynamoDB::Table', Properties: { WarmThroughput } } } },
      },
    ];
    const warm = (WriteUnitsPerSecond: number, ReadUnitsPerSecond?: number) =>
      stack({ WriteUnitsPerSecond, ReadUnitsPerSecond });
    expect(planFindings(warm(8_000, 20_000), warm(7_999, 20_000))).toEqual([
      {
        check: 'warm-table-cools',
        severity: 'error',
        path: 'shop/orders',
        what: 'WriteUnitsPerSecond of its warm throughput falls from 8000 to 7999: a table that was warmed stays so, and the deployment fails',
        fix: 'Keep 8000: leave the declared peak as it was, or warm the table for more. It costs nothing more.',
      },
    ]);
    expect(planFindings(warm(8_000, 20_000), warm(8_000, 19_000))).toHaveLength(1);
    for (const after of [warm(8_001), warm(8_000, 1), stack()]) expect(planFindings(warm(8_000), after)).toEqual([]);
  });

  it('that a name which stays refuses what makes a new resource', () => {
    const named = (pk: string) => ({
      Type: 'AWS::DynamoDB::Table',
      Properties: { TableName: 'orders', KeySchema: [{ AttributeName: pk, KeyType: 'HASH' }] },
    });
    const stack = (pk: string) => [{ name: 'shop', body: { Resources: { orders: named(pk) } } }];
    expect(planFindings(stack('a'), stack('b')).map(({ check, severity }) => [check, severity])).toEqual([
      ['name-kept', 'error'],
      ['data-goes', 'error'],
    ]);
  });

  it('that a name which another stack of the app still has is taken', () => {
    const table = { Type: 'AWS::DynamoDB::Table', Properties: { TableName: 'orders' } };
    const stacks = (a: object, b: object) => [
      { name: 'a', body: { Resources: a } },
      { name: 'b', body: { Resources: b } },
    ];
    expect(
      planFindings(stacks({ t: table }, {}), stacks({}, { t: table })).map(({ check, path }) => [check, path]),
    ).toEqual([
      ['name-taken', 'b/t'],
      ['data-goes', 'a/t'],
    ]);
  });
});

it.each([
  [2, 9, [4, 8, 9]],
  [2, 4, [4]],
  [9, 2, [5, 3, 2]],
  [4, 2, [2]],
  [3, 3, []],
  [1, 2, [2]],
  [1, 3, [2, 3]],
])('%d shards become %d in steps of at most double and at least half', (from, to, steps) => {
  expect(shardSteps(from, to)).toEqual(steps);
});
