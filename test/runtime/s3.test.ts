import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AwsError } from '../../lib/runtime/aws/calls/call.ts';
import { lambda } from '../../lib/runtime/invocation/runtime.ts';
import { useLocalServices } from './local-services.ts';

useLocalServices();

describe('S3 over the light client', () => {
  beforeAll(() => fetch(`${process.env.AWS_ENDPOINT_URL}/things`, { method: 'PUT' }));
  const put = (Key: string, Body: Buffer) => lambda.aws('s3', 'PutObject', { Bucket: 'things', Key, Body });
  const get = (Key: string) => lambda.aws('s3', 'GetObject', { Bucket: 'things', Key });

  it.each([
    ['bytes', 'claims/abc', Buffer.from([0, 255, 128, 10, 13])],
    ['nothing', 'claims/empty', Buffer.alloc(0)],
    ['five megabytes', 'claims/large', Buffer.alloc(5_000_000, 'x')],
    ["a key with marks (it's!)", "odd/it's (a) *key*!/é +&=?", Buffer.from('odd')],
  ])('gives back what was put: %s', async (_, key, body) => {
    await put(key, body);
    expect(((await get(key)) as { Body: Buffer }).Body.equals(body)).toBe(true);
  });

  it.each([
    ['an object', () => get('nowhere'), 'NoSuchKey'],
    ['a bucket', () => lambda.aws('s3', 'GetObject', { Bucket: 'nobody', Key: 'x' }), 'NoSuchBucket'],
  ])('names what is missing: %s', async (_, call, name) => {
    const error = await call().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AwsError);
    expect(error).toMatchObject({ name, status: 404 });
  });

  it.each([
    ['s3', 'DeleteBucket'],
    ['scheduler', 'ListSchedules'],
  ] as const)('knows only what the runtime needs: %s %s', async (service, operation) => {
    await expect(lambda.aws(service, operation, { Bucket: 'b', Key: 'k', Name: 'n' })).rejects.toThrow(
      `${service} ${operation} is not an operation of this client`,
    );
  });
});

describe('Scheduler over the light client', () => {
  const requests: { method: string | undefined; url: string | undefined; body: string; signed: boolean }[] = [];
  let answer: { status: number; type?: string; body: string };
  let server: Server;
  const textOf = async (request: IncomingMessage): Promise<string> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  };
  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const signed = String(request.headers.authorization).includes('/scheduler/aws4_request');
      requests.push({ method: request.method, url: request.url, body: await textOf(request), signed });
      response.writeHead(answer.status, answer.type === undefined ? {} : { 'x-amzn-errortype': answer.type });
      response.end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    process.env.AWS_ENDPOINT_URL_SCHEDULER = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    delete process.env.AWS_ENDPOINT_URL_SCHEDULER;
    server.closeAllConnections();
    server.close();
  });

  it('puts the name into the path, the group into the body or the query', async () => {
    answer = { status: 200, body: '{"ScheduleArn":"arn"}' };
    const input = { Name: 'a.b', GroupName: 'g', ScheduleExpression: 'rate(1 hour)' };
    expect(await lambda.aws('scheduler', 'CreateSchedule', input)).toEqual({ ScheduleArn: 'arn' });
    answer = { status: 200, body: '' };
    expect(await lambda.aws('scheduler', 'DeleteSchedule', { Name: 'a.b', GroupName: 'g' })).toEqual({});
    await lambda.aws('scheduler', 'GetSchedule', { Name: 'a.b' });
    expect(requests).toEqual([
      {
        method: 'POST',
        url: '/schedules/a.b',
        body: '{"ScheduleExpression":"rate(1 hour)","GroupName":"g"}',
        signed: true,
      },
      { method: 'DELETE', url: '/schedules/a.b?groupName=g', body: '', signed: true },
      { method: 'GET', url: '/schedules/a.b', body: '', signed: true },
    ]);
  });

  it.each([
    [
      'an error with its code',
      { status: 409, type: 'ConflictException:http://x', body: '{"Message":"exists"}' },
      'ConflictException',
      'exists',
    ],
    [
      'an error without JSON',
      { status: 403, type: 'AccessDeniedException', body: '<html>' },
      'AccessDeniedException',
      'the service answered 403 with something that is not JSON',
    ],
    ['an error without a code', { status: 400, body: '{"message":"no"}' }, 'UnknownError', 'no'],
  ])('names %s', async (_, given, name, message) => {
    answer = given;
    const error = await lambda.aws('scheduler', 'GetSchedule', { Name: 'n' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name, message });
  });
});
