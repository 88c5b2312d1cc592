import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, vi } from 'vitest';
import type { Engine, EngineOptions, FunctionLog } from '../../../lib/local/engine.ts';
import { startEngine } from '../../../lib/local/engine.ts';
import type { Json, JsonObject } from '../../../lib/local/json.ts';
import { lambda, mapping, queue, REGION } from '../engine/support.ts';

/** Cases of one file run side by side on one engine; the machine may be busy with others. */
const CASE_TIMEOUT_MS = 90_000;
const START_TIMEOUT_MS = 60_000;
/** Longest a case waits for something to become true. */
const PATIENCE_MS = 45_000;
const POLL_MS = 50;
const MAX_CONCURRENT_CASES = 60;
vi.setConfig({ testTimeout: CASE_TIMEOUT_MS, hookTimeout: START_TIMEOUT_MS, maxConcurrency: MAX_CONCURRENT_CASES });

/** The one engine of a test file, and the resources that its cases put into its assembly. */
export interface ConformanceApp {
  /** Adds resources to the template; before the engine starts, so outside of cases. */
  add(resources: JsonObject): void;
  /** A logical id that no other case of the file uses. */
  id(name: string): string;
  /** A queue with a dead-letter queue, and a function fed from it: `exports.handler = async (event) => { CODE }`. */
  queueConsumer(code: string, settings?: ConsumerSettings): QueueConsumer;
  /** A Kinesis stream and a function fed from it. `data` holds the records' texts. */
  streamConsumer(code: string, settings?: ConsumerSettings): StreamConsumer;
  /** A function of its own. */
  lambda(code: string, properties?: JsonObject, statements?: Json[]): DeployedFunction;
  physical(logicalId: string): string;
  attribute(logicalId: string, name: string): string;
  readonly engine: Engine;
  readonly clients: ReturnType<typeof clientsFor>;
}

export interface ConsumerSettings {
  readonly queue?: JsonObject;
  readonly stream?: JsonObject;
  readonly mapping?: JsonObject;
  readonly function?: JsonObject;
  /** Receives before a message goes to the dead-letter queue. Default 2. */
  readonly maxReceiveCount?: number;
}

export interface DeployedFunction {
  readonly id: string;
  readonly name: string;
  readonly arn: string;
  /** What it handed to `see`, in order. */
  seen(): Json[];
  readonly logs: string[];
}
export interface QueueConsumer extends DeployedFunction {
  /** Logical id of the queue. */
  readonly queueId: string;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly deadUrl: string;
  readonly mappingId: string;
}
export interface StreamConsumer extends DeployedFunction {
  /** Logical id of the stream. */
  readonly streamId: string;
  readonly streamName: string;
  readonly streamArn: string;
  /** Of a queue that on-failure destinations can use. */
  readonly failedUrl: string;
  readonly mappingId: string;
}

/** Dozens of cold starts at once on a busy machine would outlast the visibility timeouts of seconds that cases are about. */
async function warmUp(engine: Engine, client: LambdaClient): Promise<void> {
  const calls = engine.functions
    .filter(({ reservedConcurrency }) => reservedConcurrency !== 0)
    .map(({ name }) => client.send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(WARM_UP) })));
  await Promise.all(calls);
}
const WARM_UP = { warmUp: true };
/** Of queues that feed functions: short, for a case waits for it, but longer than a warm function takes on a busy machine. */
export const VISIBILITY_SECONDS = 4;
/** Workers enough for every function of a file. */
const MAX_WORKERS = 80;

const MARK = 'SEEN ';
const DATA = 'const data = event.Records.map((record) => Buffer.from(record.kinesis.data, "base64").toString());';

