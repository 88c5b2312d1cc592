import { CreateQueueCommand, DeleteQueueCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, expect } from 'vitest';
import { type Engine, startEngine } from '../../../lib/local/engine.ts';
import type { JsonObject } from '../../../lib/local/json.ts';
import { lambda, queue, REGION } from '../engine/support.ts';
import { failure } from './app.ts';
import { assemblyOf } from './assembly.ts';
import { conforms } from './conforms.ts';

const engines: { readonly engine: Engine; readonly sqs: SQSClient }[] = [];
afterAll(async () => {
  for (const { engine, sqs } of engines) {
    sqs.destroy();
    await engine.close();
  }
});

/** An engine with a stack that does not matter, to deploy others over. */
async function running() {
  const engine = await startEngine({ assembly: assemblyOf(queue('Other')), port: 0 });
  const sqs = new SQSClient({
    endpoint: engine.url,
    region: REGION,
    credentials: { accessKeyId: 'outside', secretAccessKey: 'outside' },
    maxAttempts: 1,
  });
  engines.push({ engine, sqs });
  const find = (QueueName: string) => sqs.send(new GetQueueUrlCommand({ QueueName }));
  return { engine, sqs, find };
}
const kept = (QueueName: string, DeletionPolicy: string): JsonObject => ({
  Kept: { Type: 'AWS::SQS::Queue', DeletionPolicy, Properties: { QueueName } },
});
/** Fails when everything else is there. */
const failing: JsonObject = {
  Failing: {
    Type: 'AWS::Lambda::EventSourceMapping',
    DependsOn: ['Kept'],
    Properties: { FunctionName: 'nobody', EventSourceArn: { 'Fn::GetAtt': ['Kept', 'Arn'] } },
  },
};
const deploy = (engine: Engine, resources: JsonObject) =>
  engine.deploy(assemblyOf({ ...queue('Other'), ...resources }));

conforms(
  'CloudFormation: a creation that fails is taken back, also of what RetainExceptOnCreate would keep later',
  { source: 'cloudformation-deletion' },
  async () => {
    const { engine, find } = await running();
    for (const policy of ['Delete', 'RetainExceptOnCreate']) {
      expect((await failure(deploy(engine, { ...kept('orders', policy), ...failing }))).message).toContain('nobody');
      expect((await failure(find('orders'))).name).toBe('QueueDoesNotExist');
    }
    await deploy(engine, kept('orders', 'RetainExceptOnCreate'));
    await deploy(engine, {});
    await find('orders');
  },
);
conforms(
  'CloudFormation: what DeletionPolicy Retain leaves behind when a creation fails is in the way of the next: already exists',
  {
    source: 'cloudformation-deletion',
    faithful: 'partly',
    remark: 'Of resources with a name in the template; others would get another name on AWS and are deleted here.',
  },
  async () => {
    const { engine, sqs, find } = await running();
    await failure(deploy(engine, { ...kept('orders', 'Retain'), ...failing }));
    expect(engine.notices.join('\n')).toContain('orders (AWS::SQS::Queue) stays');
    const { QueueUrl } = await find('orders');
    expect((await failure(deploy(engine, kept('orders', 'Retain')))).message).toContain(
      "Resource of type 'AWS::SQS::Queue' with identifier 'orders' already exists",
    );
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    // SQS keeps the name for a minute: see there.
    expect((await failure(deploy(engine, kept('orders', 'Retain')))).message).toContain('60 seconds');
  },
);
conforms(
  'CloudFormation: a resource whose name is taken by one outside of the stack is not created: already exists',
  { source: 'cloudformation-deletion' },
  async () => {
    const { engine, sqs } = await running();
    await sqs.send(new CreateQueueCommand({ QueueName: 'taken' }));
    const named: Readonly<Record<string, JsonObject>> = {
      'AWS::SQS::Queue': kept('taken', 'Delete'),
      'AWS::SNS::Topic': { Kept: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'taken' } } },
      'AWS::S3::Bucket': { Kept: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'taken-bucket' } } },
      'AWS::Kinesis::Stream': { Kept: { Type: 'AWS::Kinesis::Stream', Properties: { Name: 'taken', ShardCount: 1 } } },
      'AWS::SES::EmailIdentity': {
        Kept: { Type: 'AWS::SES::EmailIdentity', Properties: { EmailIdentity: 'taken@example.org' } },
      },
      'AWS::Lambda::Function': lambda('Kept', 'exports.handler = async () => 1;', { FunctionName: 'taken' }),
    };
    for (const [type, resources] of Object.entries(named)) {
      // Under another logical id, with DeletionPolicy Retain so that it is left when it goes.
      const { Kept, ...rest } = resources;
      if (type !== 'AWS::SQS::Queue')
        await deploy(engine, { Earlier: { ...(Kept as JsonObject), DeletionPolicy: 'Retain' }, ...rest });
      const Later = { ...(Kept as JsonObject) };
      expect((await failure(deploy(engine, { Later, ...rest }))).message, type).toContain('already exists');
      await deploy(engine, {});
    }
  },
);
