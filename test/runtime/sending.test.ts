import { describe, expect, it } from 'vitest';
import type { Channel } from '../../lib/contracts/channels/channel.ts';
import { log } from '../../lib/contracts/channels/log.ts';
import { fifoQueue, queue } from '../../lib/contracts/channels/queue.ts';
import { fifoTopic, topic } from '../../lib/contracts/channels/topic.ts';
import { DeclarationError } from '../../lib/contracts/declaring/declaration-error.ts';
import { minutes, seconds } from '../../lib/contracts/declaring/duration.ts';
import type { Envelope } from '../../lib/contracts/events/envelope.ts';
import { AwsError } from '../../lib/runtime/aws/calls/call.ts';
import { lambda, type Runtime } from '../../lib/runtime/invocation/runtime.ts';
import { deaggregated } from '../../lib/runtime/messages/aggregated-record.ts';
import { type Attempt, InvalidKey, PublishFailed, publisher } from '../../lib/runtime/publishing/publish.ts';
import { events, opened } from '../contracts/sample-declarations.ts';
import { answerOf } from './aws-answers.ts';
import { BUCKET, memoryS3 } from './memory-s3.ts';

interface Call {
  readonly operation: string;
  readonly input: Record<string, unknown>;
}

interface SentEntry {
  readonly MessageBody?: string;
  readonly Message?: string;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
  readonly MessageAttributes?: Record<string, unknown>;
  readonly DelaySeconds?: number;
  readonly PartitionKey?: string;
  readonly Data?: string;
}

/** Services that take everything, but for what `refuse` says. */
function services(refuse: (call: Call) => unknown = () => undefined) {
  const calls: Call[] = [];
  const s3 = memoryS3();
  const runtime: Runtime = {
    ...lambda,
    env: s3.runtime.env,
    random: () => 0,
    sleep: async () => undefined,
    async aws(service, operation, input) {
      if (service === 's3') return s3.runtime.aws(service, operation, input);
      const call = { operation, input: input as Record<string, unknown> };
      calls.push(call);
      return refuse(call) ?? answerOf(operation, input);
    },
  };
  return { calls, runtime, s3, sent: () => calls.flatMap(entriesOf) };
}

const entriesOf = ({ input }: Call): readonly SentEntry[] =>
  (input.Entries ?? input.PublishBatchRequestEntries ?? input.Records) as SentEntry[];

const send = (channel: Channel, list: readonly Envelope[], runtime: Runtime, options = {}) =>
  publisher(channel, { address: 'address', ...options }, runtime)(list);

const failureOf = (call: Promise<void>) =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a request that is refused as a whole', () => {
  /** Refuses every request that carries the key, as Kinesis does with one that is not valid. */
  const refusing = (key: string) => (call: Call) => {
    if (entriesOf(call).some(({ PartitionKey }) => PartitionKey === key)) {
      throw new AwsError('ValidationException', 'partitionKey failed to satisfy constraint', 400);
    }
    return undefined;
  };
  const plain = log('plain', { events });

  it('is cut in halves until only the wrong entry is left; the others are sent', async () => {
    const { runtime, calls } = services(refusing('T-3'));
    const tickets = Array.from({ length: 8 }, (_, i) => opened(`T-${i}`));
    const failure = await failureOf(send(plain, tickets, runtime));
    expect(failure).toBeInstanceOf(PublishFailed);
    expect([...(failure as PublishFailed).unsent.keys()]).toEqual(['event-T-3']);
    expect(calls.map((call) => entriesOf(call).length)).toEqual([8, 4, 2, 2, 1, 1, 4]);
    const taken = calls.filter((call) => !entriesOf(call).some(({ PartitionKey }) => PartitionKey === 'T-3'));
    expect(taken.flatMap(entriesOf).map(({ PartitionKey }) => PartitionKey)).toHaveLength(7);
  });

  it('is not tried again when it is wrong in itself', async () => {
    const { runtime, calls } = services(refusing('T-0'));
    await failureOf(send(plain, [opened('T-0')], runtime));
    expect(calls).toHaveLength(1);
  });

  it('is not cut when nothing about an entry is wrong', async () => {
    const { runtime, calls } = services(() => {
      throw new AwsError('AccessDeniedException', 'not authorized', 400);
    });
    await failureOf(send(plain, [opened('A'), opened('B')], runtime));
    expect(calls.map((call) => entriesOf(call).length)).toEqual([2, 2, 2, 2, 2]);
  });

  it('holds the later events of the key that could not be sent', async () => {
    const { runtime } = services(refusing('A'));
    const failure = await failureOf(send(plain, [opened('A', 'a1'), opened('A', 'a2'), opened('B', 'b1')], runtime));
    expect([...(failure as PublishFailed).unsent.keys()]).toEqual(['a1', 'a2']);
  });
});

