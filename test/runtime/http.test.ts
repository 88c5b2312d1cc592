import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { AwsError, type AwsService } from '../../lib/runtime/aws/calls/call.ts';
import { httpCall } from '../../lib/runtime/aws/http.ts';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

let server: Server;
/** One for each try; the last one stays. */
let answers: Answer[] = [];
let tries = 0;
/** Waits that the call made, in ms. */
let waits: number[] = [];
let random = 0.5;

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume();
    request.on('end', () => answers[Math.min(tries++, answers.length - 1)]?.(response, request));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
beforeEach(() => {
  [tries, waits, random] = [0, [], 0.5];
});
afterEach(() => void vi.useRealTimers());
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const newCall = () => {
  const variables: Record<string, string> = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 's' },
  };
  return httpCall({
    env: (name) => variables[name],
    random: () => random,
    sleep: async (millis) => void waits.push(millis),
  });
};

const text =
  (status: number, body: string, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(status, headers).end(body);
const error = (code: string, status = 400, headers = {}) => text(status, JSON.stringify({ __type: code }), headers);
const item = text(200, '{"Item":{"pk":{"S":"a"}}}');

const OPERATIONS: Readonly<Record<AwsService, readonly [string, object]>> = {
  dynamodb: ['GetItem', { TableName: 't' }],
  sqs: ['SendMessage', { QueueUrl: 'q', MessageBody: 'b' }],
  sns: ['PublishBatch', { TopicArn: 't', PublishBatchRequestEntries: [] }],
  kinesis: ['PutRecords', { StreamName: 's', Records: [] }],
  s3: ['GetObject', { Bucket: 'b', Key: 'k' }],
  scheduler: ['GetSchedule', { Name: 'n' }],
  lambda: ['InvokeAsync', { FunctionName: 'f' }],
};
async function call(service: AwsService, ...given: Answer[]): Promise<unknown> {
  answers = given;
  return newCall()(service, ...OPERATIONS[service]);
}
const failure = async (service: AwsService, ...given: Answer[]): Promise<Error> =>
  call(service, ...given).then(
    (output) => expect.fail(`answered ${JSON.stringify(output)}`),
    (thrown: Error) => thrown,
  );

describe('tries again', () => {
  it.each<[string, AwsService, Answer, number]>([
    ['a broken service', 'sqs', error('InternalFailure', 500), 3],
    ['a broken service of DynamoDB', 'dynamodb', error('InternalServerError', 500), 4],
    ['a gateway', 'kinesis', text(502, '<html>'), 3],
    ['a service that is away', 's3', text(503, ''), 3],
    ['a gateway that waited in vain', 'sns', text(504, ''), 3],
    ['a throttle', 'kinesis', error('ProvisionedThroughputExceededException'), 3],
    ['a throttle with a namespace', 'dynamodb', error('com.amazonaws.dynamodb.v20120810#ThrottlingException'), 4],
    ['a throttle of status 429', 'lambda', text(429, '', { 'x-amzn-errortype': 'Whatever' }), 3],
    ['a request that came too slowly', 's3', text(400, '<Error><Code>RequestTimeout</Code></Error>'), 3],
    ['a write at the same time in another region', 'dynamodb', error('ReplicatedWriteConflictException'), 4],
    [
      'a signature that was old when it came',
      'sqs',
      text(403, '{"__type":"InvalidSignatureException","message":"Signature expired: 1 is now earlier"}'),
      3,
    ],
  ])('%s', async (_, service, answer, expected) => {
    await failure(service, answer);
    expect(tries).toBe(expected);
    expect(waits).toHaveLength(expected - 1);
  });

  it.each<[string, AwsService, Answer]>([
    ['a condition', 'dynamodb', error('ConditionalCheckFailedException')],
    ['a cancelled transaction', 'dynamodb', error('TransactionCanceledException')],
    ['another signature', 'sqs', text(403, '{"__type":"InvalidSignatureException","message":"does not match"}')],
    ['a service that does not know how', 'sqs', error('NotImplemented', 501)],
    ['a proxy that wants a password', 'sqs', text(407, '<html>')],
    ['an object that is not there', 's3', text(404, '<Error><Code>NoSuchKey</Code></Error>')],
  ])('not %s', async (_, service, answer) => {
    expect(await failure(service, answer)).toBeInstanceOf(AwsError);
    expect(tries).toBe(1);
  });

  it('and gives what the last try brought', async () => {
    expect(await call('dynamodb', error('InternalServerError', 500), error('ThrottlingException'), item)).toEqual({
      Item: { pk: { S: 'a' } },
    });
    expect(tries).toBe(3);
  });
});

describe('waits before another try as the SDK does', () => {
  it.each<[string, AwsService, Answer, number[]]>([
    ['after a failure', 'sqs', error('InternalFailure', 500), [25, 50]],
    ['after a failure of DynamoDB', 'dynamodb', error('InternalServerError', 500), [12, 25, 50]],
    ['after a throttle', 'kinesis', error('ThrottlingException'), [500, 1_000]],
    ['after a throttle of DynamoDB', 'dynamodb', error('ThrottlingException'), [500, 1_000, 2_000]],
    ['longer when told', 'sqs', error('ThrottlingException', 400, { 'x-amz-retry-after': '1200' }), [1_200, 1_200]],
    ['not shorter when told', 'sqs', error('ThrottlingException', 400, { 'x-amz-retry-after': '10' }), [500, 1_000]],
    [
      'not much longer, whatever is told',
      'sqs',
      error('InternalFailure', 500, { 'x-amz-retry-after': '3600000' }),
      [5_025, 5_050],
    ],
    [
      'its own time when told nonsense',
      'sqs',
      error('InternalFailure', 500, { 'x-amz-retry-after': 'soon' }),
      [25, 50],
    ],
  ])('%s', async (_, service, answer, expected) => {
    await failure(service, answer);
    expect(waits).toEqual(expected);
  });

  it('between nothing and the whole', async () => {
    random = 0;
    await failure('sqs', error('ThrottlingException'));
    random = 0.999;
    await failure('sqs', error('ThrottlingException'));
    expect(waits).toEqual([0, 0, 999, 1_998]);
  });
});

it('leaves a service alone that goes on failing, until calls succeed again', async () => {
  const aws = newCall();
  const get = () => aws('dynamodb', ...OPERATIONS.dynamodb).catch(() => undefined);
  answers = [error('InternalServerError', 500)];
  // 500 pay for 35 tries beyond the first at 14 each: eleven calls of four, and two more.
  for (let i = 0; i < 11; i++) await get();
  expect(tries).toBe(44);
  tries = 0;
  await get();
  expect(tries).toBe(3);
  tries = 0;
  await get();
  expect(tries).toBe(1);
  answers = [error('ThrottlingException')];
  tries = 0;
  await get();
  // 10 are left, and a throttle costs 5.
  expect(tries).toBe(3);
  answers = [text(200, '{}')];
  for (let i = 0; i < 14; i++) await get();
  answers = [error('InternalServerError', 500)];
  tries = 0;
  await get();
  expect(tries).toBe(2);
  tries = 0;
  await aws('sqs', ...OPERATIONS.sqs).catch(() => undefined);
  expect(tries).toBe(3);
});

describe('an answer that is cut off is tried again, and the call ends', () => {
  it.each<[string, Answer]>([
    [
      'behind its headers',
      (response) => {
        response.writeHead(200, { 'content-length': '25' });
        response.flushHeaders();
        setImmediate(() => response.destroy());
      },
    ],
    [
      'in its body',
      (response) => {
        response.writeHead(200, { 'content-length': '25' });
        response.write('{"Item":', () => response.destroy());
      },
    ],
    [
      'in its body, politely',
      (response) => {
        response.writeHead(200, { 'content-length': '25' });
        response.write('{"Item":', () => response.socket?.end());
      },
    ],
    [
      'between chunks',
      (response) => {
        response.writeHead(200);
        response.write('{}', () => response.destroy());
      },
    ],
    [
      'between chunks, politely',
      (response) => {
        response.writeHead(200);
        response.write('{}', () => response.socket?.end());
      },
    ],
  ])('%s', async (_, cut) => {
    expect(await call('dynamodb', cut, item)).toEqual({ Item: { pk: { S: 'a' } } });
    expect(tries).toBe(2);
    tries = 0;
    expect(await failure('dynamodb', cut)).not.toBeInstanceOf(AwsError);
    expect(tries).toBe(4);
  });

  it.each<[string, number, Answer, string]>([
    ['does not begin', 8_000, () => undefined, 'dynamodb did not answer within 8000 ms'],
    [
      'does not end',
      30_000,
      (response) => {
        response.writeHead(200);
        response.write('{"Item":');
      },
      'dynamodb did not finish its answer within 30000 ms',
    ],
  ])('when it %s', async (_, millis, hang, message) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const failed = failure('dynamodb', (response, request) => {
      hang(response, request);
      // The headers have to be on their way before time passes.
      setImmediate(() => setImmediate(() => setImmediate(() => void vi.advanceTimersByTimeAsync(millis))));
    });
    expect((await failed).message).toBe(message);
    expect(tries).toBe(4);
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('leaves no timer behind, which would close the connection under a later call', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  expect(await call('dynamodb', item)).toEqual({ Item: { pk: { S: 'a' } } });
  expect(vi.getTimerCount()).toBe(0);
  await failure('dynamodb', error('ResourceNotFoundException'));
  expect(vi.getTimerCount()).toBe(0);
});

describe('an answer of status 200 that cannot be read is tried again, and never a success', () => {
  it.each<[string, AwsService, string]>([
    ['nothing from DynamoDB', 'dynamodb', ''],
    ['half of an object', 'dynamodb', '{"Item":{"pk"'],
    ['null', 'dynamodb', 'null'],
    ['a list', 'kinesis', '[]'],
    ['text', 'sqs', '"ok"'],
    ['a page', 'sqs', '<html>login</html>'],
    ['JSON from SNS', 'sns', '{}'],
    ['nothing from SNS', 'sns', ''],
    ['half of an XML document', 'sns', '<PublishBatchResponse><PublishBatchResult><Successful/>'],
    ['another operation', 'sns', '<PublishResponse><PublishResult/></PublishResponse>'],
    ['no result', 'sns', '<PublishBatchResponse/>'],
    ['two results', 'sns', '<PublishBatchResponse><PublishBatchResult/><PublishBatchResult/></PublishBatchResponse>'],
    ['an error from SNS', 'sns', '<ErrorResponse><Error><Code>InternalError</Code></Error></ErrorResponse>'],
    ['half of a schedule', 'scheduler', '{'],
  ])('%s', async (_, service, body) => {
    await failure(service, text(200, body));
    expect(tries).toBe(service === 'dynamodb' ? 4 : 3);
  });

  it('is an error of S3 as well', async () => {
    answers = [text(200, '<?xml version="1.0"?>\n<Error><Code>InternalError</Code><Message>late</Message></Error>')];
    const put = newCall()('s3', 'PutObject', { Bucket: 'b', Key: 'k', Body: Buffer.from('x') });
    await expect(put).rejects.toMatchObject({ name: 'InternalError', message: 'late', status: 503 });
    expect(tries).toBe(3);
  });

  it('but an object may hold anything', async () => {
    const content = '<Error><Code>InternalError</Code></Error>';
    expect(await call('s3', text(200, content))).toMatchObject({ Body: Buffer.from(content) });
  });

  it.each<AwsService>(['sqs', 'kinesis', 'scheduler'])('while %s may answer nothing', async (service) => {
    expect(await call(service, text(200, ''))).toEqual({});
  });
});
