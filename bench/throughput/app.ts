import { join } from 'node:path';
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Stream } from 'aws-cdk-lib/aws-kinesis';
import { Code, Function as LambdaFunction, Runtime, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { KinesisEventSource, SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { bundleFunctions } from '../../lib/constructs/functions/bundle.ts';

const TIMEOUT = Duration.seconds(30);
const MEMORY_MB = 512;
const BATCH = 10;
const LOG_BATCH = 100;
const SHARDS = 2;

/** The same small app for every emulator: queue to function to table, log to function to table. @param folder where it is synthesised */
export function synthesise(folder: string): string {
  const codeOf = bundleFunctions({ source: import.meta.dirname, output: join(folder, 'bundles') });
  const outdir = join(folder, 'cdk.out');
  const app = new App({ outdir });
  const stack = new Stack(app, 'throughput');
  const table = new Table(stack, 'table', {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
  });
  const functionOf = (name: string): LambdaFunction => {
    const made = new LambdaFunction(stack, name, {
      runtime: Runtime.NODEJS_22_X,
      handler: 'index.handler',
      code: Code.fromAsset(codeOf(`functions/${name}`)),
      timeout: TIMEOUT,
      memorySize: MEMORY_MB,
      environment: { TABLE: table.tableName },
    });
    table.grantWriteData(made);
    return made;
  };
  const queue = new Queue(stack, 'queue', { visibilityTimeout: Duration.seconds(180) });
  functionOf('store').addEventSource(new SqsEventSource(queue, { batchSize: BATCH, reportBatchItemFailures: true }));
  const log = new Stream(stack, 'log', { shardCount: SHARDS });
  functionOf('tally').addEventSource(
    new KinesisEventSource(log, {
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: LOG_BATCH,
      reportBatchItemFailures: true,
    }),
  );
  new CfnOutput(stack, 'Queue', { value: queue.queueUrl });
  new CfnOutput(stack, 'Log', { value: log.streamName });
  new CfnOutput(stack, 'Table', { value: table.tableName });
  app.synth();
  return outdir;
}
