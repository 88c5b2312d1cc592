import { expect, test } from 'vitest';
import { loadFauxqs } from '../../../lib/local/messaging/fauxqs/fauxqs.ts';
import { sourcesOf } from '../../../lib/local/messaging/redrive/dead-letters.ts';
import { limitInFlight, roomFor } from '../../../lib/local/messaging/sqs/in-flight-limit.ts';

const ARN = 'arn:aws:sqs:us-east-1:000000000000:q';

async function queueWith(messages: number, limit: number) {
  const { close, sqsStore, callSqs } = await loadFauxqs('us-east-1', { holdBack: () => 0 });
  const queue = sqsStore.createQueue('q', 'http://x/0/q', ARN, { VisibilityTimeout: '30' });
  limitInFlight(queue, limit);
  for (let count = 0; count < messages; count++)
    await callSqs({
      headers: { 'x-amz-target': 'AmazonSQS.SendMessage' },
      body: { QueueUrl: queue.url, MessageBody: 'x' },
    });
  return { queue, close };
}

test('receives bring no more than may be in flight, and go on when something is deleted', async () => {
  const { queue, close } = await queueWith(8, 5);
  const received = queue.dequeue(3).concat(queue.dequeue(10));
  expect(received).toHaveLength(5);
  expect(roomFor(queue, 5)).toBe(0);
  expect(queue.dequeue(10)).toEqual([]);
  queue.deleteMessage(received[0]?.ReceiptHandle ?? '');
  expect(queue.dequeue(10)).toHaveLength(1);
  await close();
});

test('what has become visible again makes room', async () => {
  const { queue, close } = await queueWith(2, 1);
  expect(queue.dequeue(1, 0)).toHaveLength(1);
  expect(queue.dequeue(1)).toHaveLength(1);
  expect(queue.dequeue(1)).toEqual([]);
  await close();
});

test('the sources of a dead-letter queue are the queues that name it, and no others', async () => {
  const { close, sqsStore } = await loadFauxqs('us-east-1', { holdBack: () => 0 });
  const arnOf = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
  const policies: Readonly<Record<string, string | undefined>> = {
    ...{ dead: undefined, 'dead-2': undefined, alone: undefined },
    ...{ one: 'dead', two: 'dead', three: 'dead-2', middle: 'dead-2', 'before-middle': 'middle' },
  };
  const queues = new Map(
    Object.entries(policies).map(([name, target]) => {
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arnOf(String(target)), maxReceiveCount: 3 });
      const attributes: Record<string, string> = target === undefined ? {} : { RedrivePolicy };
      return [name, sqsStore.createQueue(name, `http://x/0/${name}`, arnOf(name), attributes)] as const;
    }),
  );
  for (const [name, queue] of queues)
    expect([name, sourcesOf(queue, sqsStore).map((one) => one.name)]).toEqual([
      name,
      Object.keys(policies).filter((other) => policies[other] === name),
    ]);
  await close();
});

test('who only looks at a FIFO queue sees as much of a group as a receive has room for, before the next group', async () => {
  const { close, sqsStore, callSqs } = await loadFauxqs('us-east-1', { holdBack: () => 0 });
  const FIFO = { FifoQueue: 'true', VisibilityTimeout: '30' };
  const queue = sqsStore.createQueue('q.fifo', 'http://x/0/q.fifo', `${ARN}.fifo`, FIFO);
  const groups = Array.from({ length: 14 }, (_, i) => `g${i}`);
  for (const round of [1, 2, 3])
    for (const group of groups) {
      const id = { MessageGroupId: group, MessageDeduplicationId: `${group}-${round}` };
      const body = { QueueUrl: queue.url, MessageBody: `${group}-${round}`, ...id };
      await callSqs({ headers: { 'x-amz-target': 'AmazonSQS.SendMessage' }, body });
    }
  const receives = Array.from({ length: 6 }, () => queue.dequeue(10).map(({ Body }) => Body));
  expect(receives[0]?.slice(0, 4)).toEqual(['g0-1', 'g0-2', 'g0-3', 'g1-1']);
  // What is left of a group whose first messages are in flight stays where it is.
  expect(receives.map(({ length }) => length)).toEqual([10, 10, 10, 6, 0, 0]);
  await close();
});
