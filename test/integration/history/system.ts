import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { pointSdkAt } from '../../../bin/apps/sdk-environment.ts';
import { SystemAlarms } from '../../../lib/constructs/alarms/system-alarms.ts';
import { EventLog } from '../../../lib/constructs/channels/event-log.ts';
import { EventTopic } from '../../../lib/constructs/channels/event-topic.ts';
import { LogArchive } from '../../../lib/constructs/consumers/log-archive.ts';
import { LogConsumer } from '../../../lib/constructs/consumers/log-consumer.ts';
import { QueueConsumer } from '../../../lib/constructs/consumers/queue-consumer.ts';
import { bundleFunctions } from '../../../lib/constructs/functions/bundle.ts';
import { InboxTable } from '../../../lib/constructs/stores/inbox-table.ts';
import { messagingKey } from '../../../lib/constructs/stores/messaging-key.ts';
import { type Engine, startEngine } from '../../../lib/local/engine.ts';
import {
  countEnhanced,
  countShared,
  keepSightings,
  news,
  orderedNews,
  readAny,
  readFrench,
  sightings,
} from './contract.ts';

export interface History {
  readonly engine: Engine;
  readonly logs: readonly string[];
  output(name: string): string;
  /** Ids of the events that a consumer's function noted, in that order. */
  noted(subscription: string): string[];
  close(): Promise<void>;
}

/** Synthesises and runs the system. */
export async function startHistory(): Promise<History> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-history-'));
  const codeOf = bundleFunctions({ source: import.meta.dirname, output: join(folder, 'bundles') });
  const assembly = join(folder, 'cdk.out');
  synthesise(assembly, codeOf);
  const logs: string[] = [];
  const engine = await startEngine({ assembly, port: 0, onLog: ({ line }) => logs.push(line) });
  pointSdkAt(engine.url, engine.services.region);
  return {
    engine,
    logs,
    output(name) {
      const value = engine.stacks[0]?.outputs[name]?.value;
      if (value === undefined) throw new Error(`no output ${name}`);
      return value;
    },
    noted: (subscription) => logs.flatMap((line) => new RegExp(`noted ${subscription} (\\S+)`).exec(line)?.[1] ?? []),
    async close() {
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function synthesise(outdir: string, codeOf: (entry: string) => string): void {
  const app = new App({ outdir });
  historyStack(app, codeOf);
  app.synth();
}

/** Adds the stack to an app. */
export function historyStack(app: App, codeOf: (entry: string) => string): Stack {
  const stack = new Stack(app, 'history');
  const output = (key: string, value: string) => void new CfnOutput(stack, `output-${key}`, { key, value });
  const key = messagingKey(stack);
  const inbox = new InboxTable(stack, 'inbox');
  output('Inbox', inbox.table.tableName);
  const common = { inbox, alarms: new SystemAlarms(stack, 'alarms', { key }) };
  const codeFor = ({ name }: { readonly name: string }) => codeOf(`functions/${name}`);
  const log = new EventLog(stack, sightings);
  output('Sightings', log.destination.address);
  for (const reader of [countShared, countEnhanced])
    new LogConsumer(stack, reader, { ...common, log, code: codeFor(reader) });
  const archive = new LogArchive(stack, keepSightings, { ...common, log, code: codeFor(keepSightings) });
  output('Archive', archive.bucket.bucketName);
  const topic = new EventTopic(stack, news, { key });
  const ordered = new EventTopic(stack, orderedNews, { key });
  output('News', topic.destination.address);
  output('OrderedNews', ordered.destination.address);
  new QueueConsumer(stack, readFrench, { ...common, topic, code: codeFor(readFrench) });
  const { work } = new QueueConsumer(stack, readAny, { ...common, topic: ordered, code: codeFor(readAny) });
  output('AnyNews', work.queue.queueUrl);
  output('AnyNewsUndelivered', work.subscription?.deadLetters.queueUrl ?? '');
  return stack;
}
