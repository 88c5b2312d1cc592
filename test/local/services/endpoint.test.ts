import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListShardsCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startServices } from '../../../lib/local/services.ts';
import { callJson, failure, type Harness, startHarness, until } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

describe('one port', () => {
  it('takes HTTP/2 with prior knowledge (the Kinesis SDK) beside HTTP/1.1 (the SQS SDK)', async () => {
    const { kinesis, sqs } = harness.clients;
    await kinesis.send(new CreateStreamCommand({ StreamName: 'log', ShardCount: 2 }));
    const Records = [1, 2, 3].map((n) => ({ PartitionKey: `key-${n}`, Data: Buffer.from(`record ${n}`) }));
    await until('the stream to take records', async () => {
      const { FailedRecordCount } = await kinesis.send(new PutRecordsCommand({ StreamName: 'log', Records }));
      return FailedRecordCount === 0 ? true : undefined;
    });
    const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName: 'log' }));
    const read: string[] = [];
    for (const { ShardId } of Shards) {
      const { ShardIterator } = await kinesis.send(
        new GetShardIteratorCommand({ StreamName: 'log', ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
      );
      const records = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
      for (const record of records.Records ?? []) read.push(Buffer.from(record.Data ?? []).toString());
    }
    expect(Shards).toHaveLength(2);
    expect(read.sort()).toEqual(['record 1', 'record 2', 'record 3']);
    await expect(sqs.send(new ListQueuesCommand({}))).resolves.toBeDefined();
  });

  it('waits for enough bytes to tell HTTP/1.1 from HTTP/2', async () => {
    const { port, url } = harness.services;
    const socket = connect(port, '127.0.0.1').setNoDelay(true);
    // P is the first byte of POST and of the HTTP/2 preface.
    socket.write('P');
    // Another round trip: by its end the endpoint has seen that byte.
    await fetch(url);
    socket.write(
      'OST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.ListQueues\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}',
    );
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    expect(answer).toContain('200 OK');
  });

  it('says so when the port is in use, and how to choose another', async () => {
    const { port } = harness.services;
    const error = await failure(startServices({ port }));
    expect(error.message).toContain(`port ${port} on 127.0.0.1 is in use`);
    expect(error.message).toContain('--port');
  });
});

describe('who may call', () => {
  /** Sends one request by hand, as no client would; answers its status and text. */
  async function raw(headers: Readonly<Record<string, string>>, path = '/_sluice/faults', version = '1.1') {
    const socket = connect(harness.services.port, '127.0.0.1');
    const lines = Object.entries({ Connection: 'close', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET ${path} HTTP/${version}\r\n${lines.join('')}\r\n`);
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    return { status: Number(answer.slice(9, 12)), answer };
  }

  it.each(['127.0.0.1:4566', 'localhost', 'LOCALHOST.:1', 'bucket.localhost:4566', '[::1]:4566', '127.8.9.10'])(
    'answers as %s',
    async (Host) => {
      expect((await raw({ Host })).status).toBe(200);
    },
  );

  it.each([
    'rebound.example.com:4566',
    'localhost.example.com',
    '127.0.0.1.example.com',
    '10.0.0.1',
    '0.0.0.0',
    '[2001:db8::1]',
    'xlocalhost',
    '',
    ' ',
    'localhost@example.com',
  ])('refuses to answer as "%s"', async (Host) => {
    for (const path of ['/_sluice/faults', '/', '/bucket/key', '/2015-03-31/functions']) {
      const { status, answer } = await raw({ Host }, path);
      expect(status).toBe(403);
      expect(answer).toContain('the engine does not answer as');
      expect(answer.toLowerCase()).not.toContain('access-control');
    }
  });

  it.each(['http://localhost:3000', 'http://127.0.0.1:4566', 'https://app.localhost'])(
    'answers pages of %s',
    async (Origin) => {
      expect((await raw({ Host: 'localhost', Origin })).status).toBe(200);
    },
  );

  it.each([
    'https://example.com',
    'http://localhost.example.com',
    'null',
    'file://',
    'http://127.0.0.1.example.com:80',
  ])('refuses pages of %s', async (Origin) => {
    const { status, answer } = await raw({ Host: 'localhost', Origin });
    expect(status).toBe(403);
    expect(answer).toContain(`does not answer pages of ${Origin}`);
    expect(answer.toLowerCase()).not.toContain('access-control');
  });

  it('refuses what a page of another site embeds, not what its own pages do', async () => {
    const embedded = { Host: 'localhost', 'Sec-Fetch-Site': 'cross-site' };
    expect((await raw(embedded)).status).toBe(403);
    expect((await raw({ ...embedded, Referer: 'https://example.com/' })).status).toBe(403);
    expect((await raw({ ...embedded, Referer: 'http://localhost:3000/' })).status).toBe(200);
    expect((await raw({ Host: 'localhost', 'Sec-Fetch-Site': 'none' })).status).toBe(200);
  });

  it('holds over HTTP/2 too', async () => {
    const ask = async (authority: string) => {
      const session = connectHttp2(`http://127.0.0.1:${harness.services.port}`);
      const stream = session.request({ ':path': '/_sluice/faults', ':authority': authority });
      const [headers] = await once(stream, 'response');
      stream.resume();
      session.close();
      return headers[':status'];
    };
    expect(await ask('localhost')).toBe(200);
    expect(await ask('example.com')).toBe(403);
  });
});

