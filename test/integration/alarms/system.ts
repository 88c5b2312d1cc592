import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { AttributeType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { pointSdkAt } from '../../../bin/sdk-environment.ts';
import { SystemAlarms } from '../../../lib/constructs/alarms/system-alarms.ts';
import { bundleFunctions } from '../../../lib/constructs/bundle.ts';
import { InboxTable } from '../../../lib/constructs/inbox-table.ts';
import { messagingKey } from '../../../lib/constructs/messaging-key.ts';
import { QueueConsumer } from '../../../lib/constructs/queue-consumer.ts';
import { type Engine, startEngine } from '../../../lib/local/engine.ts';
import { weighParcel } from './contract.ts';

/** A consumer with the alarms every consumer gets, and a queue that their topic tells. */
export interface Watched {
  readonly engine: Engine;
  readonly cloudwatch: CloudWatchClient;
  readonly sqs: SQSClient;
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
  const dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient({}));
  return {
    ...{ engine, cloudwatch, sqs, dynamodb },
    output(name) {
      const value = engine.stacks[0]?.outputs[name]?.value;
      if (value === undefined) throw new Error(`no output ${name}`);
      return value;
    },
    async close() {
      for (const client of [cloudwatch, sqs, dynamodb]) client.destroy();
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function synthesise(outdir: string, codeOf: (entry: string) => string): void {
  const app = new App({ outdir });
  const stack = new Stack(app, 'watched');
  const inbox = new InboxTable(stack, 'inbox');
  const alarms = new SystemAlarms(stack, 'alarms', { key: messagingKey(stack) });
  const scales = new Table(stack, 'scales', { partitionKey: { name: 'pk', type: AttributeType.STRING } });
  const consumer = new QueueConsumer(stack, weighParcel, {
    ...{ inbox, alarms },
    environment: { SCALES_TABLE: scales.tableName },
    code: codeOf(`functions/${weighParcel.name}`),
  });
  scales.grantReadWriteData(consumer.function);
  const operator = new Queue(stack, 'operator');
  alarms.topics.critical.addSubscription(new SqsSubscription(operator, { rawMessageDelivery: true }));
  const { queue, deadLetters } = consumer.work;
  const outputs = {
    Queue: queue.queueUrl,
    QueueArn: queue.queueArn,
    DeadLettersArn: deadLetters.queueArn,
    Operator: operator.queueUrl,
    Scales: scales.tableName,
  };
  for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, `${name}Output`, { key: name, value });
  app.synth();
}
