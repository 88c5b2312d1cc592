import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateStreamCommand, ListStreamsCommand } from '@aws-sdk/client-kinesis';
import { CreateBucketCommand, HeadBucketCommand } from '@aws-sdk/client-s3';
import { SendEmailCommand } from '@aws-sdk/client-sesv2';
import { CreateQueueCommand, GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTable, getItem } from './dynamodb-harness.ts';
import { failure, type Harness, ROLE, startHarness } from './harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
  await createTable(harness.clients.dynamodb, 'items');
});
afterEach(() => harness.close());

const put = (pk: string, client = harness.clients.dynamodb) =>
  client.send(new PutItemCommand({ TableName: 'items', Item: { pk: { S: pk } } }));
const read = (pk: string) => getItem(harness.clients.dynamodb, 'items', pk);

describe('lose-response', () => {
  it('after: the call took effect, its caller sees a broken connection', async () => {
    harness.services.faults.add({ service: 'dynamodb', operation: 'PutItem', when: 'after', action: 'lose-response' });
    expect((await failure(put('a'))).message).toMatch(/ECONNRESET|socket hang up|other side closed|aborted/);
    expect(await read('a')).toBeDefined();
    await put('b');
  });

  it('before: the call never happened', async () => {
    harness.services.faults.add({ service: 'dynamodb', operation: 'PutItem', when: 'before', action: 'lose-response' });
    await failure(put('a'));
    expect(await read('a')).toBeUndefined();
  });

  it('breaks an HTTP/2 stream as well', async () => {
    const { kinesis } = harness.clients;
    harness.services.faults.add({
      service: 'kinesis',
      operation: 'CreateStream',
      when: 'after',
      action: 'lose-response',
    });
    await failure(kinesis.send(new CreateStreamCommand({ StreamName: 'log', ShardCount: 1 })));
    expect((await kinesis.send(new ListStreamsCommand({}))).StreamNames).toEqual(['log']);
  });
});

describe('error', () => {
  it('hits the nth call and the following ones, counts them, and leaves the others alone', async () => {
    const error = { status: 400, code: 'ProvisionedThroughputExceededException', message: 'slow down' };
    const { faults } = harness.services;
    faults.add({ service: 'dynamodb', operation: 'PutItem', when: 'before', nth: 2, times: 2, action: 'error', error });
    const outcomes: string[] = [];
    for (const pk of ['1', '2', '3', '4']) {
      outcomes.push(
        await put(pk).then(
          () => 'ok',
          ({ name, message }: Error) => `${name}: ${message}`,
        ),
      );
    }
    const slow = 'ProvisionedThroughputExceededException: slow down';
    expect(outcomes).toEqual(['ok', slow, slow, 'ok']);
    expect(faults.list()).toMatchObject([{ hits: 4, fired: 2 }]);
    faults.clear();
    expect(faults.list()).toEqual([]);
  });

  it.each([
    ['s3', 'CreateBucket', (h: Harness) => h.clients.s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))],
    ['sqs', 'CreateQueue', (h: Harness) => h.clients.sqs.send(new CreateQueueCommand({ QueueName: 'queue' }))],
    [
      'ses',
      'SendEmail',
      (h: Harness) =>
        h.clients.ses.send(
          new SendEmailCommand({
            FromEmailAddress: 'a@b.c',
            Destination: { ToAddresses: ['a@b.c'] },
            Content: { Simple: { Subject: { Data: '' }, Body: {} } },
          }),
        ),
    ],
  ] as const)('comes in the format of %s', async (service, operation, call) => {
    harness.services.faults.add({
      service,
      operation,
      when: 'before',
      action: 'error',
      error: { status: 503, code: 'ServiceUnavailable', message: 'later' },
    });
    expect(await failure(call(harness))).toMatchObject({
      name: 'ServiceUnavailable',
      message: 'later',
      $metadata: { httpStatusCode: 503 },
    });
    expect(await call(harness)).toBeDefined();
  });
});

describe('kill', () => {
  it('after: the effect stays, the response is withheld, and the worker of the calling instance is killed', async () => {
    const { faults, iam } = harness.services;
    iam.roles.put(ROLE, 'all', { Statement: { Effect: 'Allow', Action: '*', Resource: '*' } });
    const worker = harness.clientsOf('relay');
    const other = harness.clientsOf('sweeper');
    faults.add({ service: 'dynamodb', operation: 'PutItem', functionName: 'relay', when: 'after', action: 'kill' });
    const killed = new Promise<string>((resolve) => {
      faults.onKill(({ functionName, instance }) => {
        resolve(`${functionName}#${instance}`);
        // Stands for the end of the worker, which takes its connections with it.
        worker.dynamodb.destroy();
      });
    });
    await put('other', other.dynamodb);
    let answered = false;
    put('effect', worker.dynamodb).then(
      () => {
        answered = true;
      },
      () => undefined,
    );
    expect(await killed).toBe('relay#1');
    expect(await read('effect')).toBeDefined();
    expect(answered).toBe(false);
    expect(faults.list()).toMatchObject([{ functionName: 'relay', hits: 1, fired: 1 }]);
  });

  it('breaks the connection when there is nobody to kill', async () => {
    harness.services.faults.add({ service: 'sqs', operation: 'CreateQueue', when: 'before', action: 'kill' });
    await failure(harness.clients.sqs.send(new CreateQueueCommand({ QueueName: 'queue' })));
    const error = await failure(harness.clients.sqs.send(new GetQueueUrlCommand({ QueueName: 'queue' })));
    expect(error.name).toBe('QueueDoesNotExist');
  });
});

describe('over HTTP', () => {
  const faults = (method: string, body?: object) =>
    fetch(`${harness.services.url}/_sluice/faults`, { method, ...(body && { body: JSON.stringify(body) }) });

  it('are set, listed and cleared', async () => {
    const fault = { service: 's3', operation: 'HeadBucket', when: 'before', action: 'lose-response' };
    expect((await faults('POST', fault)).status).toBe(201);
    await failure(harness.clients.s3.send(new HeadBucketCommand({ Bucket: 'bucket' })));
    expect(await (await faults('GET')).json()).toMatchObject({ faults: [{ ...fault, hits: 1, fired: 1 }] });
    await faults('DELETE');
    expect(await (await faults('GET')).json()).toEqual({ faults: [], random: null });
  });

  it.each([
    [{ operation: 'PutItem', when: 'after', action: 'kill' }, 'service'],
    [{ service: 's3', operation: 'PutObject', when: 'during', action: 'kill' }, 'during'],
    [{ service: 's3', operation: 'PutObject', when: 'after', action: 'explode' }, 'explode'],
    [{ service: 's3', operation: 'PutObject', when: 'after', action: 'kill', nth: 0 }, 'nth'],
  ])('%j is refused', async (fault, named) => {
    const response = await faults('POST', fault);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(named);
  });
});
