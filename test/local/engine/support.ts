import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import type { AwsCalls } from '../../../lib/local/call.ts';
import { createAwsCalls } from '../../../lib/local/call.ts';
import type { Engine, EngineOptions, FunctionLog } from '../../../lib/local/engine.ts';
import { startEngine } from '../../../lib/local/engine.ts';
import type { Json, JsonObject } from '../../../lib/local/json.ts';
import { listAt, numberAt, objectAt, textAt } from '../../../lib/local/json.ts';

export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';
/** Longest a test waits for something to become true. */
const PATIENCE_MS = 15_000;
vi.setConfig({ testTimeout: PATIENCE_MS * 2 });

/** A directory that is gone when the test is over. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes a cloud assembly with one stack, as small as the CDK could make it. */
export const writeAssembly = (Resources: JsonObject, rest: JsonObject = {}, name = 'app'): string =>
  writeStacks({ [name]: { Resources, ...rest } });

/** Writes a cloud assembly of several stacks; each depends on those before it. */
export function writeStacks(templates: Readonly<Record<string, JsonObject>>): string {
  const directory = temporaryDirectory();
  const names = Object.keys(templates);
  const artifacts = names.map((name, index) => [
    name,
    {
      type: 'aws:cloudformation:stack',
      properties: { templateFile: `${name}.template.json` },
      dependencies: names.slice(0, index),
    },
  ]);
  mkdirSync(directory, { recursive: true });
  writeFileSync(
    join(directory, 'manifest.json'),
    JSON.stringify({ version: '55.0.0', artifacts: Object.fromEntries(artifacts) }),
  );
  for (const [name, template] of Object.entries(templates))
    writeFileSync(join(directory, `${name}.template.json`), JSON.stringify(template));
  return directory;
}

/** Starts the engine on an assembly and closes it when the test is over. */
export async function start(assembly: string, options: Partial<EngineOptions> = {}): Promise<TestEngine> {
  const logs: FunctionLog[] = [];
  const engine = await startEngine({ assembly, port: 0, onLog: (line) => logs.push(line), ...options });
  const calls = createAwsCalls(engine.url, REGION);
  onTestFinished(async () => {
    calls.close();
    await engine.close();
  });
  return {
    engine,
    calls,
    logs,
    seen: (name) => seen(logs, name),
    physical: (id) => engine.stacks[0]?.resources[id]?.physicalId ?? '',
  };
}

export interface TestEngine {
  readonly engine: Engine;
  readonly calls: AwsCalls;
  readonly logs: FunctionLog[];
  /** What a function handed to `see`, in order. */
  seen(logicalId: string): Json[];
  physical(logicalId: string): string;
}

const MARK = 'SEEN ';
function seen(logs: readonly FunctionLog[], logicalId: string): Json[] {
  return logs
    .filter((log) => log.line.startsWith(MARK) && log.function.includes(logicalId))
    .map((log) => JSON.parse(log.line.slice(MARK.length)) as Json);
}

/** Code that every function of the tests can use: `see(value)` and `aws(service, target, body)`. */
const PRELUDE = `
const see = (value) => console.log('${MARK}' + JSON.stringify(value));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const aws = async (service, target, body) => {
  const response = await fetch(process.env.AWS_ENDPOINT_URL, { method: 'POST', body: JSON.stringify(body), headers: {
    'content-type': 'application/x-amz-json-1.' + (service === 'kinesis' ? 1 : 0), 'x-amz-target': target, 'x-amz-date': '20260101T000000Z',
    authorization: 'AWS4-HMAC-SHA256 Credential=' + process.env.AWS_ACCESS_KEY_ID + '/20260101/us-east-1/' + service + '/aws4_request, SignedHeaders=host, Signature=x' } });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.message ?? answer.Message), { name: String(answer.__type).replace(/.*#/, '') });
  return answer;
};
`;

/** Lets a service take on a role. */
export const trust = (service: string): JsonObject => ({
  Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
});

const MAY_LOG = { Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: '*' };

