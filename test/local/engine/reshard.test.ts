import { expect, test, vi } from 'vitest';
import type * as Pausing from '../../../lib/local/mappings/delivery/pause.ts';
import { SHARD_LIST_INTERVAL_MS } from '../../../lib/local/mappings/streams/stream-mapping.ts';
import { lambda, mapping, start, until, writeAssembly } from './support.ts';

/** Nobody looks for new shards by the clock here: those that begin are begun by the end of their parents. */
vi.mock('../../../lib/local/mappings/delivery/pause.ts', async (original) => {
  const real = await original<typeof Pausing>();
  const pause: typeof real.pause = (ms, signal) =>
    ms === SHARD_LIST_INTERVAL_MS
      ? new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
      : real.pause(ms, signal);
  return { ...real, pause };
});

test('the shards that a reshard made are read as soon as their parents are, split and merged, each record once', async () => {
  const app = await start(
    writeAssembly({
      Log: { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 1 } },
      ...lambda(
        'Reader',
        "exports.handler = async ({ Records }) => { for (const { kinesis } of Records) see(Buffer.from(kinesis.data, 'base64').toString()); };",
      ),
      ...mapping('FromLog', 'Reader', 'Log', { StartingPosition: 'TRIM_HORIZON' }),
    }),
  );
  const StreamName = app.physical('Log');
  const bodies: string[] = [];
  const put = async (round: string) => {
    const some = Array.from({ length: 8 }, (_, n) => `${round} ${n}`);
    bodies.push(...some);
    const Records = some.map((body) => ({ PartitionKey: body, Data: Buffer.from(body).toString('base64') }));
    await app.calls.json('kinesis', 'PutRecords', { StreamName, Records });
  };
  const reshard = async (TargetShardCount: number) => {
    await app.calls.json('kinesis', 'UpdateShardCount', {
      StreamName,
      TargetShardCount,
      ScalingType: 'UNIFORM_SCALING',
    });
    await until('the shards', async () => {
      const { StreamDescriptionSummary } = await app.calls.json('kinesis', 'DescribeStreamSummary', { StreamName });
      return (StreamDescriptionSummary as { StreamStatus?: string }).StreamStatus === 'ACTIVE';
    });
  };
  await put('before');
  await reshard(2);
  await put('split');
  await reshard(1);
  await put('merged');
  await until('every record', () => app.seen('Reader').length >= bodies.length);
  expect(app.seen('Reader').toSorted()).toEqual(bodies.toSorted());
});
