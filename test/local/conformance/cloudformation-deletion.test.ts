import { CloudFormationClient, DeleteStackCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DeleteBucketCommand, DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expect, onTestFinished } from 'vitest';
import { startEngine } from '../../../lib/local/engine.ts';
import type { JsonObject } from '../../../lib/local/json.ts';
import { queue, REGION } from '../engine/support.ts';
import { failure } from './app.ts';
import { assemblyOf } from './assembly.ts';
import { conforms } from './conforms.ts';

const bucket: JsonObject = { Shelf: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'shelf' } } };
const object = { Bucket: 'shelf', Key: 'invoices/1.pdf' };

async function running(resources: JsonObject) {
  const engine = await startEngine({ assembly: assemblyOf(resources), port: 0 });
  const config = {
    endpoint: engine.url,
    region: REGION,
    credentials: { accessKeyId: 'outside', secretAccessKey: 'outside' },
    maxAttempts: 1,
  };
  const [cloudformation, s3, sqs] = [
    new CloudFormationClient(config),
    new S3Client({ ...config, forcePathStyle: true }),
    new SQSClient(config),
  ];
  onTestFinished(async () => {
    for (const client of [cloudformation, s3, sqs]) client.destroy();
    await engine.close();
  });
  const describe = async () => (await cloudformation.send(new DescribeStacksCommand({ StackName: 'app' }))).Stacks?.[0];
  return { s3, sqs, describe, remove: () => cloudformation.send(new DeleteStackCommand({ StackName: 'app' })) };
}

conforms(
  'S3: a bucket with an object in it is not deleted: BucketNotEmpty',
  { source: 's3-delete-bucket' },
  async () => {
    const { s3 } = await running(bucket);
    await s3.send(new PutObjectCommand({ ...object, Body: 'x' }));
    expect(await failure(s3.send(new DeleteBucketCommand({ Bucket: 'shelf' })))).toMatchObject({
      name: 'BucketNotEmpty',
      $metadata: { httpStatusCode: 409 },
    });
  },
);
conforms(
  'CloudFormation: a stack with a bucket that is not empty is DELETE_FAILED and keeps the bucket, the rest is gone; deleted again when it is empty, all is',
  {
    source: 'cloudformation-delete-failed',
    remark: 'DeleteStack answers when it is done; versions of objects are not kept',
  },
  async () => {
    const { s3, sqs, describe, remove } = await running({ ...bucket, ...queue('Work', { QueueName: 'work' }) });
    await s3.send(new PutObjectCommand({ ...object, Body: 'x' }));
    await remove();
    expect(await describe()).toMatchObject({
      StackStatus: 'DELETE_FAILED',
      StackStatusReason: 'The following resource(s) failed to delete: [Shelf].',
    });
    expect((await failure(sqs.send(new GetQueueUrlCommand({ QueueName: 'work' })))).name).toBe('QueueDoesNotExist');
    await s3.send(new DeleteObjectCommand(object));
    await remove();
    expect((await failure(describe())).message).toContain('does not exist');
  },
);
