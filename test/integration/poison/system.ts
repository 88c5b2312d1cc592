import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { pointSdkAt } from '../../../bin/apps/sdk-environment.ts';
import { SystemAlarms } from '../../../lib/constructs/alarms/system-alarms.ts';
import { EventLog } from '../../../lib/constructs/channels/event-log.ts';
import { LogConsumer } from '../../../lib/constructs/consumers/log-consumer.ts';
import { QueueConsumer } from '../../../lib/constructs/consumers/queue-consumer.ts';
import { TableChangesConsumer } from '../../../lib/constructs/consumers/table-changes-consumer.ts';
import { bundleFunctions } from '../../../lib/constructs/functions/bundle.ts';
import { InboxTable } from '../../../lib/constructs/stores/inbox-table.ts';
import { messagingKey } from '../../../lib/constructs/stores/messaging-key.ts';
import { startEngine } from '../../../lib/local/engine.ts';
import { belt, fromBelt, fromGroups, fromQueue, fromShelf } from './contract.ts';

export interface Poison {
  readonly logs: readonly string[];
  output(name: string): string;
  close(): Promise<void>;
}

/** Synthesises and runs the system. */
export async function startPoison(): Promise<Poison> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-poison-'));
  const codeOf = bundleFunctions({ source: import.meta.dirname, output: join(folder, 'bundles') });
  const assembly = join(folder, 'cdk.out');
  const app = new App({ outdir: assembly });
  poisonStack(app, codeOf);
  app.synth();
  const logs: string[] = [];
  const engine = await startEngine({ assembly, port: 0, onLog: ({ line }) => logs.push(line) });
  pointSdkAt(engine.url, engine.services.region);
  return {
    logs,
    output(name) {
      const value = engine.stacks[0]?.outputs[name]?.value;
      if (value === undefined) throw new Error(`no output ${name}`);
      return value;
    },
    async close() {
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function poisonStack(app: App, codeOf: (entry: string) => string): void {
  const stack = new Stack(app, 'poison');
  const output = (key: string, value: string) => void new CfnOutput(stack, `output-${key}`, { key, value });
  const common = {
    inbox: new InboxTable(stack, 'inbox'),
    alarms: new SystemAlarms(stack, 'alarms', { key: messagingKey(stack) }),
  };
  const codeFor = ({ name }: { readonly name: string }) => codeOf(`functions/${name}`);
  for (const s of [fromQueue, fromGroups]) {
    const { work } = new QueueConsumer(stack, s, { ...common, code: codeFor(s) });
    output(s.name.replace('-', ''), work.queue.queueUrl);
    output(`${s.name.replace('-', '')}Dead`, work.deadLetters.queueUrl);
  }
  const log = new EventLog(stack, belt);
  const reader = new LogConsumer(stack, fromBelt, { ...common, log, code: codeFor(fromBelt) });
  output('frombelt', log.destination.address);
  output('frombeltDead', reader.deadLetters.queueUrl);
  const table = new Table(stack, 'shelf', {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    stream: StreamViewType.NEW_AND_OLD_IMAGES,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const changes = new TableChangesConsumer(stack, fromShelf, { ...common, table, code: codeFor(fromShelf) });
  output('fromshelf', table.tableName);
  output('fromshelfDead', changes.deadLetters.queueUrl);
}
