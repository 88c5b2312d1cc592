import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse } from 'aws-lambda';
import { beforeAll, describe, expect, it } from 'vitest';
import { subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { consume } from '../../lib/runtime/consuming/consume.ts';
import { lambda, type Runtime } from '../../lib/runtime/invocation/runtime.ts';
import { opened, workQueue } from '../contracts/sample-declarations.ts';
import { sqs } from './clients.ts';
import { consumerOf } from './consumer-harness.ts';
import { lambdaContext, sqsEvent } from './lambda-events.ts';
import { createQueue, depthOf, receive, useLocalServices } from './local-services.ts';

useLocalServices();

const telemetry = subscription('telemetry', { to: workQueue, guarantee: 'at-most-once' });

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
    telemetry,
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

interface DeleteBatch {
  readonly QueueUrl: string;
  readonly Entries: readonly { readonly Id: string; readonly ReceiptHandle: string }[];
}
const deleted = ({ Entries }: DeleteBatch): object => ({ Successful: Entries.map(({ Id }) => ({ Id })), Failed: [] });

/** Delivers messages T-0, T-1, ... to a consumer whose deletions are answered so. */
async function deliver(count: number, answer: (request: DeleteBatch, number: number) => unknown) {
  const requests: DeleteBatch[] = [];
  const lines: Record<string, unknown>[] = [];
  const handled: string[] = [];
  const runtime: Runtime = {
    ...lambda,
    env: () => 'the-queue',
    write: (line) => lines.push(JSON.parse(line)),
    aws: async (_service, _operation, input) => answer(input as DeleteBatch, requests.push(input as DeleteBatch)),
  };
  const handle = async ({ ticket }: { ticket: string }) => void handled.push(ticket);
  const handlers = { 'tickets.ticket-opened': handle, 'tickets.ticket-closed': handle };
  const messages = Array.from({ length: count }, (_, i) => ({
    body: JSON.stringify(opened(`T-${i}`)),
    receiptHandle: `r-${i}`,
  }));
  const result = (await consume(telemetry, handlers, { runtime })(
    sqsEvent(messages),
    lambdaContext(),
  )) as SQSBatchResponse;
  const failures = result.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  return { requests, lines, handled: handled.toSorted(), failures };
}

describe('what could not be acknowledged is not handled, and comes again', () => {
  const refusal = { Id: '1', Code: 'InternalError', Message: 'try again', SenderFault: false };
  const taken = (...ids: string[]) => ids.map((Id) => ({ Id }));

  it.each<[string, () => unknown, string[]]>([
    ['refused', () => ({ Successful: taken('0', '2'), Failed: [refusal] }), ['message-1']],
    ['refused and deleted at once', () => ({ Successful: taken('0', '1', '2'), Failed: [refusal] }), ['message-1']],
    ['not mentioned', () => ({ Successful: taken('0', '2'), Failed: [] }), ['message-1']],
    ['not mentioned, nor the others', () => undefined, ['message-0', 'message-1', 'message-2']],
    ['not answered', () => Promise.reject(new Error('no answer')), ['message-0', 'message-1', 'message-2']],
  ])('%s', async (_, answer, again) => {
    const { failures, handled, lines } = await deliver(3, answer);
    expect(failures).toEqual(again);
    expect(handled).toEqual(['T-0', 'T-1', 'T-2'].filter((ticket) => !again.includes(ticket.replace('T', 'message'))));
    const warned = lines.filter(({ message }) => message === 'not handled: it could not be acknowledged first');
    expect(warned.map(({ messageId }) => messageId)).toEqual(again);
    // Not lost: it is neither counted as received by the handler nor as dropped.
    expect(lines.find((line) => 'Received' in line)?.Received).toEqual([3 - again.length]);
    expect(lines.some((line) => 'Dropped' in line)).toBe(false);
  });

  it('of eleven only those of the request that failed', async () => {
    const { failures, handled } = await deliver(11, (request, number) =>
      number === 1 ? Promise.reject(new Error('no answer')) : deleted(request),
    );
    expect(failures).toEqual(Array.from({ length: 10 }, (_, i) => `message-${i}`));
    expect(handled).toEqual(['T-10']);
  });
});

it('acknowledges ten at a time, which is what SQS takes', async () => {
  const { requests, failures } = await deliver(20, deleted);
  expect(failures).toEqual([]);
  expect(requests.map(({ QueueUrl, Entries }) => [QueueUrl, Entries.length])).toEqual([
    ['the-queue', 10],
    ['the-queue', 10],
  ]);
  expect(requests[1]?.Entries[9]).toEqual({ Id: '9', ReceiptHandle: 'r-19' });
  const eleven = await deliver(11, deleted);
  expect(eleven.requests.map(({ Entries }) => Entries.map(({ ReceiptHandle }) => ReceiptHandle))).toEqual([
    Array.from({ length: 10 }, (_, i) => `r-${i}`),
    ['r-10'],
  ]);
});
