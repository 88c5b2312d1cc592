import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stack } from 'aws-cdk-lib';
import { AttributeType, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SystemAlarms } from '../../lib/constructs/alarms/system-alarms.ts';
import { EventLog } from '../../lib/constructs/channels/event-log.ts';
import { EventTopic } from '../../lib/constructs/channels/event-topic.ts';
import { LogConsumer } from '../../lib/constructs/consumers/log-consumer.ts';
import { QueueConsumer } from '../../lib/constructs/consumers/queue-consumer.ts';
import { TableChangesConsumer } from '../../lib/constructs/consumers/table-changes-consumer.ts';
import { ScheduledWork } from '../../lib/constructs/producing/scheduled-work.ts';
import { InboxTable } from '../../lib/constructs/stores/inbox-table.ts';
import { messagingKey } from '../../lib/constructs/stores/messaging-key.ts';
import { log } from '../../lib/contracts/channels/log.ts';
import { fifoQueue, queue } from '../../lib/contracts/channels/queue.ts';
import { recurring } from '../../lib/contracts/channels/recurring.ts';
import { tableChanges } from '../../lib/contracts/channels/table-changes.ts';
import { fifoTopic, topic } from '../../lib/contracts/channels/topic.ts';
import type { AlarmSettings } from '../../lib/contracts/declaring/alarms.ts';
import { days, hours } from '../../lib/contracts/declaring/duration.ts';
import { type Source, type SubscriptionOptions, subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { events, TicketOpened } from '../contracts/sample-declarations.ts';
import { lintStack } from './linted.ts';

let code: string;
beforeAll(() => {
  code = mkdtempSync(join(tmpdir(), 'sluice-lint-code-'));
  writeFileSync(join(code, 'index.mjs'), 'export const handler = async () => undefined;\n');
});
afterAll(() => rmSync(code, { recursive: true }));

function parts(stack: Stack) {
  const key = messagingKey(stack);
  return {
    key,
    common: { code, inbox: new InboxTable(stack, 'inbox'), alarms: new SystemAlarms(stack, 'alarms', { key }) },
  };
}

const consumer = <From extends Source>(name: string, options: SubscriptionOptions<From>) =>
  subscription(name, { guarantee: 'effectively-once', ...options });

/** One of each kind of consumer, all with the same settings of alarms. */
interface SystemOptions {
  readonly queue?: AlarmSettings;
  readonly stream?: AlarmSettings;
  /** Whether there is work that is due again and again. */
  readonly again?: boolean;
}

function system(
  stack: Stack,
  { queue: ofQueues = {}, stream: ofStreams = {}, again = false }: SystemOptions = {},
): void {
  const { key, common } = parts(stack);
  const ofQueue = { alarms: ofQueues };
  const ofStream = { alarms: ofStreams };
  const news = topic('news', { events });
  const letters = fifoTopic('letters', { events });
  const history = log('history', { events });
  const deployed = {
    news: new EventTopic(stack, news, { key }),
    letters: new EventTopic(stack, letters, { key }),
    history: new EventLog(stack, history),
  };
  new QueueConsumer(stack, consumer('read-news', { to: queue('fed', { events, from: news }), ...ofQueue }), {
    ...common,
    topic: deployed.news,
  });
  new QueueConsumer(stack, consumer('file', { to: queue('files', { events, from: letters }), ...ofQueue }), {
    ...common,
    topic: deployed.letters,
  });
  const ordered = new QueueConsumer(
    stack,
    consumer('answer', { to: fifoQueue('answered', { events, from: letters }), ...ofQueue }),
    { ...common, topic: deployed.letters },
  );
  const { contract } = ordered.work;
  const bell = recurring('bell', {
    to: contract,
    event: TicketOpened,
    data: { ticket: 't', text: '' },
    every: hours(1),
  });
  new ScheduledWork(stack, 'later', {
    queue: ordered.work,
    alarms: common.alarms,
    ...(again ? { recurring: [bell] } : {}),
  });
  new LogConsumer(stack, consumer('follow', { to: history, ...ofStream }), { ...common, log: deployed.history });
  new LogConsumer(stack, consumer('fast', { to: history, fanOut: 'enhanced', ...ofStream }), {
    ...common,
    log: deployed.history,
  });
  const table = new Table(stack, 'shelf', {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    stream: StreamViewType.NEW_AND_OLD_IMAGES,
  });
  new TableChangesConsumer(stack, consumer('changed', { to: tableChanges('shelf-changes'), ...ofStream }), {
    ...common,
    table,
  });
}

const found = (build: (stack: Stack) => void) =>
  lintStack(build)
    .filter(({ acknowledged }) => acknowledged === undefined)
    .map(({ rule, path, value }) => ({ rule, path, value }));

describe('our constructs', () => {
  it('make none of these mistakes', () => {
    expect(found((stack) => system(stack))).toEqual([]);
    expect(found((stack) => system(stack, { again: true }))).toEqual([]);
  });

  it('need no alarm that a declaration switches off with a reason', () => {
    const off = 'nobody waits for these messages';
    const queue: AlarmSettings = { 'dead-letters': { off }, undelivered: { off }, 'oldest-message': { off } };
    const stream: AlarmSettings = { 'dead-letters': { off }, 'iterator-age': { off } };
    expect(found((stack) => system(stack, { queue, stream }))).toEqual([]);
  });

  it('are known to the linter by what they deploy: retention is the deployed one', () => {
    const history = log('history', { events, retention: days(7), replay: 'a test' });
    const outlived = (retentionHours: number) =>
      found((stack) => {
        const { common } = parts(stack);
        const log = new EventLog(stack, history);
        (log.stream.node.defaultChild as { retentionPeriodHours?: number }).retentionPeriodHours = retentionHours;
        new LogConsumer(stack, consumer('follow', { to: history, toleratedOutage: days(3) }), { ...common, log });
      }).filter(({ rule }) => rule === 'Messaging-RetentionBelowOutage');
    expect(outlived(73)).toEqual([]);
    expect(outlived(72)).toEqual([
      {
        rule: 'Messaging-RetentionBelowOutage',
        path: 'Shop/follow',
        value: "259200 s (subscription 'follow'); log 'history' keeps messages 259200 s",
      },
    ]);
  });
});
