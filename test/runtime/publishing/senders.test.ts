import { describe, expect, it } from 'vitest';
import type { Channel } from '../../../lib/contracts/channels/channel.ts';
import { fifoQueue, queue } from '../../../lib/contracts/channels/queue.ts';
import type { Entry } from '../../../lib/runtime/messages/entries.ts';
import { SENDERS } from '../../../lib/runtime/publishing/senders.ts';
import {
  events,
  opened,
  orderedQueue,
  ticketLog,
  ticketTopic,
  workQueue,
} from '../../contracts/sample-declarations.ts';

const entry = (id: string, more: Partial<Entry> = {}): Entry => {
  const envelope = opened('A', id);
  return {
    ...{ envelope, carries: [envelope], body: `body of ${id}`, bytes: 10, key: 'A', claims: [] },
    ...{ group: undefined, deduplicationId: `dedup-${id}` },
    ...more,
  };
};

/** One request, answered; unless said otherwise everything is taken. */
async function send(channel: Channel, entries: readonly Entry[], answer: unknown = allTaken(channel, entries)) {
  const calls: unknown[][] = [];
  const aws = async (...call: unknown[]) => {
    calls.push(call);
    return answer;
  };
  const unsent = await SENDERS[channel.kind].send(aws, channel, 'address', entries);
  expect(calls).toHaveLength(1);
  const [service, operation, input] = calls[0] ?? [];
  return { unsent, call: `${service} ${operation}`, input: input as Record<string, unknown> };
}

const idsOf = (entries: readonly Entry[]) => entries.map((_, i) => ({ Id: String(i) }));
const allTaken = ({ kind }: Channel, entries: readonly Entry[]): object =>
  kind === 'log'
    ? { FailedRecordCount: 0, Records: entries.map((_, i) => ({ SequenceNumber: String(i + 1), ShardId: 'shard' })) }
    : { Successful: idsOf(entries), Failed: [] };

const text = (StringValue: string) => ({ DataType: 'String', StringValue });
const attributesOf = ({ envelope }: Entry) => ({
  type: text('tickets.ticket-opened'),
  version: text('v1'),
  traceparent: text(envelope.traceparent),
});

describe('a request', () => {
  it('to a topic carries body, routing attributes, group and deduplication id', async () => {
    const one = entry('e-1', { group: 'A' });
    expect(await send(ticketTopic, [one])).toEqual({
      unsent: [],
      call: 'sns PublishBatch',
      input: {
        TopicArn: 'address',
        PublishBatchRequestEntries: [
          {
            ...{ Id: '0', Message: 'body of e-1', MessageAttributes: attributesOf(one) },
            ...{ MessageGroupId: 'A', MessageDeduplicationId: 'dedup-e-1' },
          },
        ],
      },
    });
  });

  it('to a standard queue has no deduplication id, which would be refused; a delay when there is one', async () => {
    const [one, two] = [entry('e-1'), entry('e-2', { group: 'tenant', delaySeconds: 7 })];
    expect(await send(workQueue, [one, two])).toEqual({
      unsent: [],
      call: 'sqs SendMessageBatch',
      input: {
        QueueUrl: 'address',
        Entries: [
          { Id: '0', MessageBody: 'body of e-1', MessageAttributes: attributesOf(one) },
          {
            ...{ Id: '1', MessageBody: 'body of e-2', MessageAttributes: attributesOf(two) },
            ...{ MessageGroupId: 'tenant', DelaySeconds: 7 },
          },
        ],
      },
    });
  });

  it('to a FIFO queue has group and deduplication id', async () => {
    const { input } = await send(orderedQueue, [entry('e-1', { group: 'A' })]);
    expect(input.Entries).toEqual([
      expect.objectContaining({ MessageGroupId: 'A', MessageDeduplicationId: 'dedup-e-1' }),
    ]);
  });

  it('to a log carries bytes under the key', async () => {
    expect(await send(ticketLog, [entry('e-1')])).toEqual({
      unsent: [],
      call: 'kinesis PutRecords',
      input: {
        StreamName: 'address',
        Records: [{ Data: Buffer.from('body of e-1').toString('base64'), PartitionKey: 'A' }],
      },
    });
  });

  it('leaves out attributes that a foreign event has not: an empty value would be refused', async () => {
    const one = entry('e-1');
    const { traceparent: _, ...without } = one.envelope;
    const foreign = { ...one, envelope: { ...without, dataschema: 'urn:other:v2', type: '' } as Entry['envelope'] };
    const { input } = await send(workQueue, [foreign]);
    expect(input.Entries).toEqual([expect.objectContaining({ MessageAttributes: { version: text('v2') } })]);
  });
});

describe('what a service refuses', () => {
  const two = [entry('e-1'), entry('e-2')];
  const why = { Code: 'Throttled', Message: 'slow down' };

  it.each<[string, Channel]>([
    ['topic', ticketTopic],
    ['queue', queue('q', { events })],
    ['queue', fifoQueue('q', { events })],
  ])('of a batch to a %s is named by its place', async (_, channel) => {
    const { unsent } = await send(channel, two, { Successful: [{ Id: '0' }], Failed: [{ Id: '1', ...why }] });
    expect(unsent).toEqual([{ entry: two[1], error: 'Throttled: slow down', code: 'Throttled' }]);
  });

  it('of a log is a record with an error code', async () => {
    const { unsent } = await send(ticketLog, two, {
      FailedRecordCount: 1,
      // As kinesis-local answers: absent values are null.
      Records: [
        { SequenceNumber: '1', ErrorCode: null },
        { SequenceNumber: null, ErrorCode: 'Throttled', ErrorMessage: 'slow down' },
      ],
    });
    expect(unsent).toEqual([{ entry: two[1], error: 'Throttled: slow down', code: 'Throttled' }]);
  });

  it.each([ticketTopic, workQueue, ticketLog])('is everything when $kind answers nothing', async (channel) => {
    for (const answer of [null, {}, 'yes']) {
      const { unsent } = await send(channel, two, answer);
      expect(unsent.map((one) => [one.entry, one.code])).toEqual(two.map((one) => [one, undefined]));
    }
  });
});
