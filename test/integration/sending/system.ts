import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand, paginateScan } from '@aws-sdk/lib-dynamodb';
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { AttributeType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { pointSdkAt } from '../../../bin/apps/sdk-environment.ts';
import { SystemAlarms } from '../../../lib/constructs/alarms/system-alarms.ts';
import { EventLog } from '../../../lib/constructs/channels/event-log.ts';
import { EventTopic } from '../../../lib/constructs/channels/event-topic.ts';
import { LogConsumer } from '../../../lib/constructs/consumers/log-consumer.ts';
import { QueueConsumer } from '../../../lib/constructs/consumers/queue-consumer.ts';
import { bundleFunctions } from '../../../lib/constructs/functions/bundle.ts';
import { messagingFunction } from '../../../lib/constructs/functions/messaging-function.ts';
import { OutboxTable } from '../../../lib/constructs/producing/outbox-table.ts';
import { ScheduledWork } from '../../../lib/constructs/producing/scheduled-work.ts';
import { ClaimCheckBucket } from '../../../lib/constructs/stores/claim-check-bucket.ts';
import { InboxTable } from '../../../lib/constructs/stores/inbox-table.ts';
import { messagingKey } from '../../../lib/constructs/stores/messaging-key.ts';
import { seconds } from '../../../lib/contracts/declaring/duration.ts';
import { type Engine, startEngine } from '../../../lib/local/engine.ts';
import {
  countLines,
  doChores,
  documentOutbox,
  documentTopic,
  everyMinute,
  readings,
  remind,
  sumReadings,
  sweeping,
} from './contract.ts';

export interface SendingSystem {
  readonly engine: Engine;
  readonly sqs: SQSClient;
  readonly s3: S3Client;
  output(name: string): string;
  invoke(name: string, event: object): Promise<unknown>;
  /** An item of the table in which the functions note their work. */
  noted(pk: string): Promise<Record<string, unknown> | undefined>;
  /** All items whose key begins so. */
  allNoted(prefix: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** Synthesises and runs the system. @param timeScale divides the waits of schedules */
export async function startSending(timeScale: number): Promise<SendingSystem> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-sending-'));
  const codeOf = bundleFunctions({ source: import.meta.dirname, output: join(folder, 'bundles') });
  synthesise(join(folder, 'cdk.out'), codeOf);
  const engine = await startEngine({ assembly: join(folder, 'cdk.out'), port: 0, timeScale });
  pointSdkAt(engine.url, engine.services.region);
  const dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient({}));
  const [sqs, s3, lambda] = [new SQSClient({}), new S3Client({}), new LambdaClient({})];
  const output = (name: string): string => {
    const value = engine.stacks[0]?.outputs[name]?.value;
    if (value === undefined) throw new Error(`no output ${name}`);
    return value;
  };
  return {
    engine,
    sqs,
    s3,
    output,
    async invoke(name, event) {
      const { Payload } = await lambda.send(
        new InvokeCommand({ FunctionName: `sending-${name}`, Payload: JSON.stringify(event) }),
      );
      return JSON.parse(Buffer.from(Payload ?? new Uint8Array()).toString());
    },
    noted: async (pk) => (await dynamodb.send(new GetCommand({ TableName: output('Work'), Key: { pk } }))).Item,
    async allNoted(prefix) {
      const items: Record<string, unknown>[] = [];
      for await (const page of paginateScan({ client: dynamodb }, { TableName: output('Work') })) {
        items.push(...(page.Items ?? []).filter(({ pk }) => String(pk).startsWith(prefix)));
      }
      return items;
    },
    async close() {
      for (const client of [dynamodb, sqs, s3, lambda]) client.destroy();
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function synthesise(outdir: string, codeOf: (entry: string) => string): void {
  const app = new App({ outdir });
  sendingStack(app, codeOf);
  app.synth();
}

/** Adds the stack to an app. */
export function sendingStack(app: App, codeOf: (entry: string) => string): Stack {
  const stack = new Stack(app, 'sending');
  const key = messagingKey(stack);
  const common = { inbox: new InboxTable(stack, 'inbox'), alarms: new SystemAlarms(stack, 'alarms', { key }) };
  const work = new Table(stack, 'work', { partitionKey: { name: 'pk', type: AttributeType.STRING } });
  const environment = { WORK_TABLE: work.tableName };
  const code = (name: string) => codeOf(`functions/${name}`);

  const claims = new ClaimCheckBucket(stack, 'claims', { channels: [documentTopic] });
  const topic = new EventTopic(stack, documentTopic, { key, claims });
  const outbox = new OutboxTable(stack, documentOutbox, {
    relayCode: code('relay'),
    sweeperCode: code('sweeper'),
    destinations: [topic.destination],
  });
  const counting = new QueueConsumer(stack, countLines, { ...common, topic, environment, code: code('count-lines') });

  const reminding = new QueueConsumer(stack, remind, { ...common, environment, code: code('remind') });
  const scheduled = new ScheduledWork(stack, 'scheduled', { queue: reminding.work, recurring: [everyMinute] });
  const putOff = messagingFunction(new Construct(stack, 'put-off'), 'put-off', {
    code: code('put-off'),
    description: 'Puts reminders off',
    timeout: seconds(10),
  });
  scheduled.grantLater(putOff);

  const doing = new QueueConsumer(stack, doChores, { ...common, environment, code: code('do-chores') });
  const { alarms } = common;
  const inOrder = new ScheduledWork(stack, 'in-order', { queue: doing.work, alarms, recurring: [sweeping] });
  const putOffChores = messagingFunction(new Construct(stack, 'put-off-chores'), 'put-off-chores', {
    code: code('put-off-chores'),
    description: 'Puts chores off',
    timeout: seconds(10),
  });
  inOrder.grantLater(putOffChores);

  const log = new EventLog(stack, readings);
  const summing = new LogConsumer(stack, sumReadings, { ...common, log, environment, code: code('sum-readings') });

  for (const consumer of [counting, reminding, doing, summing]) work.grantReadWriteData(consumer.function);
  const output = (name: string, value: string) => new CfnOutput(stack, `Out${name}`, { key: name, value });
  output('Work', work.tableName);
  output('Outbox', outbox.table.tableName);
  output('Claims', claims.bucket.bucketName);
  output('Readings', log.destination.address);
  output('Reminders', reminding.work.queue.queueUrl);
  output('RemindersDeadLetters', reminding.work.deadLetters.queueUrl);
  output('DocumentsDeadLetters', counting.work.deadLetters.queueUrl);
  output('ReadingsDeadLetters', summing.deadLetters.queueUrl);
  return stack;
}
