import {
  DescribeStreamSummaryCommand,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import { expect, it, vi } from 'vitest';
import { ENV } from '../../lib/contracts/agreed/environment.ts';
import { log } from '../../lib/contracts/channels/log.ts';
import { days } from '../../lib/contracts/declaring/duration.ts';
import { subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { readLog } from '../../lib/operations/traffic/read-log.ts';
import { aggregate } from '../../lib/runtime/aggregation/aggregate.ts';
import { lambda } from '../../lib/runtime/invocation/runtime.ts';
import { events, opened } from '../contracts/sample-declarations.ts';
import { kinesis } from './clients.ts';
import { kinesisEvent, lambdaContext } from './lambda-events.ts';
import { createInboxTable, createQueue, createStream, drain, useLocalServices } from './local-services.ts';

const StreamName = 'resharded';
const counting = subscription('counting', {
  to: log('resharded', { events, shards: 2 }),
  guarantee: 'exactly-once-aggregation',
  lateness: { allowed: days(1) },
});

useLocalServices();

const active = async (open: number) =>
  vi.waitFor(
    async () => {
      const { StreamDescriptionSummary: stream } = await kinesis().send(
        new DescribeStreamSummaryCommand({ StreamName }),
      );
      expect(stream).toMatchObject({ StreamStatus: 'ACTIVE', OpenShardCount: open });
      return stream?.StreamARN ?? '';
    },
    { timeout: 10_000, interval: 20 },
  );

/** Splits the shard in the middle, puts into both halves, merges them, and puts again; the aggregation reads shard by shard, as Lambda does. */
it('an event three days late is late on the shards of a split and of a merge, too', async () => {
  await createInboxTable('inbox');
  const deadLetters = await createQueue('counting-dead-letters');
  await createStream(StreamName, 1);
  const env: Record<string, string> = { [ENV.inboxTable]: 'inbox', [ENV.deadLetterQueue]: deadLetters };
  const handler = aggregate(counting, () => [], { ...lambda, env: (name) => env[name], write: () => undefined });
  const put = async (id: string, time: string, hash: string) => {
    const body = JSON.stringify({ ...opened('T-1', id), time });
    await kinesis().send(
      new PutRecordCommand({ StreamName, PartitionKey: id, ExplicitHashKey: hash, Data: Buffer.from(body) }),
    );
  };
  const [low, high] = ['1', String(2n ** 127n + 1n)];
  const [today, earlier] = ['2025-11-20T07:00:00Z', '2025-11-17T07:00:00Z'];

  await put('on-the-first', today, low);
  const arn = await active(1);
  const [first] = (await kinesis().send(new ListShardsCommand({ StreamName }))).Shards ?? [];
  await kinesis().send(
    new SplitShardCommand({ StreamName, ShardToSplit: first?.ShardId, NewStartingHashKey: String(2n ** 127n) }),
  );
  await active(2);
  await put('late-after-the-split', earlier, low);
  await put('in-time-after-the-split', today, high);
  const { Shards = [] } = await kinesis().send(new ListShardsCommand({ StreamName }));
  const [left, right] = Shards.filter(({ ParentShardId }) => ParentShardId === first?.ShardId);
  await kinesis().send(
    new MergeShardsCommand({ StreamName, ShardToMerge: left?.ShardId, AdjacentShardToMerge: right?.ShardId }),
  );
  await active(1);
  await put('late-after-the-merge', earlier, low);
  await put('in-time-after-the-merge', today, high);

  const byShard = Map.groupBy(await readLog(kinesis(), StreamName), ({ shard }) => shard);
  expect(byShard.size).toBe(4);
  for (const [shard, records] of [...byShard].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { Records } = kinesisEvent(records, shard);
    for (const record of Records) record.eventSourceARN = arn;
    expect(await handler({ Records }, lambdaContext())).toEqual({ batchItemFailures: [] });
  }
  const letters = (await drain(deadLetters)).map(({ Body = '' }) => JSON.parse(Body).id);
  expect(letters).toEqual(['late-after-the-split', 'late-after-the-merge']);
});
