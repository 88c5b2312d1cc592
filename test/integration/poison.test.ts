import { gzipSync } from 'node:zlib';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis';
import { S3Client } from '@aws-sdk/client-s3';
import {
  GetQueueAttributesCommand,
  type MessageAttributeValue,
  SendMessageCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { envelope } from '../../lib/contracts/events/envelope.ts';
import { type DeadMessage, lookAtDeadLetters } from '../../lib/operations/dead-letters/dead-letter-queue.ts';
import { aggregated } from '../../lib/runtime/messages/aggregated-record.ts';
import { eventually } from './orders-app.ts';
import { Parcel } from './poison/contract.ts';
import { type Poison, startPoison } from './poison/system.ts';

let app: Poison;
let kinesis: KinesisClient;
let sqs: SQSClient;
let s3: S3Client;
let dynamodb: DynamoDBClient;

beforeAll(async () => {
  app = await startPoison();
  [kinesis, sqs, s3, dynamodb] = [new KinesisClient({}), new SQSClient({}), new S3Client({}), new DynamoDBClient({})];
}, 60_000);
afterAll(async () => {
  for (const client of [kinesis, sqs, s3, dynamodb]) client?.destroy();
  await app?.close();
});

const MIB = 1_048_576;
const KEY = 'one-key';
const parcel = (id: string, data: object = {}) =>
  JSON.stringify(
    envelope(Parcel, { parcel: KEY, refuse: false, filling: '', ...data }, { id, source: '/test', time: new Date(0) }),
  );
/** An event of so many bytes whose handler fails. */
const refused = (id: string, bytes: number): string => {
  const rest = bytes - Buffer.byteLength(parcel(id, { refuse: true }));
  return parcel(id, { refuse: true, filling: 'x'.repeat(rest) });
};
const was = (what: 'handled' | 'refused', subscription: string): string[] =>
  app.logs.flatMap((line) => new RegExp(`${what} ${subscription} (.+)`).exec(line)?.[1]?.trimEnd() ?? []);
const goodOnes = (names: readonly string[]): string[] => names.map((name) => `good after ${name}`).toSorted();

const damaged = (record: Buffer): Buffer => {
  const copy = Buffer.from(record);
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
  return copy;
};
const handledAll = (subscription: string, names: readonly string[]) =>
  eventually(
    `all good events at ${subscription}`,
    () => was('handled', subscription).length >= names.length && was('handled', subscription),
  );
const lettersIn = async (queue: string, count: number): Promise<DeadMessage[]> => {
  const url = app.output(`${queue}Dead`);
  return eventually(`${count} dead letters of ${queue}`, async () => {
    const letters = await lookAtDeadLetters(sqs, url, 1_000, s3);
    return letters.length >= count && letters;
  });
};

it('a log: any bytes lie in the dead letters as they came, and what follows them is handled', async () => {
  const good = Buffer.from(parcel('in a record'));
  const bad: Readonly<Record<string, readonly [reason: string, bytes: Buffer, given?: Buffer]>> = {
    gzip: ['broken-json', gzipSync('{}')],
    'control character': ['broken-json', Buffer.from('a\u0000\u0007b')],
    'U+FFFF': ['broken-json', Buffer.from('\uFFFF')],
    nothing: ['broken-json', Buffer.alloc(0)],
    'Latin-1': ['broken-json', Buffer.from('café', 'latin1')],
    emoji: ['broken-json', Buffer.from('🦜 \u{10FFFF}')],
    large: ['broken-json', Buffer.alloc(MIB - 6 - KEY.length, 0xff)],
    'an empty part': ['broken-json', Buffer.alloc(0), aggregated(KEY, [good, Buffer.alloc(0)])],
    'a damaged record': ['broken-json', damaged(aggregated(KEY, [good]))],
    'no event': ['not-an-event', Buffer.from('{"a": [1, "\\u0000"]}')],
    'large and refused': ['refused', Buffer.from(refused('large and refused', MIB - 10))],
  };
  const names = Object.keys(bad);
  const put = (Data: Buffer) =>
    kinesis.send(new PutRecordCommand({ StreamName: app.output('frombelt'), PartitionKey: KEY, Data }));
  for (const [name, [, bytes, given = bytes]] of Object.entries(bad)) {
    await put(given);
    await put(Buffer.from(parcel(`good after ${name}`)));
  }
  const handled = await handledAll('from-belt', [...names, 'in a record']);
  expect(handled.filter((id) => id !== 'in a record').toSorted()).toEqual(goodOnes(names));
  const letters = await lettersIn('frombelt', names.length);
  const told = (all: readonly (readonly [string, Buffer])[]) =>
    all.map(([reason, bytes]) => [reason, bytes.length, bytes.subarray(0, 1_000).toString('hex')].join(' ')).toSorted();
  expect(told(letters.map(({ letter, bytes }) => [letter?.reason ?? '', bytes] as const))).toEqual(
    told(Object.values(bad).map(([reason, bytes]) => [reason, bytes] as const)),
  );
  for (const { letter, bytes } of letters) {
    expect(letter?.record?.partitionKey).toBe(KEY);
    const [name] = Object.entries(bad).find(([, [, other]]) => bytes.equals(other)) ?? [];
    expect(name).toBeDefined();
  }
}, 60_000);

interface Given {
  readonly reason: string;
  readonly body: string;
  readonly attributes?: Record<string, MessageAttributeValue>;
}
const ten: Record<string, MessageAttributeValue> = Object.fromEntries(
  Array.from({ length: 10 }, (_, i) => [
    `a${i}`,
    [
      { DataType: 'Number', StringValue: String(i) },
      { DataType: 'Binary', BinaryValue: Buffer.from([0, 255, i]) },
      { DataType: 'String.own type', StringValue: `🦜${i}` },
      { DataType: 'Binary.png', BinaryValue: Buffer.from([i]) },
    ][i % 4] as MessageAttributeValue,
  ]),
);
const toQueues: Readonly<Record<string, Given>> = {
  'no JSON': { reason: 'broken-json', body: '{' },
  'tab and line': { reason: 'broken-json', body: '\t\r\n' },
  emoji: { reason: 'broken-json', body: '🦜 \u{10FFFF} \uFFFD' },
  'Latin-1': { reason: 'broken-json', body: 'caf\u00e9\u0085' },
  'gzip as base64': { reason: 'broken-json', body: gzipSync('{}').toString('base64') },
  null: { reason: 'not-an-event', body: 'null' },
  large: { reason: 'broken-json', body: 'é'.repeat((MIB - 6) / 2) },
  'ten attributes': { reason: 'refused', body: parcel('ten attributes', { refuse: true }), attributes: ten },
  'ten attributes, no event': { reason: 'broken-json', body: 'no event', attributes: ten },
  'a damaged wrapping': {
    reason: 'wrapped-damaged',
    body: '{"wrappedMessage":{"encoding":"utf8","bytes":1,"sha256":"0","content":"é","attributes":{}}}',
  },
  'large and refused': { reason: 'refused', body: refused('large and refused', MIB - 10) },
};

describe.each([
  ['queue', 'from-queue'],
  ['FIFO queue', 'from-groups'],
])('a %s', (_, subscription) => {
  const output = subscription.replace('-', '');
  const names = Object.keys(toQueues);

  it('whatever SQS takes lies in the dead letters as it came, and what follows it is handled', async () => {
    const QueueUrl = app.output(output);
    const fifo = QueueUrl.endsWith('.fifo');
    const send = (MessageBody: string, group: string, MessageAttributes?: Given['attributes']) =>
      sqs.send(
        new SendMessageCommand({
          ...{ QueueUrl, MessageBody, MessageAttributes },
          ...(fifo ? { MessageGroupId: group, MessageDeduplicationId: `${group}/${MessageBody.length}` } : {}),
        }),
      );
    for (const [name, { body, attributes }] of Object.entries(toQueues)) {
      // A FIFO queue shows ten dead letters of a group.
      const group = name.replaceAll(/[^a-z0-9]/gi, '-');
      await send(body, group, attributes);
      await send(parcel(`good after ${name}`), group);
    }
    expect((await handledAll(subscription, names)).toSorted()).toEqual(goodOnes(names));
    const letters = await lettersIn(output, names.length);
    for (const [name, { reason, body, attributes = {} }] of Object.entries(toQueues)) {
      const found = letters.find((one) => one.body === body);
      const problem = reason === 'wrapped-damaged' ? expect.stringContaining('cannot be opened') : undefined;
      expect([name, found?.letter?.reason, found?.problem]).toEqual([name, reason, problem]);
      const asHanded = Object.entries(attributes).map(([key, { DataType, StringValue, BinaryValue }]) => [
        key,
        BinaryValue === undefined
          ? { dataType: DataType, stringValue: StringValue }
          : { dataType: DataType, binaryValue: Buffer.from(BinaryValue).toString('base64') },
      ]);
      expect(found?.attributes).toEqual(Object.fromEntries(asHanded));
    }
  }, 60_000);

  it('its redrive brings the original of a wrapped message to the handler', async () => {
    const filling = JSON.parse(toQueues['large and refused']?.body ?? '').data.filling.length;
    const wrapped = [`large and refused ${filling}`, 'ten attributes 0'];
    expect(was('refused', subscription).toSorted()).toEqual(wrapped);
    const arnOf = async (QueueUrl: string) => {
      const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
      return Attributes?.QueueArn;
    };
    // Without a destination SQS moves only what its own redrive brought.
    const [SourceArn, DestinationArn] = [await arnOf(app.output(`${output}Dead`)), await arnOf(app.output(output))];
    await sqs.send(new StartMessageMoveTaskCommand({ SourceArn, DestinationArn }));
    await eventually('the originals', () => was('refused', subscription).length >= 2 * wrapped.length);
    expect(was('refused', subscription).slice(wrapped.length).toSorted()).toEqual(wrapped);
    const again = await lettersIn(output, names.length);
    expect(again.map(({ body }) => body).toSorted()).toEqual(
      Object.values(toQueues)
        .map(({ body }) => body)
        .toSorted(),
    );
  }, 60_000);
});

it("a table's stream: the change lies in the dead letters whole, and what follows it is handled", async () => {
  const bad: Readonly<Record<string, unknown>> = {
    gzip: gzipSync('{}'),
    'control character': 'a\u0000\u0007b',
    'U+FFFF': '\uFFFF',
    'no bytes': Buffer.alloc(0),
    'Latin-1': Buffer.from('café', 'latin1'),
    emoji: '🦜 \u{10FFFF}',
    'a set of bytes': new Set([Buffer.from([0]), Buffer.from([255])]),
    'a set of numbers': new Set([1, 2.5]),
    nested: { list: [null, true, { 'a.b': '' }] },
    'nearly an item': Buffer.alloc(399_000, 0xff),
    'text of nearly an item': '\u0001'.repeat(399_000),
  };
  const names = Object.keys(bad);
  const put = (Item: Record<string, unknown>) =>
    dynamodb.send(new PutCommand({ TableName: app.output('fromshelf'), Item: { pk: KEY, ...Item } }));
  for (const [name, content] of Object.entries(bad)) {
    await put({ note: name, refuse: true, content });
    await put({ note: `good after ${name}` });
  }
  expect((await handledAll('from-shelf', names)).toSorted()).toEqual(goodOnes(names));
  const letters = await lettersIn('fromshelf', names.length);
  for (const [name, content] of Object.entries(bad)) {
    const found = letters
      .map(({ body, letter }) => ({ ...JSON.parse(body).data, letter }))
      .find(({ after }) => after.note === name);
    expect([name, found?.letter?.reason]).toEqual([name, 'refused']);
    const after = found?.after.content;
    if (Buffer.isBuffer(content)) expect(Buffer.from(after, 'base64').equals(content)).toBe(true);
    else if (!(content instanceof Set)) expect(JSON.stringify(after) === JSON.stringify(content)).toBe(true);
    else expect(after).toHaveLength(content.size);
  }
}, 60_000);
