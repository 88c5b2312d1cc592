import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { loadFauxqs } from '../../../lib/local/messaging/fauxqs/fauxqs.ts';
import type { SqsMessage } from '../../../lib/local/messaging/messages/fauxqs-types.ts';
import { createReceiving } from '../../../lib/local/messaging/sqs/receiving.ts';
import { expireMessages } from '../../../lib/local/messaging/sqs/retention.ts';
import { type Harness, startHarness, until } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());
afterEach(() => {
  vi.useRealTimers();
});

/** A queue of fauxqs with the messages given by the ages they have, in milliseconds. */
async function queueOf(attributes: Record<string, string>, ages: readonly number[]) {
  const { close, sqsStore, callSqs } = await loadFauxqs('us-east-1', { holdBack: () => 0 });
  const arn = 'arn:aws:sqs:us-east-1:000000000000:q';
  const queue = sqsStore.createQueue('q', 'http://x/0/q', arn, { VisibilityTimeout: '30', ...attributes });
  expireMessages(queue, 60);
  for (const [index, age] of ages.entries()) {
    const message = { messageId: `${index}`, body: `${age}`, md5OfBody: '', messageAttributes: {} };
    queue.enqueue({
      ...message,
      sentTimestamp: Date.now() - age,
      approximateReceiveCount: 0,
      messageGroupId: 'g',
    } as SqsMessage);
  }
  return { close, queue, sqsStore, callSqs };
}

const FIFO = { FifoQueue: 'true' };
it.each([{}, FIFO])('hands out no message that is older than the retention, to the millisecond (%j)', async (type) => {
  vi.useFakeTimers({ toFake: ['Date'] });
  // A minute, sixty times as fast.
  const { close, queue } = await queueOf({ MessageRetentionPeriod: '60', ...type }, [999, 998, 600]);
  const received = () => {
    const bodies = queue.dequeue(10).map(({ Body }) => Body);
    for (const [handle] of queue.inflightMessages) queue.changeVisibility(handle, 0);
    return bodies.sort();
  };
  vi.setSystemTime(Date.now() + 1);
  expect(received()).toEqual(['600', '998', '999']);
  vi.setSystemTime(Date.now() + 1);
  expect(received()).toEqual(['600', '998']);
  vi.setSystemTime(Date.now() + 1);
  expect(received()).toEqual(['600']);
  queue.setAttributes({ MessageRetentionPeriod: '120' });
  vi.setSystemTime(Date.now() + 500);
  expect(received()).toEqual(['600']);
  queue.setAttributes({ MessageRetentionPeriod: '60' });
  expect(received()).toEqual([]);
  await close();
});

it.each([{}, FIFO])(
  'gives back what its caller could not be told of, as if it had not been received (%j)',
  async (type) => {
    const { close, queue, sqsStore, callSqs } = await queueOf(type, [3, 2]);
    const { receive } = createReceiving(sqsStore, callSqs);
    const headers = { 'x-amz-target': 'AmazonSQS.ReceiveMessage' };
    for (const before of [0, 1]) {
      const { onUnsent, body } = await receive({ headers }, { QueueUrl: queue.url, MaxNumberOfMessages: 10 });
      expect(String(body)).toContain('ReceiptHandle');
      onUnsent?.();
      const [first] = queue.dequeue(1);
      const [entry] = queue.inflightMessages.values();
      expect(first?.Body).toBe('3');
      expect(entry?.message.approximateReceiveCount).toBe(before + 1);
      queue.changeVisibility(first?.ReceiptHandle ?? '', 0);
      if (!queue.isFifo()) queue.messages.reverse();
    }
    await close();
  },
);

it('takes nothing for a caller who had gone before the receive began', async () => {
  const { close, queue, sqsStore, callSqs } = await queueOf({}, [1]);
  const { receive } = createReceiving(sqsStore, callSqs);
  const { body } = await receive({ headers: {}, gone: AbortSignal.abort() }, { QueueUrl: queue.url });
  expect(body).toBe('{}');
  expect(queue.messages).toHaveLength(1);
  await close();
});

it('ends long polls when the engine stops, those of queues that wait by themselves and those that come late, too', async () => {
  // The time of the polls never comes: what ends is ended.
  vi.useFakeTimers({ toFake: ['Date'] });
  const { close, queue, sqsStore, callSqs } = await queueOf({ ReceiveMessageWaitTimeSeconds: '20' }, []);
  const receiving = createReceiving(sqsStore, callSqs);
  const headers = { 'x-amz-target': 'AmazonSQS.ReceiveMessage' };
  const poll = (more: object) => receiving.receive({ headers }, { QueueUrl: queue.url, ...more });
  const polls = [{ WaitTimeSeconds: 20 }, { WaitTimeSeconds: 1 }, {}].map(poll);
  await setImmediate();
  receiving.close();
  await close();
  polls.push(poll({ WaitTimeSeconds: 20 }), poll({}));
  for (const { body } of await Promise.all(polls)) expect(body).toBe('{}');
});

it.each(['end', 'reset'])(
  'a connection that is closed in the middle of a long poll (%s) takes nothing',
  async (how) => {
    const { sqs } = harness.clients;
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: `gone-${how}` }));
    const body = JSON.stringify({ QueueUrl, WaitTimeSeconds: 20 });
    const socket = connect(harness.services.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(
      `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    // A call on another connection that ends later has seen the poll begin.
    await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
    if (how === 'end') socket.end();
    else socket.resetAndDestroy();
    await once(socket, 'close');
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
    const message = await until('the message', async () => {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MessageSystemAttributeNames: ['All'], VisibilityTimeout: 0 }),
      );
      return Messages[0];
    });
    expect(message.Attributes?.ApproximateReceiveCount).toBe('1');
  },
);
