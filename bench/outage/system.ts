import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { AttributeType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { pointSdkAt } from '../../bin/apps/sdk-environment.ts';
import { SystemAlarms } from '../../lib/constructs/alarms/system-alarms.ts';
import { BreakerController } from '../../lib/constructs/consumers/breaker-controller.ts';
import { QueueConsumer } from '../../lib/constructs/consumers/queue-consumer.ts';
import { bundleFunctions } from '../../lib/constructs/functions/bundle.ts';
import { InboxTable } from '../../lib/constructs/stores/inbox-table.ts';
import { messagingKey } from '../../lib/constructs/stores/messaging-key.ts';
import { type Engine, startEngine } from '../../lib/local/engine.ts';
import { output } from '../../lib/operations/deployed/deployment.ts';
import { LANES, OUTAGE_ENV } from './contract.ts';

export interface OutageSystem {
  readonly workTable: string;
  queueUrl(lane: string): string;
  deadLettersUrl(lane: string): string;
  close(): Promise<void>;
}

const STACK = 'outage';

/** Synthesises the system and runs it on the engine. @param timeScale divides the minutes of the breaker controller */
export async function startSystem(
  providerUrl: string,
  timeScale: number,
  onLog: (line: string) => void,
): Promise<OutageSystem> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-outage-'));
  const assembly = join(folder, 'cdk.out');
  const codeOf = bundleFunctions({ source: import.meta.dirname, output: join(folder, 'bundles') });
  synthesise(assembly, providerUrl, (name) => codeOf(`functions/${name}`));
  const engine: Engine = await startEngine({ assembly, port: 0, timeScale, onLog: ({ line }) => onLog(line) });
  pointSdkAt(engine.url, engine.services.region);
  const outputs = Object.fromEntries(
    Object.entries(engine.stacks[0]?.outputs ?? {}).map(([name, { value }]) => [name, value]),
  );
  const named = (lane: string) => lane.replaceAll('-', '');
  return {
    workTable: output(outputs, 'Work'),
    queueUrl: (lane) => output(outputs, `${named(lane)}Queue`),
    deadLettersUrl: (lane) => output(outputs, `${named(lane)}DeadLetters`),
    async close() {
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function synthesise(outdir: string, providerUrl: string, code: (name: string) => string): void {
  const app = new App({ outdir });
  const stack = new Stack(app, STACK);
  const inbox = new InboxTable(stack, 'inbox');
  const alarms = new SystemAlarms(stack, 'alarms', { key: messagingKey(stack) });
  const breakers = new BreakerController(stack, 'breakers', { code: code('breakers'), inbox });
  const work = new Table(stack, 'work', { partitionKey: { name: 'pk', type: AttributeType.STRING } });
  const environment = { [OUTAGE_ENV.workTable]: work.tableName, [OUTAGE_ENV.provider]: providerUrl };
  for (const lane of LANES) {
    const consumer = new QueueConsumer(stack, lane, { inbox, alarms, breakers, environment, code: code(lane.name) });
    work.grantWriteData(consumer.function);
    new CfnOutput(stack, `${lane.name}Queue`, { value: consumer.work.queue.queueUrl });
    new CfnOutput(stack, `${lane.name}DeadLetters`, { value: consumer.work.deadLetters.queueUrl });
  }
  new CfnOutput(stack, 'work-table', { key: 'Work', value: work.tableName });
  app.synth();
}
