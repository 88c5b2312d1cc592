import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetFunctionConfigurationCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';
import { ENV } from '../../lib/contracts/agreed/environment.ts';
import { lookAtDeadLetters, noticeIn, openDeadLetter } from '../../lib/operations/dead-letters/dead-letter-queue.ts';
import { awsOverSdk } from '../../lib/operations/deployed/aws-over-sdk.ts';
import { deployedConsumer, deployedConsumers } from '../../lib/operations/deployed/deployed-consumers.ts';
import { NotDeployed, placeInWords } from '../../lib/operations/deployed/deployment.ts';
import { listParked, parkedKey, parkedMessages } from '../../lib/operations/parked/parked.ts';
import { parkingConsumer, parkingConsumers } from '../../lib/operations/parked/parking-consumers.ts';
import { resumeParked } from '../../lib/operations/parked/resume-parked.ts';
import { readLog } from '../../lib/operations/traffic/read-log.ts';
import { AwsError } from '../../lib/runtime/aws/calls/call.ts';
import { dynamodbOver } from '../../lib/runtime/aws/dynamodb.ts';

/** What the tools ask of the services, call by call: the services here are tables that answer, so that each argument is seen. */
type Answer = (name: string, input: Record<string, unknown>) => unknown;
interface Asked {
  readonly name: string;
  readonly input: Record<string, unknown>;
}
function answering<T>(answer: Answer): T & { readonly asked: Asked[] } {
  const asked: Asked[] = [];
  const send = async (command: { readonly input: Record<string, unknown>; readonly constructor: { name: string } }) => {
    const { name } = command.constructor;
    asked.push({ name, input: command.input });
    return answer(name, command.input);
  };
  return { send, asked, config: {} } as unknown as T & { readonly asked: Asked[] };
}

describe("the runtime's calls over the SDK", () => {
  const clients = () => ({
    dynamodb: Object.assign(
      Object.create(DynamoDBClient.prototype),
      answering((name) => ({ by: name })),
    ),
    sqs: Object.assign(
      Object.create(SQSClient.prototype),
      answering((name) => ({ by: name })),
    ),
    s3: Object.assign(
      Object.create(S3Client.prototype),
      answering((name) =>
        name === 'GetObjectCommand'
          ? { Body: { transformToByteArray: async () => Uint8Array.from([0, 255]) }, Metadata: { a: 'b' } }
          : { by: name },
      ),
    ),
  });

  it.each([
    ['dynamodb', 'GetItem', { TableName: 't', Key: {} }],
    ['dynamodb', 'TransactWriteItems', { TransactItems: [] }],
    ['sqs', 'SendMessage', { QueueUrl: 'u', MessageBody: 'b' }],
    ['s3', 'PutObject', { Bucket: 'b', Key: 'k', Body: Buffer.from('x') }],
    ['s3', 'DeleteObject', { Bucket: 'b', Key: 'k' }],
  ] as const)('%s %s goes to its service as it is', async (service, operation, input) => {
    const sdk = clients();
    expect(await awsOverSdk(sdk)(service, operation, input as never)).toEqual({ by: `${operation}Command` });
    const others = operation === 'SendMessage' ? { MessageAttributes: {} } : {};
    expect(sdk[service].asked).toEqual([{ name: `${operation}Command`, input: { ...input, ...others } }]);
  });

  it('an object is bytes and metadata; attributes have bytes where they are base64', async () => {
    const sdk = clients();
    const call = awsOverSdk(sdk);
    expect(await call('s3', 'GetObject', { Bucket: 'b', Key: 'k' } as never)).toEqual({
      ...{ Body: Buffer.from([0, 255]), Metadata: { a: 'b' } },
    });
    const text = { DataType: 'String', StringValue: 'x' };
    const MessageAttributes = { text, none: undefined, bytes: { DataType: 'Binary.x', BinaryValue: 'AP8=' } };
    await call('sqs', 'SendMessage', { QueueUrl: 'u', MessageBody: 'b', MessageAttributes } as never);
    expect(sdk.sqs.asked[0].input.MessageAttributes).toEqual({
      ...{ text, bytes: { DataType: 'Binary.x', BinaryValue: Buffer.from([0, 255]) } },
    });
  });

  it.each([
    ['met another', [{ Code: 'None' }, { Code: 'TransactionConflict' }]],
    ['is of a busy table', [{ Code: 'ThrottlingError' }]],
  ])('a transaction that %s is tried again with its token, for two seconds', async (_, CancellationReasons) => {
    const waits: number[] = [];
    let time = 0;
    const clock = {
      now: () => time,
      random: () => 1,
      sleep: async (wait: number) => {
        waits.push(wait);
        time += wait;
      },
    };
    const busy = Object.assign(new Error('cancelled'), {
      ...{ name: 'TransactionCanceledException', $metadata: { httpStatusCode: 400 }, CancellationReasons },
    });
    let times = 2;
    const dynamodb = answering<DynamoDBClient>(() => {
      if (times-- > 0) throw busy;
      return {};
    });
    const call = dynamodbOver(awsOverSdk({ ...clients(), dynamodb }, clock), () => 'a-token');
    await call('TransactWriteItems', { TransactItems: [] });
    expect(waits).toEqual([50, 100]);
    expect(dynamodb.asked.map(({ input }) => input.ClientRequestToken)).toEqual(Array(3).fill('a-token'));
    times = Number.POSITIVE_INFINITY;
    await expect(call('TransactWriteItems', { TransactItems: [] })).rejects.toBeInstanceOf(AwsError);
    expect(time).toBeLessThan(2_200);
  });

  it('fails as the runtime knows it: what AWS answered by name and status, anything else as it is', async () => {
    const refusal = Object.assign(new Error('too much'), {
      name: 'Throttled',
      $metadata: { httpStatusCode: 429 },
      more: 1,
    });
    const offline = Object.assign(new Error('offline'), { $metadata: { attempts: 3 } });
    for (const [thrown, check] of [
      [refusal, { name: 'Throttled', message: 'too much', status: 429, details: expect.objectContaining({ more: 1 }) }],
      [offline, offline],
    ] as const) {
      const sqs = answering<SQSClient>(() => Promise.reject(thrown));
      const failed = await awsOverSdk({ ...clients(), sqs })('sqs', 'SendMessage', {} as never).catch((error) => error);
      expect(failed instanceof AwsError).toBe(thrown === refusal);
      expect(failed).toMatchObject(check);
    }
    await expect(awsOverSdk(clients())('sqs', 'DeleteMessage' as never, {} as never)).rejects.toThrow(
      "the tools make no call 'DeleteMessage' of sqs",
    );
  });
});

