import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { AttributeType, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { FilterRule } from 'aws-cdk-lib/aws-lambda';
import { pointSdkAt } from '../../../bin/apps/sdk-environment.ts';
import { SystemAlarms } from '../../../lib/constructs/alarms/system-alarms.ts';
import { grantSend } from '../../../lib/constructs/channels/channel-grants.ts';
import { EventLog } from '../../../lib/constructs/channels/event-log.ts';
import { BreakerController } from '../../../lib/constructs/consumers/breaker-controller.ts';
import { LogConsumer } from '../../../lib/constructs/consumers/log-consumer.ts';
import { QueueConsumer } from '../../../lib/constructs/consumers/queue-consumer.ts';
import { TableChangesConsumer } from '../../../lib/constructs/consumers/table-changes-consumer.ts';
import { bundleFunctions } from '../../../lib/constructs/functions/bundle.ts';
import { InboxTable } from '../../../lib/constructs/stores/inbox-table.ts';
import { messagingKey } from '../../../lib/constructs/stores/messaging-key.ts';
import { type Engine, startEngine } from '../../../lib/local/engine.ts';
import { askDependency, fromLog, inOrder, journal, shelfLog, tellShelf } from './contract.ts';

export interface Tickets {
  readonly engine: Engine;
  readonly dynamodb: DynamoDBDocumentClient;
  readonly sqs: SQSClient;
  readonly logs: readonly string[];
  output(name: string): string;
  /** Invokes a consumer's function by hand. */
  invoke(name: string, event: object): Promise<unknown>;
  close(): Promise<void>;
}

/** Synthesises and runs the tickets system. @param timeScale divides the minutes of the breakers' schedule */
export async function startTickets(timeScale: number): Promise<Tickets> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-tickets-'));
  const codeOf = bundleFunctions({ source: import.meta.dirname, output: join(folder, 'bundles') });
  synthesise(join(folder, 'cdk.out'), codeOf);
  const logs: string[] = [];
  const engine = await startEngine({
    assembly: join(folder, 'cdk.out'),
    port: 0,
    timeScale,
    onLog: ({ line }) => logs.push(line),
  });
  pointSdkAt(engine.url, engine.services.region);
  const [dynamodb, sqs, lambda] = [
    DynamoDBDocumentClient.from(new DynamoDBClient({})),
    new SQSClient({}),
    new LambdaClient({}),
  ];
  return {
    engine,
    dynamodb,
    sqs,
    logs,
    output(name) {
      const value = engine.stacks[0]?.outputs[name]?.value;
      if (value === undefined) throw new Error(`no output ${name}`);
      return value;
    },
    async invoke(name, event) {
      const { Payload } = await lambda.send(
        new InvokeCommand({ FunctionName: `tickets-${name}`, Payload: JSON.stringify(event) }),
      );
      return JSON.parse(Buffer.from(Payload ?? new Uint8Array()).toString());
    },
    async close() {
      for (const client of [dynamodb, sqs, lambda]) client.destroy();
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function synthesise(outdir: string, codeOf: (entry: string) => string): void {
  const app = new App({ outdir });
  ticketsStack(app, codeOf);
  app.synth();
}

/** Adds the stack to an app. */
export function ticketsStack(app: App, codeOf: (entry: string) => string): Stack {
  const stack = new Stack(app, 'tickets');
  const inbox = new InboxTable(stack, 'inbox');
  const alarms = new SystemAlarms(stack, 'alarms', { key: messagingKey(stack) });
  const work = new Table(stack, 'work', { partitionKey: { name: 'pk', type: AttributeType.STRING } });
  const breakers = new BreakerController(stack, 'breakers', { code: codeOf('functions/breakers'), inbox });
  for (const s of [askDependency, inOrder]) {
    const environment = { WORK_TABLE: work.tableName };
    const consumer = new QueueConsumer(stack, s, {
      inbox,
      alarms,
      environment,
      breakers,
      code: codeOf(`functions/${s.name}`),
    });
    work.grantReadWriteData(consumer.function);
    new CfnOutput(stack, `${s.to.name}Queue`, { value: consumer.work.queue.queueUrl });
    new CfnOutput(stack, `${s.to.name}DeadLetters`, { value: consumer.work.deadLetters.queueUrl });
  }
  const log = new EventLog(stack, journal);
  const reader = new LogConsumer(stack, fromLog, {
    ...{ inbox, alarms, log },
    environment: { WORK_TABLE: work.tableName },
    code: codeOf(`functions/${fromLog.name}`),
  });
  work.grantReadWriteData(reader.function);
  const shelf = new Table(stack, 'shelf', {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    stream: StreamViewType.NEW_AND_OLD_IMAGES,
    timeToLiveAttribute: 'expiresAt',
  });
  const told = new EventLog(stack, shelfLog);
  const teller = new TableChangesConsumer(stack, tellShelf, {
    ...{ inbox, alarms, breakers, table: shelf },
    environment: { WORK_TABLE: work.tableName },
    code: codeOf(`functions/${tellShelf.name}`),
    filters: [{ dynamodb: { Keys: { pk: { S: FilterRule.beginsWith('shelf/') } } } }],
  });
  work.grantReadData(teller.function);
  grantSend(teller.function, told.destination);
  new CfnOutput(stack, 'shelf-table', { key: 'Shelf', value: shelf.tableName });
  new CfnOutput(stack, 'shelf-log-name', { key: 'ShelfLog', value: told.destination.address });
  new CfnOutput(stack, 'shelf-dead-letters', { key: 'shelfDeadLetters', value: teller.deadLetters.queueUrl });
  new CfnOutput(stack, 'journal-name', { key: 'Journal', value: log.destination.address });
  new CfnOutput(stack, 'journal-dead-letters', { key: 'journalDeadLetters', value: reader.deadLetters.queueUrl });
  new CfnOutput(stack, 'work-table', { key: 'Work', value: work.tableName });
  new CfnOutput(stack, 'inbox-table', { key: 'Inbox', value: inbox.table.tableName });
  return stack;
}