export function conformanceApp(options: Partial<EngineOptions> = {}): ConformanceApp {
  const resources: JsonObject = {};
  const logs: FunctionLog[] = [];
  let running: { engine: Engine; clients: ReturnType<typeof clientsFor>; directory: string } | undefined;
  let ids = 0;

  const started = () => {
    if (running === undefined) throw new Error('the engine runs only inside cases');
    return running;
  };
  const resource = (logicalId: string) => {
    const found = started().engine.stacks[0]?.resources[logicalId];
    if (found === undefined) throw new Error(`no resource ${logicalId}`);
    return found;
  };

  beforeAll(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sluice-conformance-'));
    const artifacts = { app: { type: 'aws:cloudformation:stack', properties: { templateFile: 'app.template.json' } } };
    writeFileSync(join(directory, 'manifest.json'), JSON.stringify({ version: '55.0.0', artifacts }));
    writeFileSync(join(directory, 'app.template.json'), JSON.stringify({ Resources: resources }));
    const engine = await startEngine({
      assembly: directory,
      port: 0,
      maxWorkers: MAX_WORKERS,
      onLog: (line) => logs.push(line),
      ...options,
    });
    running = { engine, clients: clientsFor(engine.url), directory };
    await warmUp(engine, running.clients.lambda);
  });
  afterAll(async () => {
    if (running === undefined) return;
    for (const client of Object.values(running.clients)) client.destroy();
    await running.engine.close();
    rmSync(running.directory, { recursive: true, force: true });
  });

  function deployed(id: string): DeployedFunction {
    const own = () => logs.filter((log) => log.function === resource(id).physicalId).map((log) => log.line);
    return {
      id,
      get name() {
        return resource(id).physicalId;
      },
      get arn() {
        return String(resource(id).attributes.Arn);
      },
      seen: () =>
        own()
          .filter((line) => line.startsWith(MARK))
          .map((line) => JSON.parse(line.slice(MARK.length)) as Json),
      get logs() {
        return own();
      },
    };
  }

  const app: ConformanceApp = {
    add: (more) => void Object.assign(resources, more),
    id: (name) => `${name}${++ids}`,
    lambda(code, properties, statements) {
      const id = app.id('Function');
      app.add(
        lambda(
          id,
          `exports.handler = async (event, context) => { if (event?.warmUp) return; ${code} };`,
          properties,
          statements,
        ),
      );
      return deployed(id);
    },
    queueConsumer(code, settings = {}) {
      const [work, dead, feed] = [app.id('Work'), app.id('Dead'), app.id('Feed')];
      const fifo: JsonObject = settings.queue?.FifoQueue === true ? { FifoQueue: true } : {};
      const maxReceiveCount = settings.maxReceiveCount ?? 2;
      const RedrivePolicy = { deadLetterTargetArn: { 'Fn::GetAtt': [dead, 'Arn'] }, maxReceiveCount };
      const target = app.lambda(code, { Timeout: VISIBILITY_SECONDS, ...settings.function });
      app.add({
        ...queue(dead, fifo),
        ...queue(work, { VisibilityTimeout: VISIBILITY_SECONDS, RedrivePolicy, ...settings.queue }),
        ...mapping(feed, target.id, work, settings.mapping),
      });
      return Object.defineProperties(target, {
        queueId: { value: work },
        queueUrl: { get: () => app.physical(work) },
        queueArn: { get: () => app.attribute(work, 'Arn') },
        deadUrl: { get: () => app.physical(dead) },
        mappingId: { get: () => app.physical(feed) },
      }) as QueueConsumer;
    },
    streamConsumer(code, settings = {}) {
      const [log, failed, feed] = [app.id('Log'), app.id('Failed'), app.id('Feed')];
      const target = app.lambda(`${DATA} ${code}`, settings.function);
      const destination = settings.mapping?.DestinationConfig === true;
      app.add({
        [log]: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 1, ...settings.stream } },
        ...queue(failed),
        ...mapping(feed, target.id, log, {
          StartingPosition: 'TRIM_HORIZON',
          ...settings.mapping,
          ...(destination ? { DestinationConfig: onFailure(failed) } : {}),
        }),
      });
      return Object.defineProperties(target, {
        streamId: { value: log },
        streamName: { get: () => app.physical(log) },
        streamArn: { get: () => app.attribute(log, 'Arn') },
        failedUrl: { get: () => app.physical(failed) },
        mappingId: { get: () => app.physical(feed) },
      }) as StreamConsumer;
    },
    physical: (logicalId) => resource(logicalId).physicalId,
    attribute: (logicalId, name) => String(resource(logicalId).attributes[name]),
    get engine() {
      return started().engine;
    },
    get clients() {
      return started().clients;
    },
  };
  return app;
}

/** DestinationConfig of a mapping that sends failed batches to a queue of the same template. */
export const onFailure = (queueId: string): JsonObject => ({
  OnFailure: { Destination: { 'Fn::GetAtt': [queueId, 'Arn'] } },
});

function clientsFor(endpoint: string) {
  const credentials = { accessKeyId: 'outside', secretAccessKey: 'outside' };
  const config = { endpoint, region: REGION, credentials, maxAttempts: 1 };
  return {
    sqs: new SQSClient(config),
    sns: new SNSClient(config),
    s3: new S3Client({ ...config, forcePathStyle: true }),
    kinesis: new KinesisClient(config),
    dynamodb: new DynamoDBClient(config),
    lambda: new LambdaClient(config),
    cloudformation: new CloudFormationClient(config),
    cloudwatch: new CloudWatchClient(config),
    logs: new CloudWatchLogsClient(config),
  };
}

/** Asks until the answer is neither undefined nor false. @throws Error that says what was waited for. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${PATIENCE_MS} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The error a call fails with. */
export async function failure(call: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error as Error & Record<string, unknown>,
  );
  if (outcome === undefined) throw new Error('the call succeeded; it should have failed');
  return outcome;
}
