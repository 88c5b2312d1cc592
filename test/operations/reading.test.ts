import { randomBytes, randomUUID } from 'node:crypto';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lookAtDeadLetters } from '../../lib/operations/dead-letters/dead-letter-queue.ts';
import { NotDeployed, output, outputsOf } from '../../lib/operations/deployed/deployment.ts';
import { readLog } from '../../lib/operations/traffic/read-log.ts';
import { describeFailure, sendDeadLetter } from '../../lib/runtime/dead-letters/dead-letters.ts';
import { keptMessages } from '../../lib/runtime/dead-letters/kept-messages.ts';
import { lambda } from '../../lib/runtime/invocation/runtime.ts';
import { bodyOfBytes, type Message } from '../../lib/runtime/messages/message.ts';
import { kinesis, sqs } from '../runtime/clients.ts';
import { createQueue, createStream, receive, useLocalServices } from '../runtime/local-services.ts';

useLocalServices();

describe('lookAtDeadLetters', () => {
  it('shows all of a queue, with and without a reason, and leaves them there', async () => {
    const QueueUrl = await createQueue('dead');
    for (let i = 0; i < 25; i++) {
      const letter = { DataType: 'String', StringValue: JSON.stringify({ reason: 'broken-json' }) };
      await sqs().send(
        new SendMessageCommand({
          QueueUrl,
          MessageBody: `message ${i}`,
          MessageAttributes: {
            tenant: { DataType: 'String', StringValue: 'acme' },
            ...(i % 5 === 0 ? {} : { deadLetter: letter }),
          },
        }),
      );
    }
    for (const _ of ['first look', 'second look']) {
      const seen = await lookAtDeadLetters(sqs(), QueueUrl);
      expect(seen.map(({ body }) => body).sort()).toEqual(Array.from({ length: 25 }, (_, i) => `message ${i}`).sort());
      expect(seen.filter(({ letter }) => letter === undefined)).toHaveLength(5);
      expect(seen.filter(({ letter }) => letter?.reason === 'broken-json')).toHaveLength(20);
      // The reason is no attribute of the message: sent again it would not be its own.
      expect(new Set(seen.flatMap(({ attributes }) => Object.keys(attributes)))).toEqual(new Set(['tenant']));
    }
    expect(await receive(QueueUrl)).toHaveLength(10);
  });

  /** More than a queue takes, and nothing that packs. */
  const large = randomBytes(1_100_000);
  const texts = Buffer.from('é'.repeat(800_000));

  it.each<[string, Buffer, boolean]>([
    ['text', Buffer.from('plain'), false],
    ['no text', Buffer.from([0xff, 0, 0x80]), false],
    ['empty', Buffer.alloc(0), false],
    ['large, and packs', texts, false],
    ['large: in an object', large, true],
    ['text and large: in an object', Buffer.from(large.toString('base64')), true],
  ])('opens what was sent, byte by byte, with attributes and reason: %s', async (_, bytes, isApart) => {
    const QueueUrl = await createQueue(`dead-${randomUUID()}`);
    const s3 = new S3Client({ forcePathStyle: true });
    onTestFinished(() => s3.destroy());
    await s3.send(new CreateBucketCommand({ Bucket: 'letters' }));
    const kept = keptMessages({ name: 'worker' }, { ...lambda, env: () => 'letters' });
    const attributes = {
      tenant: { dataType: 'String', stringValue: 'acme' },
      print: { dataType: 'Binary.sha', binaryValue: '/wA=' },
    };
    const message: Message = {
      ...{ id: 'm', unit: 'K', source: 'work', receives: 1, firstReceived: 0, attributes },
      ...bodyOfBytes(bytes),
    };
    const letter = describeFailure('worker', message, 'broken', new Error('no'), 0);
    await sendDeadLetter(lambda.aws, QueueUrl, message, letter, kept);
    const [seen] = await lookAtDeadLetters(sqs(), QueueUrl, undefined, s3);
    expect(seen?.bytes.equals(bytes)).toBe(true);
    expect(seen).toMatchObject({ attributes, letter: { reason: 'broken', consumer: 'worker' } });
    expect(seen?.problem).toBeUndefined();
    const [unopened] = await lookAtDeadLetters(sqs(), QueueUrl);
    expect(unopened?.problem).toEqual(
      isApart ? expect.stringMatching(/^it is in the object s3:\/\/letters\//) : undefined,
    );
    expect(unopened?.letter).toMatchObject({ reason: 'broken' });
  });

  it('shows nothing of an empty queue', async () => {
    expect(await lookAtDeadLetters(sqs(), await createQueue('empty'))).toEqual([]);
  });
});

describe('readLog', () => {
  it('reads every shard from its oldest record to its end', async () => {
    await createStream('log', 3);
    const records = Array.from({ length: 60 }, (_, i) => ({
      Data: Buffer.from(`record ${i}`),
      PartitionKey: `key-${i % 12}`,
    }));
    await kinesis().send(new PutRecordsCommand({ StreamName: 'log', Records: records }));
    const read = await readLog(kinesis(), 'log');
    expect(read.map(({ body }) => body).sort()).toEqual(records.map(({ Data }) => Data.toString()).sort());
    expect(new Set(read.map(({ shard }) => shard)).size).toBeGreaterThan(1);
    for (const inShard of Map.groupBy(read, ({ shard }) => shard).values()) {
      const numbers = inShard.map(({ sequenceNumber }) => BigInt(sequenceNumber));
      expect(numbers).toEqual(numbers.toSorted((a, b) => (a < b ? -1 : 1)));
    }
  });
});

describe('a deployment', () => {
  it('that is not there is named, with what to do', async () => {
    const missing = outputsOf('sluice-nowhere-orders');
    await expect(missing).rejects.toThrow(NotDeployed);
    await expect(missing).rejects.toThrow(
      /^stack 'sluice-nowhere-orders' was not found at http:\/\/127\.0\.0\.1:\d+\. Start the engine/,
    );
  });

  it('must have the output that is asked for', () => {
    expect(output({ Queue: 'url' }, 'Queue')).toBe('url');
    expect(() => output({ Queue: 'url' }, 'Table')).toThrow(
      "the deployed stack has no output 'Table' (it has: Queue); deploy it again",
    );
  });
});
