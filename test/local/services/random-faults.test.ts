import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateStreamCommand } from '@aws-sdk/client-kinesis';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { PublishCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTable } from './dynamodb-harness.ts';
import { callJson, failure, type Harness, ROLE, startHarness, until } from './harness.ts';

let harness: Harness;
let worker: Harness['clients'];
beforeEach(async () => {
  harness = await startHarness();
  worker = harness.clientsOf('worker');
  harness.services.iam.roles.put(ROLE, 'all', { Statement: { Effect: 'Allow', Action: '*', Resource: '*' } });
});
afterEach(() => harness.close());

const everyCall = (kind: string) => harness.services.faults.randomly({ seed: 7, rates: { [kind]: 1 } });
const queue = async (QueueName: string) =>
  (await harness.clients.sqs.send(new CreateQueueCommand({ QueueName }))).QueueUrl ?? '';

describe('throttle', () => {
  it.each<[string, string, (clients: Harness['clients']) => Promise<unknown>]>([
    [
      'dynamodb',
      'ProvisionedThroughputExceededException',
      ({ dynamodb }) => dynamodb.send(new PutItemCommand({ TableName: 'x', Item: { pk: { S: 'x' } } })),
    ],
    ['sqs', 'RequestThrottled', ({ sqs }) => sqs.send(new CreateQueueCommand({ QueueName: 'x' }))],
    ['sns', 'ThrottledException', ({ sns }) => sns.send(new PublishCommand({ TopicArn: 'x', Message: 'x' }))],
    ['s3', 'SlowDown', ({ s3 }) => s3.send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }))],
    [
      'kinesis',
      'ProvisionedThroughputExceededException',
      ({ kinesis }) => kinesis.send(new CreateStreamCommand({ StreamName: 's', ShardCount: 1 })),
    ],
  ])('%s says %s, as its SDK knows it; callers from outside are spared', async (_service, name, call) => {
    everyCall('throttle');
    const error = await failure(call(worker));
    expect(error.name).toBe(name);
    expect(error.$retryable ?? /Throttl|Throughput|SlowDown/.test(error.name)).toBeTruthy();
    const outside = await call(harness.clients).catch((thrown: Error) => thrown);
    expect((outside as Error).name).not.toBe(name);
  });

  it('refuses part of a batch at times, and the others are there', async () => {
    const QueueUrl = await queue('work');
    everyCall('throttle');
    const Entries = Array.from({ length: 10 }, (_, i) => ({ Id: String(i), MessageBody: `${i}` }));
    let refused: readonly string[] = [];
    let taken: readonly string[] = [];
    await until('a batch taken in part', async () => {
      const answer = await worker.sqs
        .send(new SendMessageBatchCommand({ QueueUrl, Entries }))
        .catch(() => ({ Successful: [], Failed: [] }));
      refused = (answer.Failed ?? []).map(({ Id = '', Code, SenderFault }) => `${Id} ${Code} ${SenderFault}`);
      taken = (answer.Successful ?? []).map(({ Id = '' }) => Id);
      return taken.length > 0 || undefined;
    });
    expect(refused[0]).toBe('0 RequestThrottled false');
    expect([...taken, ...refused.map((text) => text[0])].toSorted()).toEqual(Entries.map(({ Id }) => Id));
    const { Attributes } = await harness.clients.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
    );
    expect(Attributes?.ApproximateNumberOfMessages).toBe(String(taken.length));
  });

  it('refuses records of a PutRecords in their places', async () => {
    await harness.clients.kinesis.send(new CreateStreamCommand({ StreamName: 'log', ShardCount: 1 }));
    everyCall('throttle');
    const { accessKeyId } = harness.services.identities.issue({ functionName: 'writer', instance: 1, roleArn: ROLE });
    const Records = ['a', 'b', 'c', 'd'].map((PartitionKey) => ({ PartitionKey, Data: 'eA==' }));
    const put = async () => {
      const response = await fetch(harness.services.url, {
        method: 'POST',
        headers: {
          'x-amz-target': 'Kinesis_20131202.PutRecords',
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-date': '20260101T000000Z',
          authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0`,
        },
        body: JSON.stringify({ StreamName: 'log', Records }),
      });
      return (await response.json()) as { FailedRecordCount?: number; Records?: Record<string, string>[] };
    };
    const answer = await until('records taken in part', async () => {
      const given = await put();
      return given.Records === undefined ? undefined : given;
    });
    const refused = answer.Records?.filter(({ ErrorCode }) => typeof ErrorCode === 'string') ?? [];
    expect(answer.Records).toHaveLength(4);
    expect(answer.Records?.[0]).toMatchObject({ ErrorCode: 'ProvisionedThroughputExceededException' });
    expect(answer.Records?.[1]).toMatchObject({ SequenceNumber: expect.any(String) });
    expect(answer.FailedRecordCount).toBe(refused.length);
  });
});

describe('latency', () => {
  it('makes a call wait, and no longer than until the faults are cleared', async () => {
    await createTable(harness.clients.dynamodb, 'items');
    harness.services.faults.add({
      service: 'dynamodb',
      operation: 'PutItem',
      when: 'before',
      action: 'latency',
      ms: 600_000,
    });
    const put = worker.dynamodb.send(new PutItemCommand({ TableName: 'items', Item: { pk: { S: 'x' } } }));
    await until('the call to wait', () => harness.services.faults.list().find(({ fired }) => fired === 1));
    harness.services.faults.clear();
    expect(await put).toBeDefined();
  });
});

describe('reorder', () => {
  it('holds a message back, so that the next overtakes it', async () => {
    const QueueUrl = await queue('work');
    harness.services.faults.add({
      service: 'sqs',
      operation: 'Enqueue',
      functionName: 'work',
      when: 'before',
      action: 'reorder',
      ms: 300,
    });
    for (const MessageBody of ['first', 'second']) {
      await harness.clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    }
    const received: string[] = [];
    await until('both messages', async () => {
      const { Messages = [] } = await harness.clients.sqs.send(new ReceiveMessageCommand({ QueueUrl }));
      received.push(...Messages.map(({ Body = '' }) => Body));
      return received.length === 2 || undefined;
    });
    expect(received).toEqual(['second', 'first']);
  });
});

describe('over HTTP', () => {
  const faults = (method: string, body?: object) =>
    fetch(`${harness.services.url}/_sluice/faults`, { method, ...(body && { body: JSON.stringify(body) }) });

  it('faults by chance are set, told with what they have done, and ended', async () => {
    const set = await faults('POST', { seed: 7, rates: { throttle: 1 } });
    expect(set.status).toBe(201);
    await failure(worker.sqs.send(new CreateQueueCommand({ QueueName: 'x' })));
    expect(await (await faults('GET')).json()).toMatchObject({
      faults: [],
      random: { seed: 7, rates: { throttle: 1 }, made: { throttle: 1, kill: 0 } },
    });
    await faults('DELETE');
    await worker.sqs.send(new CreateQueueCommand({ QueueName: 'x' }));
    expect((await callJson(harness.services.url, 'AmazonSQS.ListQueues', {})).status).toBe(200);
  });

  it('refuses rates that are none', async () => {
    const refused = await faults('POST', { seed: 7, rates: { thunder: 1 } });
    expect(refused.status).toBe(400);
    expect(((await refused.json()) as { message: string }).message).toContain("no kind of fault 'thunder'");
  });
});