describe('lookAtDeadLetters', () => {
  /** A queue that hands out so many, ten at a time, and does not take some of them back the first times. */
  function queue(count: number, hidden: Readonly<Record<string, number>> = {}) {
    let next = 0;
    const refusals = { ...hidden };
    return answering<SQSClient>((name, input) => {
      if (name === 'ReceiveMessageCommand') {
        const Messages = Array.from({ length: Math.min(10, count - next) }, () => {
          const id = `m${next++}`;
          return { MessageId: id, ReceiptHandle: `r-${id}`, Body: id };
        });
        return Messages.length === 0 ? {} : { Messages };
      }
      const entries = input.Entries as { Id: string; ReceiptHandle: string }[];
      const Failed = entries.filter(({ ReceiptHandle }) => (refusals[ReceiptHandle] ?? 0) > 0);
      for (const { ReceiptHandle } of Failed) refusals[ReceiptHandle] = (refusals[ReceiptHandle] ?? 0) - 1;
      return { Failed, Successful: entries.filter((entry) => !Failed.includes(entry)) };
    });
  }
  const handlesOf = (asked: readonly Asked[]) =>
    asked
      .filter(({ name }) => name !== 'ReceiveMessageCommand')
      .map(({ input }) => (input.Entries as { ReceiptHandle: string }[]).map(({ ReceiptHandle }) => ReceiptHandle));

  it('asks for everything, waits for all servers, and puts each back at once, ten by ten', async () => {
    const sqs = queue(25);
    expect((await lookAtDeadLetters(sqs, 'url')).map(({ body }) => body)).toEqual(
      Array.from({ length: 25 }, (_, n) => `m${n}`),
    );
    const [first, , , fourth] = sqs.asked;
    expect(first?.input).toEqual({
      ...{ QueueUrl: 'url', MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] },
      ...{ VisibilityTimeout: 120, WaitTimeSeconds: 1 },
    });
    expect(fourth?.name).toBe('ReceiveMessageCommand');
    expect(handlesOf(sqs.asked).map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(sqs.asked.at(-1)?.input).toMatchObject({ QueueUrl: 'url' });
    const entries = sqs.asked.at(-1)?.input.Entries as { Id: string; VisibilityTimeout: number }[];
    expect(new Set(entries.map(({ Id }) => Id)).size).toBe(5);
    expect(new Set(entries.map(({ VisibilityTimeout }) => VisibilityTimeout))).toEqual(new Set([0]));
  });

  it.each([
    [10, 10],
    [11, 20],
    [1, 10],
    [0, 0],
    [undefined, 1_000],
  ])('stops after about %s of many: %i', async (atMost, seen) => {
    expect(await lookAtDeadLetters(queue(2_000), 'url', atMost)).toHaveLength(seen);
  });

  it('tries once more to put back what was not taken, and only that', async () => {
    const once = queue(3, { 'r-m1': 1 });
    await lookAtDeadLetters(once, 'url');
    expect(handlesOf(once.asked)).toEqual([['r-m0', 'r-m1', 'r-m2'], ['r-m1']]);
    const always = queue(3, { 'r-m0': 9, 'r-m2': 9 });
    expect(await lookAtDeadLetters(always, 'url')).toHaveLength(3);
    expect(handlesOf(always.asked)).toEqual([
      ['r-m0', 'r-m1', 'r-m2'],
      ['r-m0', 'r-m2'],
    ]);
  });
});

