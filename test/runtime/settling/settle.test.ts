import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { seconds } from '../../../lib/contracts/declaring/duration.ts';
import { exponential } from '../../../lib/contracts/declaring/retry.ts';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { Reject, Retry } from '../../../lib/runtime/invocation/outcomes.ts';
import { opened, orderedQueue, ticketLog, workQueue } from '../../contracts/sample-declarations.ts';
import { sqs } from '../clients.ts';
import { consumerOf, watchWaits } from '../consumer-harness.ts';
import { kinesisEvent, QUEUE_ARN, type SentMessage, sqsEvent } from '../lambda-events.ts';
import { createQueue, drain, receive, useLocalServices } from '../local-services.ts';

useLocalServices();

const retry = exponential({ attempts: 3, base: seconds(10), cap: seconds(60) });
const worker = subscription('worker', { to: workQueue, retry });
const ordered = subscription('ordered', { to: orderedQueue, retry });

let work: string;
let dead: string;
let workFifo: string;
let deadFifo: string;
let waits: Map<string, number>;

beforeAll(async () => {
  work = await createQueue('work');
  dead = await createQueue('work-dead');
  workFifo = await createQueue('ordered.fifo');
  deadFifo = await createQueue('ordered-dead.fifo');
});

beforeEach(async () => {
  for (const queue of [work, dead, workFifo, deadFifo]) await drain(queue);
  waits = watchWaits();
});

const body = (ticket: string, id = `e-${ticket}`) => JSON.stringify(opened(ticket, id));

/** Sends messages to a queue and receives them: what a mapping would deliver. */
async function throughQueue(url: string, bodies: readonly string[], group?: string): Promise<SentMessage[]> {
  for (const [i, MessageBody] of bodies.entries()) {
    const fifo = group === undefined ? {} : { MessageGroupId: group, MessageDeduplicationId: `${Date.now()}-${i}` };
    await sqs().send(new SendMessageCommand({ QueueUrl: url, MessageBody, ...fifo }));
  }
  return (await receive(url)).map(({ MessageId = '', ReceiptHandle = '', Body = '' }) => ({
    id: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    ...(group === undefined ? {} : { group }),
  }));
}

const failing = (error: unknown) => () => Promise.reject(error);
const reported = (messages: readonly SentMessage[]) => ({
  batchItemFailures: messages.map(({ id }) => ({ itemIdentifier: id })),
});
const letterOf = (message: Awaited<ReturnType<typeof receive>>[number] | undefined) =>
  JSON.parse(message?.MessageAttributes?.deadLetter?.StringValue ?? '{}');

describe('what is to be tried again', () => {
  it.each([
    ['the policy’s backoff, by how often it was received', new Error('no'), 2, 0.5, 10],
    ['a whole second at least as long', new Error('no'), 1, 0.01, 1],
    ['nothing when the draw says so', new Error('no'), 1, 0, 0],
    ['what the handler wishes', new Retry('busy', { after: seconds(7) }), 1, 0.5, 7],
    ['twelve hours at most', new Retry('busy', { after: seconds(1_000_000) }), 1, 0.5, 43_200],
  ])('waits for %s', async (_, error, receives, random, expected) => {
    const [message] = await throughQueue(work, [body('T-1')]);
    if (message === undefined) throw new Error('no message came');
    const consumer = consumerOf(worker, failing(error), { deadLetterQueueUrl: dead, queueUrl: work, random });
    expect(await consumer.deliver(sqsEvent([{ ...message, receives }]))).toEqual(reported([message]));
    expect(waits.get(message.receiptHandle ?? '')).toBe(expected);
    expect(await receive(work)).toHaveLength(expected === 0 ? 1 : 0);
    expect(await drain(dead)).toEqual([]);
  });

  it('lets what was held behind it wait as long: a FIFO group comes back together', async () => {
    const messages = await throughQueue(workFifo, [body('T-1', 'a'), body('T-1', 'b'), body('T-1', 'c')], 'T-1');
    const consumer = consumerOf(ordered, failing(new Error('no')), {
      deadLetterQueueUrl: deadFifo,
      queueUrl: workFifo,
      random: 0.5,
    });
    expect(await consumer.deliver(sqsEvent(messages))).toEqual(reported(messages));
    expect([...waits.values()]).toEqual([5, 5, 5]);
  });

  it('is reported although its wait cannot be set', async () => {
    const message = { id: 'm-1', body: body('T-1'), receiptHandle: 'not-a-handle' };
    const consumer = consumerOf(worker, failing(new Error('no')), { deadLetterQueueUrl: dead, queueUrl: work });
    expect(await consumer.deliver(sqsEvent([message]))).toEqual(reported([message]));
    expect(consumer.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'the wait could not be set', messageId: 'm-1' }),
    );
  });
});

