import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALARM_KINDS } from '../../lib/constructs/alarms/kinds.ts';
import { watchOutbox } from '../../lib/constructs/alarms/outbox.ts';
import { watchProducers } from '../../lib/constructs/alarms/producer.ts';
import { SystemAlarms } from '../../lib/constructs/alarms/system-alarms.ts';
import { EventLog } from '../../lib/constructs/channels/event-log.ts';
import { EventTopic } from '../../lib/constructs/channels/event-topic.ts';
import { BreakerController } from '../../lib/constructs/consumers/breaker-controller.ts';
import { LogConsumer } from '../../lib/constructs/consumers/log-consumer.ts';
import { QueueConsumer } from '../../lib/constructs/consumers/queue-consumer.ts';
import { OutboxTable } from '../../lib/constructs/producing/outbox-table.ts';
import { InboxTable } from '../../lib/constructs/stores/inbox-table.ts';
import { messagingKey } from '../../lib/constructs/stores/messaging-key.ts';
import { log } from '../../lib/contracts/channels/log.ts';
import { outbox } from '../../lib/contracts/channels/outbox.ts';
import { queue } from '../../lib/contracts/channels/queue.ts';
import { topic } from '../../lib/contracts/channels/topic.ts';
import { ALARM_DEFAULTS, CONSUMER_ALARMS, OUTBOX_ALARMS } from '../../lib/contracts/declaring/alarms.ts';
import { hours, minutes } from '../../lib/contracts/declaring/duration.ts';
import { subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { events, ticketLog, workQueue } from '../contracts/sample-declarations.ts';
import { ALARM, idOf } from './template-view.ts';

let code: string;
beforeAll(() => {
  code = mkdtempSync(join(tmpdir(), 'sluice-alarms-'));
  writeFileSync(join(code, 'index.mjs'), 'export const handler = async () => undefined;\n');
});
afterAll(() => rmSync(code, { recursive: true }));

function parts() {
  const stack = new Stack(new App(), 'test-tickets');
  const key = messagingKey(stack);
  const alarms = new SystemAlarms(stack, 'alarms', { key });
  return { stack, key, alarms, common: { code, inbox: new InboxTable(stack, 'inbox'), alarms } };
}

const COMPOSITE = 'AWS::CloudWatch::CompositeAlarm';

/** Properties of the alarms of a stack, by name without the stack. */
const alarmsOf = (stack: Stack) =>
  new Map(
    Object.values(Template.fromStack(stack).findResources(ALARM)).map(({ Properties }) => [
      String(Properties.AlarmName).slice(stack.stackName.length + 1),
      Properties,
    ]),
  );
const kindsOf = (stack: Stack, name: string): string[] =>
  [...alarmsOf(stack).keys()].map((alarm) => alarm.slice(name.length + 1)).toSorted();

const traffic = { peakPerSecond: 100, averageBytes: 1_000, usualPerSecond: 10 };
const CONSUMER = ['dead-letters', 'dead-letters-failed', 'error-rate', 'throttles'];

describe('a consumer has the alarms that fit what it declares', () => {
  it.each([
    ['a queue', queue('work', { events }), ['oldest-message', 'queue-depth']],
    [
      'a queue with known traffic',
      queue('work', { events, traffic }),
      ['oldest-message', 'queue-depth', 'received-drop'],
    ],
  ])('%s', (_, to, kinds) => {
    const { stack, common } = parts();
    new QueueConsumer(stack, subscription('worker', { to }), common);
    expect(kindsOf(stack, 'worker')).toEqual([...CONSUMER, ...kinds].toSorted());
  });

  const aggregation = { guarantee: 'exactly-once-aggregation' } as const;
  const lags = ['catch-up', 'iterator-age', 'log-lag-messages'];
  it.each([
    ['a log', subscription('reader', { to: log('one', { events, shards: 1 }) }), lags],
    ['a log of two shards', subscription('reader', { to: log('two', { events, shards: 2 }) }), [...lags, 'hot-shard']],
    [
      'an aggregation',
      subscription('reader', { to: log('one', { events, shards: 1, traffic }), ...aggregation }),
      [...lags, 'received-drop', 'state-failures'],
    ],
    [
      'an aggregation that can be too late',
      subscription('reader', { to: ticketLog, ...aggregation, lateness: { allowed: minutes(1) } }),
      [...lags, 'late-dropped', 'state-failures'],
    ],
  ])('%s', (_, declared, kinds) => {
    const { stack, common } = parts();
    new LogConsumer(stack, declared, { ...common, log: new EventLog(stack, declared.to) });
    expect(kindsOf(stack, 'reader')).toEqual([...CONSUMER, ...kinds].toSorted());
  });

  it('a controller of breakers that is watched', () => {
    const { stack, common } = parts();
    new BreakerController(stack, 'breakers', common);
    expect(kindsOf(stack, 'breakers')).toEqual(['function-errors', 'throttles']);
  });
});

describe('a declaration', () => {
  it('changes thresholds, the subscription before the channel, in the units of the kinds', () => {
    const { stack, common } = parts();
    const to = log('changed', {
      events,
      retention: hours(48),
      alarms: {
        'iterator-age': { threshold: 25 },
        'log-lag-messages': { threshold: 5 },
        'error-rate': { minutes: 10 },
      },
    });
    const declared = subscription('reader', { to, alarms: { 'log-lag-messages': { threshold: 6, minutes: 2 } } });
    new LogConsumer(stack, declared, { ...common, log: new EventLog(stack, to) });
    const alarms = alarmsOf(stack);
    expect(alarms.get('reader-iterator-age')).toMatchObject({ Threshold: 12 * 3_600_000, EvaluationPeriods: 5 });
    expect(alarms.get('reader-log-lag-messages')).toMatchObject({ Threshold: 6, EvaluationPeriods: 2 });
    expect(alarms.get('reader-error-rate')).toMatchObject({
      Threshold: 1,
      EvaluationPeriods: 10,
      DatapointsToAlarm: 6,
    });
  });

  const said = (kinds: readonly string[]) =>
    Object.fromEntries(kinds.map((kind) => [kind, { threshold: 7, minutes: 9 }]));
  const heard = { Threshold: 7, EvaluationPeriods: 9 };
  const fedBy = topic('news', { events });

  it('of a queue reaches every kind of alarm that its consumer has', () => {
    const { stack, common, key } = parts();
    const to = queue('work', { events, traffic, from: fedBy, alarms: said(CONSUMER_ALARMS.queue) });
    const fed = { ...common, topic: new EventTopic(stack, fedBy, { key }) };
    new QueueConsumer(stack, subscription('worker', { to }), fed);
    const alarms = alarmsOf(stack);
    for (const kind of CONSUMER_ALARMS.queue) expect(alarms.get(`worker-${kind}`), kind).toMatchObject(heard);
  });

  it('of a log too', () => {
    const { stack, common } = parts();
    const to = log('busy', { events, shards: 2, traffic, retention: hours(100), alarms: said(CONSUMER_ALARMS.log) });
    const late = { guarantee: 'exactly-once-aggregation', lateness: { allowed: minutes(1) } } as const;
    new LogConsumer(stack, subscription('reader', { to, ...late }), { ...common, log: new EventLog(stack, to) });
    const alarms = alarmsOf(stack);
    for (const kind of CONSUMER_ALARMS.log) {
      // Percent of the retention are hours here, and milliseconds in the alarm.
      const Threshold = kind === 'iterator-age' ? 7 * 3_600_000 : 7;
      expect(alarms.get(`reader-${kind}`), kind).toMatchObject({ ...heard, Threshold });
    }
  });

  it('of an outbox and of both its functions too', () => {
    const { stack, alarms: system } = parts();
    const declared = outbox('box', { publishes: [ticketLog], alarms: said(OUTBOX_ALARMS) });
    const { destination } = new EventLog(stack, ticketLog);
    const table = new OutboxTable(stack, declared, { relayCode: code, sweeperCode: code, destinations: [destination] });
    watchOutbox(table, system);
    const own = [...alarmsOf(stack)].filter(([name]) => name.startsWith('box'));
    expect(own.map(([name]) => name).toSorted()).toEqual([
      ...['box-dead-letters', 'box-oldest-unpublished', 'box-relay-function-errors', 'box-relay-throttles'],
      ...['box-sweeper-function-errors', 'box-sweeper-throttles'],
    ]);
    for (const [name, alarm] of own) expect(alarm, name).toMatchObject(heard);
  });

  it('switches an alarm off with a reason', () => {
    const { stack, common, alarms } = parts();
    const to = queue('work', { events, alarms: { 'queue-depth': { off: 'filled by a load test every night' } } });
    const consumer = new QueueConsumer(stack, subscription('worker', { to }), common);
    expect(kindsOf(stack, 'worker')).toEqual([...CONSUMER, 'oldest-message'].toSorted());
    for (const watched of [consumer.view.alarms, alarms.watched]) {
      expect(watched.map(({ kind }) => kind)).not.toContain('queue-depth');
    }
  });

  it('switches off the alarm of a channel’s producers', () => {
    const { stack, alarms } = parts();
    const quiet = log('quiet', { events, alarms: { 'producer-errors': { off: 'a best-effort trace' } } });
    expect(watchProducers(new Construct(stack, 'quiet'), alarms, quiet).alarms).toEqual([]);
    expect(watchProducers(new Construct(stack, 'log'), alarms, ticketLog).alarms).toHaveLength(1);
  });
});

describe('unhealthy', () => {
  const ruleOf = (stack: Stack): readonly unknown[] => {
    const [composite] = Object.values(Template.fromStack(stack).findResources(COMPOSITE));
    const rule = composite?.Properties.AlarmRule;
    return rule?.['Fn::Join']?.[1] ?? [rule];
  };

  it('looks at the critical alarms, at all of them, and at no other', () => {
    const { stack, common } = parts();
    new QueueConsumer(stack, subscription('worker', { to: workQueue }), common);
    new LogConsumer(stack, subscription('reader', { to: ticketLog }), {
      ...common,
      log: new EventLog(stack, ticketLog),
    });
    const names = ruleOf(stack)
      .flatMap((part) => idOf(part) ?? [])
      .map((id) => Template.fromStack(stack).findResources(ALARM)[id]?.Properties.AlarmName);
    expect(names).toEqual([
      'test-tickets-worker-dead-letters',
      'test-tickets-worker-dead-letters-failed',
      'test-tickets-reader-dead-letters',
      'test-tickets-reader-dead-letters-failed',
      'test-tickets-reader-iterator-age',
      'test-tickets-reader-catch-up',
    ]);
    expect(ruleOf(stack).join('')).toContain(' OR ');
  });

  it('is never on where there is no critical alarm', () => {
    expect(ruleOf(parts().stack)).toEqual(['FALSE']);
  });

  it('takes no more alarms than a composite alarm may look at', () => {
    const { stack, alarms } = parts();
    const watch = (i: number) =>
      alarms.watch(new Construct(stack, `part-${i}`), {
        kind: 'state-failures',
        name: `part-${i}`,
        metric: new Metric({ namespace: 'Test', metricName: 'Failures' }),
      });
    for (let i = 0; i < 100; i++) watch(i);
    expect(() => watch(100)).toThrow('test-tickets has more than 100 critical alarms');
  });
});

describe('the texts of alarms', () => {
  it('are there for every kind, and short enough for CloudWatch', () => {
    expect(Object.keys(ALARM_KINDS).toSorted()).toEqual(Object.keys(ALARM_DEFAULTS).toSorted());
    for (const { means, first, silenceBecause } of Object.values(ALARM_KINDS)) {
      expect(`${means}${first}`.length).toBeLessThan(800);
      expect(silenceBecause).not.toBe('');
    }
  });

  it('name nothing that the builder does not give', () => {
    const { stack, alarms } = parts();
    const metric = new Metric({ namespace: 'Test', metricName: 'Depth' });
    expect(() => alarms.watch(stack, { kind: 'dead-letters', name: 'work', metric })).toThrow(
      'the text of an alarm names {queue}, which its builder does not give',
    );
  });
});