describe('keys at the border', () => {
  const grouped = (group: unknown) => fifoQueue('work', { events, groupBy: () => group as string });
  const tenants = (tenant: unknown) => queue('work', { events, tenantBy: () => tenant as string });
  const keyed = (key: unknown): Envelope => ({ ...opened('T-1'), partitionkey: key as string });
  const shards = log('shards', { events });

  it.each<[string, Channel, Envelope, string]>([
    [
      'an empty group',
      grouped(''),
      opened('T-1'),
      "has the message group '' on queue 'work'; it must have 1 to 128 letters",
    ],
    ['a group with a space', grouped('a b'), opened('T-1'), "message group 'a b'"],
    ['a group with an accent', grouped('é'), opened('T-1'), "message group 'é'"],
    ['a group of 129 characters', grouped('x'.repeat(129)), opened('T-1'), 'it must have 1 to 128 letters'],
    ['a tenant that is none', tenants('a\nb'), opened('T-1'), 'has the tenant'],
    ['a group of a topic', fifoTopic('t', { events, groupBy: () => ' ' }), opened('T-1'), "on topic 't'"],
    [
      'an empty partition key',
      shards,
      keyed(''),
      "has the partition key '' on log 'shards'; it must have 1 to 256 characters",
    ],
    ['no partition key', shards, keyed(undefined), "partition key 'undefined'"],
    ['a partition key of 257 characters', shards, keyed('x'.repeat(257)), 'it must have 1 to 256 characters'],
  ])('are refused with everything else unsent: %s', async (_, channel, event, message) => {
    const { runtime, calls } = services();
    const failure = await failureOf(send(channel, [opened('T-0', 'e-0'), event], runtime));
    expect(failure).toBeInstanceOf(InvalidKey);
    expect((failure as Error).message).toContain(message);
    expect((failure as Error).message).toContain('Shorten or hash it where it is declared');
    expect(calls).toEqual([]);
  });

  it.each<[string, Channel, Envelope]>([
    ['a group of 128 marks', grouped('!~'.repeat(64)), opened('T-1')],
    ['a partition key of 256 characters', shards, keyed('é'.repeat(256))],
  ])('are taken: %s', async (_, channel, event) => {
    const { runtime, sent } = services();
    await send(channel, [event], runtime);
    expect(sent()).toHaveLength(1);
  });

  it('replace a deduplication id that the service would refuse, always by the same', async () => {
    const { runtime, sent } = services();
    const odd = opened('T-1', `box/${'x'.repeat(130)}/1`);
    await send(fifoQueue('work', { events }), [odd, opened('T-2', 'fine/1')], runtime);
    await send(fifoQueue('work', { events }), [odd], runtime);
    const [first, second, third] = sent().map(({ MessageDeduplicationId }) => MessageDeduplicationId);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(second).toBe('fine/1');
    expect(third).toBe(first);
  });

  it('of foreign events: attributes that are missing are left out', async () => {
    const { runtime, sent } = services();
    const { traceparent: _, ...foreign } = opened('T-1');
    await send(queue('work', { events }), [foreign as Envelope], runtime);
    expect(Object.keys(sent()[0]?.MessageAttributes ?? {})).toEqual(['type', 'version']);
  });
});

describe('fair queues', () => {
  it.each<[string, Channel]>([
    ['a queue', queue('work', { events, tenantBy: ({ subject }) => `tenant-${subject}` })],
    ['a topic', topic('news', { events, tenantBy: ({ subject }) => `tenant-${subject}` })],
  ])('tell the tenant as message group, without a deduplication id: %s', async (_, channel) => {
    const { runtime, sent } = services();
    await send(channel, [opened('A'), opened('B')], runtime);
    expect(sent().map(({ MessageGroupId }) => MessageGroupId)).toEqual(['tenant-A', 'tenant-B']);
    expect(sent().every(({ MessageDeduplicationId }) => MessageDeduplicationId === undefined)).toBe(true);
  });

  it('have the tenant of the topic that feeds them', () => {
    const news = topic('news', { events, tenantBy: ({ subject }) => subject });
    expect(queue('work', { events, from: news }).tenantBy?.(opened('A'))).toBe('A');
    expect(queue('work', { events }).tenantBy).toBeUndefined();
  });

  it('send events of one key side by side: there is no order to keep', async () => {
    const { runtime, calls } = services();
    await send(
      queue('work', { events }),
      Array.from({ length: 10 }, (_, i) => opened('A', `a${i}`)),
      runtime,
    );
    expect(calls).toHaveLength(1);
  });
});

describe('a delay', () => {
  it('is the queue’s, in whole seconds, never early', async () => {
    const { runtime, sent } = services();
    await send(queue('work', { events }), [opened('A')], runtime, { delay: seconds(59.2) });
    expect(sent()[0]?.DelaySeconds).toBe(60);
  });

  it.each<[string, Channel, object, string]>([
    [
      'a FIFO queue',
      fifoQueue('work', { events }),
      { delay: seconds(1) },
      "publisher of queue 'work': delay (1 s) needs a queue without order",
    ],
    [
      'a topic',
      topic('news', { events }),
      { delay: seconds(1) },
      "publisher of topic 'news': delay (1 s) needs a queue without order",
    ],
    [
      'more than 15 minutes',
      queue('work', { events }),
      { delay: minutes(16) },
      'delay must be at most 900 s (given 960 s). Use later() for what is due later.',
    ],
  ])('is refused on %s', (_, channel, options, message) => {
    const declare = () => publisher(channel, { address: 'a', ...options }, services().runtime);
    expect(declare).toThrow(DeclarationError);
    expect(declare).toThrow(message);
  });
});

