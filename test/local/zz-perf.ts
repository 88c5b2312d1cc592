import { mkdtempSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { startEngine } from '../../lib/local/engine.ts';
import { createAwsCalls } from '../../lib/local/call.ts';
const dir = mkdtempSync(join(tmpdir(), 'perf-'));
mkdirSync(join(dir, 'asset.x'));
writeFileSync('/work/main/test/local/zz-h.mjs', `
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
const c = new DynamoDBClient({});
export const handler = async (event) => { await Promise.all(event.Records.map(r => c.send(new PutItemCommand({ TableName: process.env.TABLE, Item: { pk: { S: r.body } }, ConditionExpression: 'attribute_not_exists(pk)' })))); return { batchItemFailures: [] }; };
`);
buildSync({ entryPoints: ['/work/main/test/local/zz-h.mjs'], bundle: true, platform: 'node', format: 'esm', outfile: join(dir, 'asset.x/index.mjs'), minify: true, banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" } });
const fifo = process.argv[2] === 'fifo';
writeFileSync(join(dir, 'manifest.json'), JSON.stringify({ version: '1', artifacts: { a: { type: 'aws:cloudformation:stack', dependencies: ['a.assets'], properties: { templateFile: 't.json' } }, 'a.assets': { type: 'cdk:asset-manifest', properties: { file: 'assets.json' } } } }));
writeFileSync(join(dir, 'assets.json'), JSON.stringify({ files: { x: { source: { path: 'asset.x' }, destinations: { d: { objectKey: 'x.zip' } } } } }));
writeFileSync(join(dir, 't.json'), JSON.stringify({ Resources: {
  Q: { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 60, ...(fifo ? { FifoQueue: true } : {}) } },
  T: { Type: 'AWS::DynamoDB::Table', Properties: { AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }], KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }], BillingMode: 'PAY_PER_REQUEST' } },
  R: { Type: 'AWS::IAM::Role', Properties: { Policies: [{ PolicyName: 'x', PolicyDocument: { Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] } }] } },
  F: { Type: 'AWS::Lambda::Function', Properties: { Code: { S3Key: 'x.zip' }, Handler: 'index.handler', Runtime: 'nodejs24.x', Role: { 'Fn::GetAtt': ['R', 'Arn'] }, MemorySize: 256, Timeout: 10, Environment: { Variables: { TABLE: { Ref: 'T' } } } } },
  M: { Type: 'AWS::Lambda::EventSourceMapping', Properties: { FunctionName: { Ref: 'F' }, EventSourceArn: { 'Fn::GetAtt': ['Q', 'Arn'] }, BatchSize: 10, FunctionResponseTypes: ['ReportBatchItemFailures'] } },
} }));
let t = performance.now();
const engine = await startEngine({ assembly: dir, port: 0, onNotice: console.log, onLog: (l) => console.log(l.line) });
console.log('started', performance.now() - t);
const calls = createAwsCalls(engine.url, 'us-east-1');
const url = engine.stacks[0]!.resources.Q!.physicalId;
const N = 5000;
t = performance.now();
for (let i = 0; i < N; i += 50) {
  await Promise.all([0, 1, 2, 3, 4].map((b) => calls.json('sqs', 'SendMessageBatch', { QueueUrl: url, Entries: Array.from({ length: 10 }, (_, k) => ({ Id: String(k), MessageBody: `m${i + b * 10 + k}`, ...(fifo ? { MessageGroupId: `g${(i + b * 10 + k) % 200}`, MessageDeduplicationId: `m${i + b * 10 + k}` } : {}) })) })));
}
console.log('sent', N, performance.now() - t);
const t2 = performance.now();
let cnt = 0;
while (cnt < N) { await new Promise((r) => setTimeout(r, 100)); cnt = Number((await calls.json('dynamodb', 'Scan', { TableName: engine.stacks[0]!.resources.T!.physicalId, Select: 'COUNT' })).Count); if (performance.now() - t > 60000) break; }
console.log('all', cnt, 'in', performance.now() - t, 'rate', N / ((performance.now() - t) / 1000));
// latency of single message
for (let i = 0; i < 5; i++) { const a = performance.now(); await calls.json('sqs', 'SendMessage', { QueueUrl: url, MessageBody: `x${i}`, ...(fifo ? { MessageGroupId: 'x', MessageDeduplicationId: `x${i}` } : {}) }); for (;;) { const g = await calls.json('dynamodb', 'GetItem', { TableName: engine.stacks[0]!.resources.T!.physicalId, Key: { pk: { S: `x${i}` } } }); if (g.Item) break; await new Promise((r) => setTimeout(r, 1)); } console.log('latency', performance.now() - a); }
calls.close();
await engine.close();
console.log('closed');