describe("Lambda's word on records that it gave up", () => {
  const batch = {
    ...{ streamArn: 'arn', shardId: 'shard-1', startSequenceNumber: '3', endSequenceNumber: '9', batchSize: 7 },
  };
  const notice = {
    ...{ stream: 'arn', shard: 'shard-1', firstSequenceNumber: '3', lastSequenceNumber: '9', records: 7 },
    condition: 'RetryAttemptsExhausted',
  };
  const requestContext = { condition: 'RetryAttemptsExhausted' };
  it.each<[string, unknown, unknown]>([
    ['of a log', { requestContext, KinesisBatchInfo: batch }, notice],
    ['of a table', { requestContext, DDBStreamBatchInfo: batch }, notice],
    ['without a batch', { requestContext }, undefined],
    ['without a stream', { requestContext, KinesisBatchInfo: { ...batch, streamArn: undefined } }, undefined],
    ['without a record', { requestContext, KinesisBatchInfo: { ...batch, startSequenceNumber: 3 } }, undefined],
    ['null', null, undefined],
    ['a text', 'text', undefined],
  ])('%s', (_, body, expected) => expect(noticeIn(JSON.stringify(body))).toEqual(expected));
  it('is not in what is no JSON', () => expect(noticeIn('{')).toBeUndefined());
});

it('a dead letter that is not wrapped is its own body, without the reason among its attributes', async () => {
  const tenant = { dataType: 'String', stringValue: 'acme' };
  const letter = { dataType: 'String', stringValue: '{}' };
  const opened = openDeadLetter({ body: 'é', attributes: { tenant, deadLetter: letter } }, () => Promise.reject());
  expect(await opened).toEqual({ body: 'é', bytes: Buffer.from('é'), attributes: { tenant } });
});

describe('readLog', () => {
  it('reads on from page to page until it is at the end, empty pages among them, and stops at a shard that has ended', async () => {
    const pages: Readonly<Record<string, unknown>> = {
      'a-0': {
        Records: [{ SequenceNumber: '1', Data: Buffer.from('é') }],
        MillisBehindLatest: 9,
        NextShardIterator: 'a-1',
      },
      'a-1': { Records: [], MillisBehindLatest: 1, NextShardIterator: 'a-2' },
      'a-2': { Records: [{ SequenceNumber: '2' }], MillisBehindLatest: 0, NextShardIterator: 'a-3' },
      'b-0': { Records: [{ SequenceNumber: '7', Data: Buffer.from('b') }], MillisBehindLatest: 5 },
    };
    const kinesis = answering<never>((name, input) => {
      if (name === 'ListShardsCommand') return { Shards: [{ ShardId: 'a' }, { ShardId: 'b' }] };
      if (name === 'GetShardIteratorCommand') return { ShardIterator: `${input.ShardId}-0` };
      return pages[String(input.ShardIterator)];
    });
    expect(await readLog(kinesis, 'log')).toEqual([
      { shard: 'a', sequenceNumber: '1', body: 'é' },
      { shard: 'a', sequenceNumber: '2', body: '' },
      { shard: 'b', sequenceNumber: '7', body: 'b' },
    ]);
    const { asked } = kinesis as unknown as { asked: Asked[] };
    expect(asked.filter(({ name }) => name === 'GetRecordsCommand')).toHaveLength(4);
    expect(asked.slice(0, 2).map(({ input }) => input)).toEqual([
      { StreamName: 'log' },
      { StreamName: 'log', ShardId: 'a', ShardIteratorType: 'TRIM_HORIZON' },
    ]);
  });
});