it('takes bodies of up to 64 MiB, and answers larger ones with 413', { timeout: 30_000 }, async () => {
  const limit = 64 * 1024 * 1024;
  const put = (bytes: number) =>
    fetch(`${harness.services.url}/_sluice/faults`, { method: 'PUT', body: Buffer.alloc(bytes) });
  expect((await put(limit)).status).not.toBe(413);
  const refused = await put(limit + 1);
  expect(refused.status).toBe(413);
  expect(await refused.text()).toContain(`the request body has ${limit + 1} bytes; the engine takes at most ${limit}`);
});

describe('what is not there', () => {
  it('names the service, and those there are', async () => {
    const response = await fetch(harness.services.url, {
      method: 'POST',
      headers: {
        authorization:
          'AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/redshift/aws4_request, SignedHeaders=host, Signature=0',
      },
    });
    const body = (await response.json()) as { __type: string; message: string };
    expect(response.status).toBe(501);
    expect(body.__type).toContain('UnknownOperationException');
    expect(body.message).toContain(
      'service redshift is not available in the engine; available: dynamodb, kinesis, s3, ses, sns, sqs, sts',
    );
  });

  it.each(['DynamoDB_20120810.ExecuteStatement', 'DynamoDBStreams_20120810.Rewind', 'AmazonSQS.AddPermission'])(
    'names the operation %s',
    async (target) => {
      const { status, body } = await callJson(harness.services.url, target, {});
      expect(status).toBe(400);
      expect(body.__type).toContain('UnknownOperationException');
      expect(body.message).toContain(target.slice(target.indexOf('.') + 1));
    },
  );

  it("refuses SQS's Query protocol, and says what to use", async () => {
    const answer = await fetch(`${harness.services.url}/000000000000/q`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization:
          'AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=x',
      },
      body: 'Action=SendMessage&MessageBody=x&Version=2012-11-05',
    });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('x-amzn-query-error')).toBe('UnknownOperationException;Sender');
    expect(await answer.json()).toMatchObject({
      message: expect.stringContaining('use an SDK or CLI from 2024 or later'),
    });
  });

  it('answers broken JSON with an error', async () => {
    const response = await fetch(harness.services.url, {
      method: 'POST',
      headers: { 'x-amz-target': 'DynamoDB_20120810.GetItem' },
      body: '{"TableName":',
    });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('SerializationException');
  });

  it('does not take a path of its own for a bucket', async () => {
    const response = await fetch(`${harness.services.url}/_sluice/nothing`);
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('/_sluice/faults');
  });
});

describe('registered services and routes', () => {
  it('get what is signed for them, with the caller, and paths below their prefix', async () => {
    const { services } = harness;
    const { accessKeyId } = services.identities.issue({
      functionName: 'f',
      instance: 7,
      roleArn: 'arn:aws:iam::000000000000:role/r',
    });
    services.iam.roles.put('arn:aws:iam::000000000000:role/r', 'all', {
      Statement: { Effect: 'Allow', Action: 'events:*', Resource: '*' },
    });
    services.register('events', async ({ operation, caller, body }) => ({
      status: 200,
      headers: {},
      body: `${operation} by ${caller.functionName}#${caller.instance}: ${body}`,
    }));
    services.route('/_sluice/echo', async (method, url) => ({
      status: 200,
      headers: {},
      body: `${method} ${url.search}`,
    }));
    services.route('/_sluice/echo/deeper', async () => ({ status: 200, headers: {}, body: 'deeper' }));
    const signed = await fetch(services.url, {
      method: 'POST',
      headers: {
        'x-amz-target': 'AWSEvents.PutEvents',
        authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260101/us-east-1/events/aws4_request, SignedHeaders=host, Signature=0`,
      },
      body: '{}',
    });
    expect(await signed.text()).toBe('PutEvents by f#7: {}');
    expect(await (await fetch(`${services.url}/_sluice/echo/x?y=1`)).text()).toBe('GET ?y=1');
    expect(await (await fetch(`${services.url}/_sluice/echo/deeper`)).text()).toBe('deeper');
  });

  it('turns a throw into InternalFailure that names the operation', async () => {
    const { services } = harness;
    services.register('scheduler', async () => {
      throw new Error('out of order');
    });
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const response = await fetch(`${services.url}/schedules/x`, { method: 'GET' });
    expect(logged).toHaveBeenCalledWith('engine: scheduler GetSchedule failed', expect.any(Error));
    logged.mockRestore();
    expect(response.status).toBe(500);
    expect(response.headers.get('x-amzn-errortype')).toBe('InternalFailure');
    expect(await response.text()).toContain('out of order');
  });
});