describe('claim check', () => {
  const large = (key: string, id: string) => opened(key, id, 'x'.repeat(300_000));
  const news = fifoTopic('news', { events, oversized: 'claim-check' });

  it('stores the data before the message with its reference is sent', async () => {
    const { runtime, calls, s3, sent } = services(() => {
      expect(s3.objects.size).toBe(1);
      return undefined;
    });
    await send(news, [opened('A', 'a1'), large('A', 'a2')], runtime);
    expect(calls).toHaveLength(2);
    expect(JSON.parse(sent()[1]?.Message ?? '')).toMatchObject({ id: 'a2', claimCheck: { bucket: BUCKET } });
    expect(sent()[1]?.MessageAttributes).toMatchObject({ type: { StringValue: 'tickets.ticket-opened' } });
  });

  it('sends nothing when the data cannot be stored', async () => {
    const { runtime, calls } = services();
    const broken: Runtime = { ...runtime, aws: () => Promise.reject(new Error('no such bucket')) };
    await expect(send(news, [large('A', 'a1')], broken)).rejects.toThrow('no such bucket');
    expect(calls).toEqual([]);
  });

  it('asks for the bucket while the function initialises', () => {
    const { runtime } = services();
    expect(() => publisher(news, { address: 'a' }, { ...runtime, env: () => undefined })).toThrow(
      'SLUICE_CLAIMS_BUCKET is not set',
    );
    expect(() => publisher(news, { address: 'a', claims: 'b' }, { ...runtime, env: () => undefined })).not.toThrow();
  });
});

describe('aggregation', () => {
  const readings = log('readings', { events, aggregate: 2_000 });
  const recordsOf = (sent: readonly SentEntry[]) =>
    sent.map(({ PartitionKey, Data = '' }) => {
      const data = Buffer.from(Data, 'base64');
      const inner = deaggregated(data) ?? [{ key: PartitionKey, data }];
      expect(inner.every(({ key }) => key === PartitionKey)).toBe(true);
      const ids = inner.map(({ data: body }): string => JSON.parse(body.toString()).id);
      return { key: PartitionKey, ids, bytes: data.length };
    });

  it('puts events of one key into records, in order and up to the size; a single one goes as it is', async () => {
    const { runtime, sent } = services();
    const list = Array.from({ length: 9 }, (_, i) => opened(i % 3 === 2 ? 'B' : 'A', `e${i}`));
    await send(readings, [...list, opened('C', 'c')], runtime);
    const records = recordsOf(sent());
    const of = (key: string) => records.filter((record) => record.key === key).flatMap(({ ids }) => ids);
    expect(of('A')).toEqual(['e0', 'e1', 'e3', 'e4', 'e6', 'e7']);
    expect(of('B')).toEqual(['e2', 'e5', 'e8']);
    expect(of('C')).toEqual(['c']);
    expect(records.length).toBeLessThan(list.length);
    expect(Math.max(...records.map(({ bytes }) => bytes))).toBeLessThanOrEqual(2_000);
  });

  it('sends an event that is larger than a record alone', async () => {
    const { runtime, sent } = services();
    await send(readings, [opened('A', 'e1'), opened('A', 'e2', 'x'.repeat(3_000)), opened('A', 'e3')], runtime);
    expect(recordsOf(sent()).map(({ ids }) => ids)).toEqual([['e1'], ['e2'], ['e3']]);
  });

  it('names every event of a record that could not be sent', async () => {
    const { runtime } = services((call) => ({
      Records: entriesOf(call).map(() => ({ ErrorCode: 'InternalFailure', ErrorMessage: 'oh' })),
    }));
    const failure = await failureOf(send(readings, [opened('A', 'e1'), opened('A', 'e2')], runtime));
    expect([...(failure as PublishFailed).unsent]).toEqual([
      ['e1', 'InternalFailure: oh'],
      ['e2', 'InternalFailure: oh'],
    ]);
  });
});

describe('attempts', () => {
  it('are reported with what was throttled and what failed', async () => {
    let times = 0;
    const { runtime } = services((call) => {
      times += 1;
      const code = ['ProvisionedThroughputExceededException', 'InternalFailure'][times - 1];
      return {
        Records: entriesOf(call).map((_, i) =>
          code !== undefined && i === 0 ? { ErrorCode: code } : { SequenceNumber: '1' },
        ),
      };
    });
    const attempts: Attempt[] = [];
    await send(log('plain', { events }), [opened('A'), opened('B'), opened('C')], runtime, {
      onAttempt: (attempt: Attempt) => attempts.push(attempt),
    });
    expect(attempts).toEqual([
      { sent: 2, throttled: 1, failed: 0 },
      { sent: 0, throttled: 0, failed: 1 },
      { sent: 1, throttled: 0, failed: 0 },
    ]);
  });
});