describe('the consumers of a stack', () => {
  const FUNCTION = 'AWS::Lambda::Function';
  const DEAD = { [ENV.deadLetterQueue]: 'dead' };
  /** Its functions, with their variables; the listing has two pages. */
  const FUNCTIONS: Readonly<Record<string, Record<string, string> | undefined>> = {
    'shop-mails': { ...DEAD, [ENV.inboxTable]: 'inbox' },
    'shop-bills': { ...DEAD },
    'shop-relay': { OTHER: 'x' },
    'shop-bare': undefined,
    'other-bills': { ...DEAD },
  };
  function clients(problem?: Error) {
    const resources = Object.keys(FUNCTIONS).map((PhysicalResourceId) => ({
      ResourceType: FUNCTION,
      PhysicalResourceId,
    }));
    const listing = answering<object>((_, { NextToken }) => {
      if (problem !== undefined) throw problem;
      return NextToken === undefined
        ? { StackResourceSummaries: resources.slice(0, 2), NextToken: 'more' }
        : {
            StackResourceSummaries: [
              ...resources.slice(2),
              { ResourceType: FUNCTION },
              { ResourceType: 'AWS::SQS::Queue', PhysicalResourceId: 'shop-queue' },
            ],
          };
    });
    // The SDK's paginator asks whether it is a client.
    const cloudformation: CloudFormationClient = Object.assign(Object.create(CloudFormationClient.prototype), listing);
    const lambda = answering<LambdaClient>((_, { FunctionName }) => {
      const Variables = FUNCTIONS[String(FunctionName)];
      return Variables === undefined ? {} : { Environment: { Variables } };
    });
    return { cloudformation, lambda, asked: listing.asked };
  }
  it('are its functions that know a dead-letter queue, by name, and those that can park have a table', async () => {
    const { lambda, cloudformation, asked: listed } = clients();
    const found = await deployedConsumers({ lambda, cloudformation }, 'shop');
    expect(found).toEqual([
      { subscription: 'bills', functionName: 'shop-bills', inboxTable: undefined, variables: DEAD },
      { subscription: 'mails', functionName: 'shop-mails', inboxTable: 'inbox', variables: FUNCTIONS['shop-mails'] },
    ]);
    expect(lambda.asked[0]?.name).toBe(GetFunctionConfigurationCommand.name);
    // No other resource is asked for as if it were one.
    expect(lambda.asked.map(({ input }) => input)).toEqual(
      ['shop-bare', 'shop-bills', 'shop-mails', 'shop-relay'].map((FunctionName) => ({ FunctionName })),
    );
    expect(listed.map(({ input }) => input)).toEqual([
      expect.objectContaining({ StackName: 'shop' }),
      expect.objectContaining({ StackName: 'shop', NextToken: 'more' }),
    ]);
    const place = { subscription: 'mails', table: 'inbox' };
    expect(await parkingConsumers(clients(), 'shop')).toEqual([{ ...found[1], place }]);
    expect(await parkingConsumer(clients(), 'shop', 'mails')).toEqual({ ...found[1], place });
    expect(await deployedConsumer(clients(), 'shop', 'bills')).toEqual(found[0]);
  });

  it.each<[string, (made: ReturnType<typeof clients>) => Promise<unknown>, string]>([
    [
      'no such',
      (made) => deployedConsumer(made, 'shop', 'relay'),
      "subscription 'relay' has no consumer in stack 'shop' (it has: bills, mails). Check the name",
    ],
    [
      'none at all',
      (made) => deployedConsumer(made, 'empty', 'x'),
      "subscription 'x' has no consumer in stack 'empty' (it has: none).",
    ],
    [
      'no table',
      (made) => parkingConsumer(made, 'shop', 'bills'),
      "subscription 'bills' parks nothing: its consumer has no inbox table",
    ],
  ])('are asked for by name: %s', async (_, ask, text) => {
    await expect(ask(clients())).rejects.toThrow(text);
  });

  it('are not deployed when the stack cannot be listed, and say where they were looked for', async () => {
    const ask = deployedConsumers(clients(new Error('no stack')), 'shop');
    await expect(ask).rejects.toThrow(NotDeployed);
    await expect(ask).rejects.toThrow(/^stack 'shop' was not found .* \(no stack\)$/);
    const texts = [undefined, 'http://x'].map((endpoint) => new NotDeployed('s', endpoint, 'why').message);
    expect(texts[0]).toMatch(/^stack 's' was not found in the AWS account of the current credentials\. .*\(why\)$/);
    expect(texts[1]).toMatch(/^stack 's' was not found at http:\/\/x\. /);
    const place = { account: 'A', region: 'R' };
    expect(placeInWords({ ...place, endpoint: undefined })).toBe('account A, region R, on AWS');
    expect(placeInWords({ ...place, endpoint: 'http://x' })).toBe('account A, region R, at http://x');
  });
});