/** Lets a service (`events.amazonaws.com`) invoke a function, or send to a queue, by logical id. */
export function letIn(id: string, kind: 'function' | 'queue', service: string): JsonObject {
  const Arn = { 'Fn::GetAtt': [id, 'Arn'] };
  if (kind === 'function') {
    const Properties = { Action: 'lambda:InvokeFunction', FunctionName: Arn, Principal: service };
    return { [`${id}Permission`]: { Type: 'AWS::Lambda::Permission', Properties } };
  }
  const statement = { Effect: 'Allow', Principal: { Service: service }, Action: 'sqs:SendMessage', Resource: Arn };
  const Properties = { Queues: [{ Ref: id }], PolicyDocument: { Statement: [statement] } };
  return { [`${id}Policy`]: { Type: 'AWS::SQS::QueuePolicy', Properties } };
}

/** A function with inline code (`exports.handler = ...`) and a role with the given statements. */
export function lambda(
  id: string,
  code: string,
  properties: JsonObject = {},
  statements: Json[] = [{ Effect: 'Allow', Action: '*', Resource: '*' }],
): JsonObject {
  return {
    [`${id}Role`]: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: trust('lambda.amazonaws.com'),
        Policies: [{ PolicyName: 'all', PolicyDocument: { Statement: [...statements, MAY_LOG] } }],
      },
    },
    [id]: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        Code: { ZipFile: PRELUDE + code },
        Handler: 'index.handler',
        Runtime: 'nodejs24.x',
        Role: { 'Fn::GetAtt': [`${id}Role`, 'Arn'] },
        Timeout: 10,
        MemorySize: 256,
        ...properties,
      },
    },
  };
}

export function queue(id: string, properties: JsonObject = {}): JsonObject {
  return { [id]: { Type: 'AWS::SQS::Queue', Properties: properties } };
}

/** Feeds a function from a source, by logical ids. */
export function mapping(
  id: string,
  functionId: string,
  sourceId: string,
  properties: JsonObject = {},
  attribute = 'Arn',
): JsonObject {
  return {
    [id]: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: {
        FunctionName: { Ref: functionId },
        EventSourceArn: { 'Fn::GetAtt': [sourceId, attribute] },
        ...properties,
      },
    },
  };
}

/** Waits until the question has an answer other than undefined or false. */
export async function until<T>(
  what: string,
  question: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await question();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`Waited ${PATIENCE_MS} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

/** Messages of a queue that are visible, hidden or delayed. */
export async function depth(calls: AwsCalls, url: string): Promise<number> {
  const names = [
    'ApproximateNumberOfMessages',
    'ApproximateNumberOfMessagesNotVisible',
    'ApproximateNumberOfMessagesDelayed',
  ];
  const attributes = objectAt(
    await calls.json('sqs', 'GetQueueAttributes', { QueueUrl: url, AttributeNames: names }),
    'Attributes',
  );
  return names.reduce((sum, name) => sum + (numberAt(attributes, name) ?? 0), 0);
}

/** Takes messages off a queue until there are `count`. */
export async function takeMessages(calls: AwsCalls, url: string, count: number): Promise<Json[]> {
  const taken: Json[] = [];
  await until(`${count} messages in ${url}`, async () => {
    const answer = await calls.json('sqs', 'ReceiveMessage', {
      QueueUrl: url,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ['All'],
    });
    for (const message of listAt(answer, 'Messages')) {
      taken.push(message);
      await calls.json('sqs', 'DeleteMessage', {
        QueueUrl: url,
        ReceiptHandle: textAt(message, 'ReceiptHandle') ?? '',
      });
    }
    return taken.length >= count;
  });
  return taken;
}

export async function send(calls: AwsCalls, url: string, body: Json, more: JsonObject = {}): Promise<string> {
  const MessageBody = typeof body === 'string' ? body : JSON.stringify(body);
  return textAt(await calls.json('sqs', 'SendMessage', { QueueUrl: url, MessageBody, ...more }), 'MessageId') ?? '';
}