describe('what is given up', () => {
  it('goes to the dead letters after the last attempt, unchanged, with what is known about it', async () => {
    const consumer = consumerOf(worker, failing(new TypeError('no such street')), {
      deadLetterQueueUrl: dead,
      queueUrl: work,
    });
    const attributes = { type: 'tickets.ticket-opened', version: 'v1' };
    const answer = await consumer.deliver(sqsEvent([{ body: body('T-1'), receives: 3, attributes }]));
    expect(answer).toEqual({ batchItemFailures: [] });
    const [message, ...more] = await drain(dead);
    expect(more).toEqual([]);
    expect(message?.Body).toContain('"ticket":"T-1"');
    expect(message?.MessageAttributes?.version?.StringValue).toBe('v1');
    expect(letterOf(message)).toMatchObject({
      reason: 'attempts-exhausted',
      message: 'no such street',
      consumer: 'worker',
      source: QUEUE_ARN,
      attempts: 3,
      eventId: 'e-T-1',
      eventType: 'tickets.ticket-opened',
    });
    expect(consumer.lines).toContainEqual(
      expect.objectContaining({ level: 'error', reason: 'attempts-exhausted', error: 'TypeError' }),
    );
  });

  const event = opened('T-1');
  it.each([
    ['a rejected message', body('T-1'), 'bad-address'],
    ['broken JSON', '{', 'broken-json'],
    ['another object', '{"a":1}', 'not-an-event'],
    ['an unknown type', JSON.stringify({ ...event, type: 'tickets.eaten' }), 'unknown-type'],
    [
      'another version',
      JSON.stringify({ ...event, dataschema: 'urn:sluice:tickets.ticket-opened:v9' }),
      'wrong-version',
    ],
    ['invalid data', JSON.stringify({ ...event, data: {} }), 'invalid-data'],
  ])('goes there at once: %s', async (_, text, reason) => {
    const consumer = consumerOf(worker, failing(new Reject('bad-address', 'no')), {
      deadLetterQueueUrl: dead,
      queueUrl: work,
    });
    expect(await consumer.deliver(sqsEvent([{ body: text }]))).toEqual({ batchItemFailures: [] });
    const letters = await drain(dead);
    expect(letters.map(letterOf)).toMatchObject([{ reason, attempts: 1 }]);
    expect(letters[0]?.Body).toBe(text);
  });

  it('keeps its group in a FIFO queue, and is one dead letter however often it is sent', async () => {
    const consumer = consumerOf(ordered, failing(new Reject('no', 'no')), {
      deadLetterQueueUrl: deadFifo,
      queueUrl: workFifo,
    });
    const batch = sqsEvent([{ id: 'm-1', body: body('T-1'), group: 'T-1' }]);
    await consumer.deliver(batch);
    await consumer.deliver(batch);
    const letters = await drain(deadFifo);
    expect(letters.map(({ Attributes }) => Attributes?.MessageGroupId)).toEqual(['T-1']);
  });

  it('does not hold up its group', async () => {
    const consumer = consumerOf(ordered, failing(new Error('no')), {
      deadLetterQueueUrl: deadFifo,
      queueUrl: workFifo,
    });
    const batch = sqsEvent([
      { id: 'm-2', body: body('T-1', 'a'), group: 'T-1', receives: 3 },
      { id: 'm-3', body: body('T-1', 'b'), group: 'T-1', receives: 1 },
    ]);
    // The second was not tried, because the first had failed; it comes again without it.
    expect(await consumer.deliver(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: 'm-3' }] });
    expect(await drain(deadFifo)).toHaveLength(1);
  });

  it('is tried again when the dead letters cannot be reached', async () => {
    const nowhere = `${dead}-that-is-not-there`;
    const consumer = consumerOf(worker, failing(new Reject('no', 'no')), {
      deadLetterQueueUrl: nowhere,
      queueUrl: work,
    });
    const [message] = await throughQueue(work, [body('T-1')]);
    expect(await consumer.deliver(sqsEvent(message === undefined ? [] : [message]))).toEqual(
      reported([message ?? { body: '' }]),
    );
    expect(consumer.lines).toContainEqual(expect.objectContaining({ level: 'error', error: 'QueueDoesNotExist' }));
  });

  it('is not sent while the stream will deliver it again anyway', async () => {
    const reader = subscription('reader', { to: ticketLog });
    const handle = async ({ ticket }: { ticket: string }) => {
      throw ticket === 'T-1' ? new Error('later') : new Reject('no', 'never');
    };
    const consumer = consumerOf(reader, handle, { deadLetterQueueUrl: dead });
    const batch = kinesisEvent(
      ['T-0', 'T-1', 'T-2'].map((ticket, i) => ({
        body: body(ticket),
        sequenceNumber: String(i),
        partitionKey: ticket,
      })),
    );
    expect(await consumer.deliver(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: '1' }] });
    expect((await drain(dead)).map(letterOf)).toMatchObject([{ eventId: 'e-T-0' }]);
  });
});
