import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { beforeAll, expect, it } from 'vitest';
import { subscription } from '../../lib/contracts/subscription.ts';
import { opened, workQueue } from '../contracts/sample-declarations.ts';
import { sqs } from './clients.ts';
import { consumerOf } from './consumer-harness.ts';
import { sqsEvent } from './lambda-events.ts';
import { createQueue, depthOf, receive, useLocalServices } from './local-services.ts';

useLocalServices();

let work: string;
let dead: string;
beforeAll(async () => {
  work = await createQueue('telemetry');
  dead = await createQueue('telemetry-dead');
});

it('acknowledges before it handles, and what fails is dropped and counted', async () => {
  await sqs().send(new SendMessageCommand({ QueueUrl: work, MessageBody: JSON.stringify(opened('A', 'e-1')) }));
  const messages = (await receive(work)).map(({ MessageId = '', ReceiptHandle = '', Body = '' }) => ({
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
  }));
  let inFlight: number | undefined;
  const consumer = consumerOf(
    subscription('telemetry', { to: workQueue, guarantee: 'at-most-once' }),
    async () => {
      inFlight = await depthOf(work);
      throw new Error('lost');
    },
    { deadLetterQueueUrl: dead, queueUrl: work },
  );
  expect(await consumer.deliver(sqsEvent(messages))).toEqual({ batchItemFailures: [] });
  expect(inFlight).toBe(0);
  expect(await depthOf(dead)).toBe(0);
  expect(consumer.lines.find((line) => 'Dropped' in line)?.Dropped).toEqual([1]);
});