it('a dead letter without a body is an empty one, with its attributes as they came', async () => {
  const MessageAttributes = {
    none: {},
    number: { DataType: 'Number', StringValue: '7' },
    bytes: { DataType: 'Binary', BinaryValue: Uint8Array.from([0, 255]) },
    deadLetter: { DataType: 'String', StringValue: 'no JSON' },
  };
  let isFirst = true;
  const sqs = answering<SQSClient>((name) => {
    if (name !== 'ReceiveMessageCommand' || !isFirst) return {};
    isFirst = false;
    return { Messages: [{ ReceiptHandle: 'r', MessageAttributes }] };
  });
  expect(await lookAtDeadLetters(sqs, 'url')).toEqual([
    {
      ...{ body: '', bytes: Buffer.from(''), letter: undefined, notice: undefined },
      attributes: {
        none: { dataType: 'String', stringValue: '' },
        number: { dataType: 'Number', stringValue: '7' },
        bytes: { dataType: 'Binary', binaryValue: 'AP8=' },
      },
    },
  ]);
});

describe('what is parked', () => {
  const place = { subscription: 'bills', table: 'inbox' };
  const items: Readonly<Record<string, object>> = {
    'parked!bills': { keys: new Set(['K', 'gone']) },
    'parked!bills!lot!K': { last: 9, resumed: 4, changes: [] },
    'parked!bills!5!K': { number: 5, parkedAt: '2026', reason: 'broken', messageId: 'm', body: 'null' },
  };
  function table() {
    const made = answering<DynamoDBDocumentClient>((name, input) => {
      if (name === 'GetCommand') return { Item: items[(input.Key as { pk: string }).pk] };
      const { Keys } = (input.RequestItems as Record<string, { Keys: { pk: string }[] }>).inbox ?? { Keys: [] };
      return {
        UnprocessedKeys: {},
        Responses: { inbox: Keys.flatMap(({ pk }) => (pk in items ? [{ pk, ...items[pk] }] : [])) },
      };
    });
    const asked = () => made.asked.map(({ name, input }) => `${name} ${JSON.stringify(input)}`);
    return { made, asked };
  }
  const get = (pk: string) => `GetCommand {"TableName":"inbox","Key":{"pk":"${pk}"},"ConsistentRead":true}`;
  const batch = (...keys: readonly string[]) =>
    `BatchGetCommand {"RequestItems":{"inbox":{"Keys":${JSON.stringify(keys.map((pk) => ({ pk })))},"ConsistentRead":true}}}`;

  it('is read consistently: the keys, how they stand, and their first messages', async () => {
    const { made, asked } = table();
    expect(await listParked(made, place)).toEqual([
      { key: 'K', messages: 5, since: '2026', reason: 'broken', changes: [] },
    ]);
    expect(asked()).toEqual([
      get('parked!bills'),
      batch('parked!bills!lot!K', 'parked!bills!lot!gone'),
      batch('parked!bills!5!K'),
    ]);
    await expect(parkedKey(made, place, 'gone')).rejects.toThrow(
      "nothing is parked under key 'gone' of subscription 'bills'",
    );
  });

  it.each([
    [2, [5, 6]],
    [50, [5, 6, 7, 8, 9]],
  ])('is shown consistently, %i messages at most', async (atMost, numbers) => {
    const { made, asked } = table();
    expect((await parkedMessages(made, place, 'K', atMost)).map(({ number }) => number)).toEqual([5]);
    expect(asked()).toEqual([get('parked!bills!lot!K'), batch(...numbers.map((number) => `parked!bills!${number}!K`))]);
  });

  it.each([
    ['stays when its function fails', 'K', false],
    ['flows when somebody else has released it', 'gone', true],
  ])('%s', async (_, key, released) => {
    const lambda = answering<LambdaClient>(() => ({ FunctionError: 'Unhandled', Payload: Buffer.from('{}') }));
    const failed = released ? {} : { failed: { reason: 'function-failed', message: 'Unhandled' } };
    expect(await resumeParked({ lambda, dynamodb: table().made }, { functionName: 'f', place }, key)).toEqual({
      ...{ key, resumed: 0, released },
      ...failed,
    });
    const broken = answering<DynamoDBDocumentClient>(() => Promise.reject(new Error('no table')));
    await expect(resumeParked({ lambda, dynamodb: broken }, { functionName: 'f', place }, key)).rejects.toThrow(
      'no table',
    );
  });
});
