import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { AttributeType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { pointSdkAt } from '../../../bin/apps/sdk-environment.ts';
import { SystemAlarms } from '../../../lib/constructs/alarms/system-alarms.ts';
import { EventLog } from '../../../lib/constructs/channels/event-log.ts';
import { LogConsumer } from '../../../lib/constructs/consumers/log-consumer.ts';
import { QueueConsumer } from '../../../lib/constructs/consumers/queue-consumer.ts';
import { bundleFunctions } from '../../../lib/constructs/functions/bundle.ts';
import { InboxTable } from '../../../lib/constructs/stores/inbox-table.ts';
import { messagingKey } from '../../../lib/constructs/stores/messaging-key.ts';
import { type Engine, startEngine } from '../../../lib/local/engine.ts';
import { countParcels, journeys, weighParcel } from './contract.ts';

/** A queue and a log with their consumers and the alarms that these get. */
export interface Watched {
  readonly engine: Engine;
  readonly cloudwatch: CloudWatchClient;
  readonly sqs: SQSClient;
  readonly kinesis: KinesisClient;
  readonly dynamodb: DynamoDBDocumentClient;
  output(name: string): string;
  close(): Promise<void>;
}

/** @param timeScale how many times as fast CloudWatch's minutes pass */
export async function startWatched(timeScale: number): Promise<Watched> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-alarms-'));
  const codeOf = bundleFunctions({ source: import.meta.dirname, output: join(folder, 'bundles') });
  synthesise(join(folder, 'cdk.out'), codeOf);
  const engine = await startEngine({ assembly: join(folder, 'cdk.out'), port: 0, timeScale });
  pointSdkAt(engine.url, engine.services.region);
  const cloudwatch = new CloudWatchClient({});
  const sqs = new SQSClient({});
  const kinesis = new KinesisClient({});
  const dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient({}));
  return {
    ...{ engine, cloudwatch, sqs, kinesis, dynamodb },
    output(name) {
      const value = engine.stacks[0]?.outputs[name]?.value;
      if (value === undefined) throw new Error(`no output ${name}`);
      return value;
    },
    async close() {
      for (const client of [cloudwatch, sqs, kinesis, dynamodb]) client.destroy();
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const STACK = 'watched';

function synthesise(outdir: string, codeOf: (entry: string) => string): void {
  const app = new App({ outdir });
  const stack = new Stack(app, STACK);
  const inbox = new InboxTable(stack, 'inbox');
  const alarms = new SystemAlarms(stack, 'alarms', { key: messagingKey(stack) });
  const scales = new Table(stack, 'scales', { partitionKey: { name: 'pk', type: AttributeType.STRING } });
  const common = { inbox, alarms, environment: { SCALES_TABLE: scales.tableName } };
  const weigh = new QueueConsumer(stack, weighParcel, { ...common, code: codeOf(`functions/${weighParcel.name}`) });
  const log = new EventLog(stack, journeys);
  const count = new LogConsumer(stack, countParcels, {
    ...common,
    log,
    code: codeOf(`functions/${countParcels.name}`),
  });
  for (const { function: fn } of [weigh, count]) scales.grantReadWriteData(fn);
  // As many as the log has shards: one call more is too many.
  const { defaultChild } = count.function.node;
  if (defaultChild instanceof CfnFunction) defaultChild.reservedConcurrentExecutions = journeys.shards;
  const { queue, deadLetters } = weigh.work;
  const outputs = {
    Queue: queue.queueUrl,
    QueueArn: queue.queueArn,
    DeadLettersArn: deadLetters.queueArn,
    CountDeadLetters: count.deadLetters.queueUrl,
    Log: log.stream.streamName,
    Scales: scales.tableName,
  };
  for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, `${name}Output`, { key: name, value });
  app.synth();
}
