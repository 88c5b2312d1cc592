import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Construct } from 'constructs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SystemAlarms } from '../../lib/constructs/alarms/system-alarms.ts';
import { EventLog } from '../../lib/constructs/channels/event-log.ts';
import { EventTopic } from '../../lib/constructs/channels/event-topic.ts';
import { BreakerController } from '../../lib/constructs/consumers/breaker-controller.ts';
import { LogConsumer } from '../../lib/constructs/consumers/log-consumer.ts';
import { QueueConsumer } from '../../lib/constructs/consumers/queue-consumer.ts';
import { SystemDashboard } from '../../lib/constructs/dashboards/system-dashboard.ts';
import { OutboxTable } from '../../lib/constructs/producing/outbox-table.ts';
import { ScheduledWork } from '../../lib/constructs/producing/scheduled-work.ts';
import { InboxTable } from '../../lib/constructs/stores/inbox-table.ts';
import { messagingKey } from '../../lib/constructs/stores/messaging-key.ts';
import { outbox } from '../../lib/contracts/channels/outbox.ts';
import { fifoQueue, queue } from '../../lib/contracts/channels/queue.ts';
import { recurring } from '../../lib/contracts/channels/recurring.ts';
import { fifoTopic } from '../../lib/contracts/channels/topic.ts';
import { hours } from '../../lib/contracts/declaring/duration.ts';
import { subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { events, TicketOpened, ticketLog } from '../contracts/sample-declarations.ts';

let code: string;
beforeAll(() => {
  code = mkdtempSync(join(tmpdir(), 'sluice-moved-'));
  writeFileSync(join(code, 'index.mjs'), 'export const handler = async () => undefined;\n');
});
afterAll(() => rmSync(code, { recursive: true }));

const news = fifoTopic('news', { events });
const ordered = fifoQueue('ordered', { events, from: news });
const loose = queue('loose', { events });
const box = outbox('box', { publishes: [ticketLog, news] });
const daily = recurring('daily', {
  to: loose,
  event: TicketOpened,
  data: { ticket: 't', text: 'look' },
  every: hours(24),
});

/** A system with what has a name, at a place in the tree, under names for its consumers. */
function template(place: (stack: Stack) => Construct, consumer = 'reader') {
  const stack = new Stack(new App(), 'test-moved');
  const scope = place(stack);
  const key = messagingKey(stack);
  const inbox = new InboxTable(stack, 'inbox');
  const alarms = new SystemAlarms(scope, 'alarms', { key });
  const breakers = new BreakerController(scope, 'breakers', { code, inbox, alarms });
  const topic = new EventTopic(scope, news, { key });
  const log = new EventLog(scope, ticketLog);
  const common = { code, inbox, alarms, breakers };
  const declared = subscription(consumer, { to: ordered });
  const consumers = [
    new QueueConsumer(scope, declared, { ...common, topic }),
    new QueueConsumer(scope, subscription('sorter', { to: loose }), common),
    new LogConsumer(scope, subscription('counter', { to: ticketLog, fanOut: 'enhanced' }), { ...common, log }),
  ];
  new ScheduledWork(scope, 'scheduled', { queue: (consumers[1] as QueueConsumer).work, recurring: [daily] });
  new OutboxTable(scope, box, {
    relayCode: code,
    sweeperCode: code,
    destinations: [log.destination, topic.destination],
  });
  const views = { consumers: consumers.map(({ view }) => view), outboxes: [], producers: [], alarms };
  new SystemDashboard(scope, 'dashboard', { title: 'Test', ...views });
  return Template.fromStack(stack).toJSON().Resources as Record<string, Resource>;
}

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

/** Properties that hold a physical name. */
const NAMES = [
  ...['QueueName', 'TopicName', 'FunctionName', 'AlarmName', 'DashboardName', 'ConsumerName'],
  ...['RegistryName', 'SchemaName', 'Name'],
];
/** What there can be only one of, by what it is of. */
const ONE_OF: Readonly<Record<string, readonly string[]>> = {
  'AWS::SQS::QueuePolicy': ['Queues'],
  'AWS::SNS::TopicPolicy': ['Topics'],
  'AWS::SNS::Subscription': ['TopicArn', 'Endpoint'],
  'AWS::Lambda::EventSourceMapping': ['FunctionName', 'EventSourceArn'],
};

/** Logical ids by what AWS takes for one and the same thing. */
const things = (resources: Record<string, Resource>): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(resources).flatMap(([id, { Type, Properties }]) => {
      const names = ONE_OF[Type] ?? NAMES.filter((name) => typeof Properties[name] === 'string').slice(0, 1);
      return names.length === 0 ? [] : [[JSON.stringify([Type, names.map((name) => Properties[name])]), id]];
    }),
  );

describe('one and the same thing has one logical id', () => {
  const here = () => things(template((stack) => stack));

  it('wherever its construct is in the tree', () => {
    const before = here();
    expect(before.size).toBeGreaterThan(45);
    const types = new Set([...before.keys()].map((key) => (JSON.parse(key) as [string])[0]));
    const expected = ['AWS::Kinesis::StreamConsumer', 'AWS::CloudWatch::CompositeAlarm', 'AWS::Scheduler::Schedule'];
    for (const type of [...expected, ...Object.keys(ONE_OF)]) expect(types).toContain(type);
    expect(things(template((stack) => new Construct(new Construct(stack, 'in'), 'deeper')))).toEqual(before);
  });

  it('whatever its consumer is called', () => {
    const [before, after] = [here(), things(template((stack) => stack, 'listener'))];
    const both = [...before].filter(([thing]) => after.has(thing));
    expect(Object.fromEntries(both)).toEqual(Object.fromEntries(both.map(([thing]) => [thing, after.get(thing)])));
    const ofQueue = both.filter(([thing]) => thing.includes('"test-moved-ordered.fifo"'));
    expect(ofQueue).toHaveLength(1);
  });

  it('and no two things have the same', () => {
    const ids = [...here().values()];
    expect(new Set(ids).size).toBe(ids.length);
  });
});
