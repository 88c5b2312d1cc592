import type { KinesisClient, Shard } from '@aws-sdk/client-kinesis';
import { DescribeStreamSummaryCommand, ListShardsCommand, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { until } from './app.ts';

/** First and last hash key of a stream: two shards have one each. */
export const LOW_HASH = '0';
export const HIGH_HASH = (2n ** 128n - 1n).toString();
export const MIDDLE_HASH = (2n ** 127n).toString();

/** Puts texts in one request, all under one partition key or each under its own. */
export async function put(
  kinesis: KinesisClient,
  StreamName: string,
  texts: readonly string[],
  { key, hash }: { key?: string | ((text: string) => string); hash?: string } = {},
): Promise<void> {
  const Records = texts.map((text) => ({
    PartitionKey: typeof key === 'function' ? key(text) : (key ?? 'k'),
    Data: Buffer.from(text),
    ...(hash === undefined ? {} : { ExplicitHashKey: hash }),
  }));
  const { FailedRecordCount } = await kinesis.send(new PutRecordsCommand({ StreamName, Records }));
  if (FailedRecordCount !== 0) throw new Error(`${FailedRecordCount} records were refused`);
}

export async function shardsOf(kinesis: KinesisClient, StreamName: string): Promise<Shard[]> {
  const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName }));
  return Shards;
}

export async function active(kinesis: KinesisClient, StreamName: string): Promise<void> {
  await until(`${StreamName} to be active`, async () => {
    const { StreamDescriptionSummary } = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
    return StreamDescriptionSummary?.StreamStatus === 'ACTIVE';
  });
}
