import {
  CreateStreamCommand,
  DescribeLimitsCommand,
  DescribeStreamSummaryCommand,
  type KinesisClient,
  ListShardsCommand,
  SplitShardCommand,
  UpdateShardCountCommand,
} from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, expect } from 'vitest';
import { NEW_ACCOUNT } from '../../../lib/local/account/account.ts';
import { failure, type Harness, startHarness, until } from '../services/harness.ts';
import { conforms } from './conforms.ts';

/** The day lasts four seconds. */
const TIME_SCALE = (24 * 60 * 60) / 4;
const told: string[] = [];
const harnesses = new Map<string, Harness>();
beforeAll(async () => {
  const onThrottled = (what: string) => void told.push(what);
  const quotas = { shards: 10, onDemandStreams: 1, scalingsPerDay: 3 };
  for (const [name, timeScale] of [
    ['shards', 1],
    ['day', TIME_SCALE],
    ['streams', 1],
  ] as const)
    harnesses.set(name, await startHarness({ account: { ...NEW_ACCOUNT, kinesis: quotas }, timeScale, onThrottled }));
});
afterAll(async () => {
  for (const harness of harnesses.values()) await harness.close();
});
const client = (name: string): KinesisClient => (harnesses.get(name) as Harness).clients.kinesis;
async function active(kinesis: KinesisClient, StreamName: string): Promise<void> {
  await until(`${StreamName} to be active`, async () => {
    const { StreamDescriptionSummary: found } = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
    return found?.StreamStatus === 'ACTIVE' ? true : undefined;
  });
}
async function create(kinesis: KinesisClient, StreamName: string, ShardCount: number): Promise<void> {
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount }));
  await active(kinesis, StreamName);
}
async function scale(kinesis: KinesisClient, StreamName: string, TargetShardCount: number): Promise<void> {
  await kinesis.send(new UpdateShardCountCommand({ StreamName, TargetShardCount, ScalingType: 'UNIFORM_SCALING' }));
  await active(kinesis, StreamName);
}

conforms(
  'Kinesis: the account has so many shards, over all its provisioned streams: LimitExceededException',
  { source: 'kinesis-quotas', faithful: 'partly', remark: 'Shards that scaling makes for a moment are not counted.' },
  async () => {
    const kinesis = client('shards');
    await create(kinesis, 'first', 4);
    await create(kinesis, 'second', 5);
    expect(await failure(kinesis.send(new CreateStreamCommand({ StreamName: 'third', ShardCount: 2 })))).toMatchObject({
      name: 'LimitExceededException',
      message: expect.stringMatching(
        /shard limit .* Current shard count for the account: 9\. Limit: 10\..* request: 2\./,
      ),
    });
    expect((await failure(scale(kinesis, 'first', 8))).name).toBe('LimitExceededException');
    const splitFirst = async (StreamName: string) => {
      const { Shards } = await kinesis.send(new ListShardsCommand({ StreamName, ShardFilter: { Type: 'AT_LATEST' } }));
      const [shard] = Shards ?? [];
      const { StartingHashKey = '0', EndingHashKey = '0' } = shard?.HashKeyRange ?? {};
      const middle = String((BigInt(StartingHashKey) + BigInt(EndingHashKey)) / 2n);
      await kinesis.send(
        new SplitShardCommand({ StreamName, ShardToSplit: shard?.ShardId, NewStartingHashKey: middle }),
      );
      await active(kinesis, StreamName);
    };
    await splitFirst('first');
    expect((await failure(splitFirst('second'))).name).toBe('LimitExceededException');
    await scale(kinesis, 'second', 4);
    await splitFirst('first');
    expect(await kinesis.send(new DescribeLimitsCommand({}))).toMatchObject({ ShardLimit: 10, OpenShardCount: 10 });
    expect(told.join('\n')).toContain('the account has 10 shards');
  },
);
conforms(
  'Kinesis: UpdateShardCount goes so many times in 24 hours for a stream, then LimitExceededException until the first is a day old',
  { source: 'kinesis-update-shard-count' },
  async () => {
    const kinesis = client('day');
    await create(kinesis, 'grown', 1);
    await create(kinesis, 'other', 1);
    // Fewer calls than the machine needs for a day: the third day at the latest is busy enough.
    const refused = await until('a day with three changes', async () => {
      for (const count of [2, 1, 2, 1]) {
        const error = await scale(kinesis, 'grown', count).then(
          () => undefined,
          (cause: Error) => cause,
        );
        if (error !== undefined) return error;
      }
      return undefined;
    });
    expect(refused).toMatchObject({ name: 'LimitExceededException', message: expect.stringContaining('24-hour') });
    await scale(kinesis, 'other', 2);
    await until('the next day', async () => {
      const { StreamDescriptionSummary } = await kinesis.send(
        new DescribeStreamSummaryCommand({ StreamName: 'grown' }),
      );
      const target = StreamDescriptionSummary?.OpenShardCount === 1 ? 2 : 1;
      return scale(kinesis, 'grown', target).then(
        () => true,
        () => undefined,
      );
    });
  },
);
conforms(
  'Kinesis: the account has so many on-demand streams: LimitExceededException',
  { source: 'kinesis-quotas' },
  async () => {
    const kinesis = client('streams');
    const onDemand = (StreamName: string) =>
      kinesis.send(new CreateStreamCommand({ StreamName, StreamModeDetails: { StreamMode: 'ON_DEMAND' } }));
    await onDemand('one');
    expect((await failure(onDemand('two'))).name).toBe('LimitExceededException');
    await create(kinesis, 'provisioned', 1);
  },
);
