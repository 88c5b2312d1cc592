import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { beforeAll, expect, it } from 'vitest';
import { subscription } from '../../lib/contracts/subscription.ts';
import { consume } from '../../lib/runtime/consume.ts';
import { lambda, type Runtime } from '../../lib/runtime/runtime.ts';
import { opened, workQueue } from '../contracts/sample-declarations.ts';
import { sqs } from './clients.ts';
import { consumerOf } from './consumer-harness.ts';
import { lambdaContext, sqsEvent } from './lambda-events.ts';
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

it('acknowledges ten at a time, which is what SQS takes', async () => {
  const requests: { QueueUrl: string; Entries: { Id: string; ReceiptHandle: string }[] }[] = [];
  const runtime: Runtime = {
    ...lambda,
    env: () => 'the-queue',
    write: () => undefined,
    aws: async (_service, _operation, input) => void requests.push(input as (typeof requests)[number]),
  };
  const handle = async () => undefined;
  const handlers = { 'tickets.ticket-opened': handle, 'tickets.ticket-closed': handle };
  const telemetry = subscription('telemetry', { to: workQueue, guarantee: 'at-most-once' });
  const deliver = (count: number) =>
    consume(telemetry, handlers, { runtime })(
      sqsEvent(
        Array.from({ length: count }, (_, i) => ({ body: JSON.stringify(opened(`T-${i}`)), receiptHandle: `r-${i}` })),
      ),
      lambdaContext(),
    );
  await deliver(20);
  expect(requests.map(({ QueueUrl, Entries }) => [QueueUrl, Entries.length])).toEqual([
    ['the-queue', 10],
    ['the-queue', 10],
  ]);
  expect(requests[1]?.Entries[9]).toEqual({ Id: '9', ReceiptHandle: 'r-19' });
  requests.splice(0);
  await deliver(11);
  expect(requests.map(({ Entries }) => Entries.map(({ ReceiptHandle }) => ReceiptHandle))).toEqual([
    Array.from({ length: 10 }, (_, i) => `r-${i}`),
    ['r-10'],
  ]);
});
