import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { watchOutbox } from '../../lib/constructs/alarms/outbox.ts';
import { watchProducers } from '../../lib/constructs/alarms/producer.ts';
import { SystemAlarms } from '../../lib/constructs/alarms/system-alarms.ts';
import { EventLog } from '../../lib/constructs/channels/event-log.ts';
import { EventTopic } from '../../lib/constructs/channels/event-topic.ts';
import { LogConsumer } from '../../lib/constructs/consumers/log-consumer.ts';
import { QueueConsumer } from '../../lib/constructs/consumers/queue-consumer.ts';
import { OverviewDashboard } from '../../lib/constructs/dashboards/overview-dashboard.ts';
import { SystemDashboard } from '../../lib/constructs/dashboards/system-dashboard.ts';
import { OutboxTable } from '../../lib/constructs/producing/outbox-table.ts';
import { InboxTable } from '../../lib/constructs/stores/inbox-table.ts';
import { messagingKey } from '../../lib/constructs/stores/messaging-key.ts';
import { log } from '../../lib/contracts/channels/log.ts';
import { outbox } from '../../lib/contracts/channels/outbox.ts';
import { queue } from '../../lib/contracts/channels/queue.ts';
import { topic } from '../../lib/contracts/channels/topic.ts';
import { days } from '../../lib/contracts/declaring/duration.ts';
import { subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { events } from '../contracts/sample-declarations.ts';
import type { TemplateJson } from './template-view.ts';
import { WATCHING_RULES } from './watching-rules.ts';
import { graphsOf, headingsOf, type Series, widgetsOf } from './watching-view.ts';

/** A system with every part that is watched, and the dashboard over all systems. */
function synthesised(): { readonly system: TemplateJson; readonly overview: TemplateJson } {
  const code = mkdtempSync(join(tmpdir(), 'sluice-watching-'));
  try {
    writeFileSync(join(code, 'index.mjs'), 'export const handler = async () => undefined;\n');
    const app = new App();
    const stack = new Stack(app, 'test-orders');
    const key = messagingKey(stack);
    const alarms = new SystemAlarms(stack, 'alarms', { key });
    const common = { code, inbox: new InboxTable(stack, 'inbox'), alarms };
    const traffic = { peakPerSecond: 100, averageBytes: 1_000, usualPerSecond: 20 };
    const news = topic('news', { events });
    const kept = log('kept', { events, traffic, shards: 2, retention: days(7) });
    const [deployedLog, deployedTopic] = [new EventLog(stack, kept), new EventTopic(stack, news, { key })];
    const work = subscription('worker', { to: queue('work', { events, traffic, from: news }) });
    const totals = subscription('totals', { to: kept, guarantee: 'exactly-once-aggregation' });
    const box = new OutboxTable(stack, outbox('box', { publishes: [kept, news] }), {
      ...{ relayCode: code, sweeperCode: code },
      destinations: [deployedLog.destination, deployedTopic.destination],
    });
    const dashboard = new SystemDashboard(stack, 'dashboard', {
      title: 'Orders',
      alarms,
      consumers: [
        new QueueConsumer(stack, work, { ...common, topic: deployedTopic }).view,
        new LogConsumer(stack, totals, { ...common, log: deployedLog }).view,
      ],
      outboxes: [watchOutbox(box, alarms)],
      producers: [watchProducers(deployedLog, alarms, kept), watchProducers(deployedTopic, alarms, news)],
    });
    const over = new Stack(app, 'test-overview');
    new OverviewDashboard(over, 'overview', { systems: [dashboard.overview] });
    return {
      system: Template.fromStack(stack).toJSON() as TemplateJson,
      overview: Template.fromStack(over).toJSON() as TemplateJson,
    };
  } finally {
    rmSync(code, { recursive: true });
  }
}

const { system, overview } = synthesised();
const RULES = WATCHING_RULES.map((rule) => [rule.name, rule] as const);

describe('the alarms and graphs of a system', () => {
  it.each(RULES)('%s', (_, { check }) => {
    expect(check(system)).toEqual([]);
  });

  it.each(RULES)('a mistake is found against: %s', (_, { check, mistake }) => {
    const broken = structuredClone(system);
    mistake(broken);
    expect(check(broken)).not.toEqual([]);
  });
});

describe('the dashboard over all systems', () => {
  const of = (metric: string, stat: string, about: string): Series => ({
    ...{ metric, stat, period: 60 },
    dimensions: [about, 'stack'].toSorted(),
  });

  it('shows of each what flows, fails and waits: a quarter of the width each, in its unit', () => {
    const looks = graphsOf(overview).map(({ title, width, height, axis, lines, series }) => [
      title,
      width,
      height,
      axis.label,
      lines,
      series,
    ]);
    const consumers = (metric: string) => [of(metric, 'Sum', 'subscription'), of(metric, 'Sum', 'subscription')];
    expect(looks).toEqual([
      ['Orders: consumed', 6, 6, 'messages a minute', [], consumers('Done')],
      ['Orders: given up', 6, 6, 'messages a minute', [], consumers('Rejected')],
      // An aggregation handles batches: it has no such time.
      [
        'Orders: from event to processing, 99 of 100',
        6,
        6,
        'milliseconds',
        [],
        [of('AgeAtProcessing', 'p99', 'subscription')],
      ],
      ['Orders: oldest unpublished', 6, 6, 'seconds', [], [of('OldestUnpublished', 'Maximum', 'outbox')]],
    ]);
  });

  it('leads to each, below its name and the state of its critical alarms', () => {
    expect(headingsOf(overview)).toEqual(['# Orders ([dashboard](#dashboards:name=test-orders))']);
    const [heading, states] = widgetsOf(overview);
    expect(heading).toMatchObject({ type: 'text', width: 24, height: 1 });
    expect(states).toMatchObject({ type: 'alarm', width: 24, height: 4, y: 1 });
    expect(JSON.stringify(states)).toContain('alarm:test-orders-unhealthy');
  });
});
