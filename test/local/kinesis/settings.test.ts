import * as sdk from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Harness, startHarness } from '../services/harness.ts';

let engine: Harness;
beforeAll(async () => {
  engine = await startHarness();
});
afterAll(() => engine.close());

const MODES = { many: 'PROVISIONED', any: 'ON_DEMAND' } as const;
let made = 0;

async function summaryOf(StreamName: string) {
  return vi.waitFor(async () => {
    const asked = await engine.clients.kinesis.send(new sdk.DescribeStreamSummaryCommand({ StreamName }));
    const summary = asked.StreamDescriptionSummary;
    expect(summary?.StreamStatus).toBe('ACTIVE');
    return summary;
  });
}

async function stream(of: keyof typeof MODES): Promise<string> {
  const StreamName = `settings-${++made}`;
  const StreamModeDetails = { StreamMode: MODES[of] };
  await engine.clients.kinesis.send(
    new sdk.CreateStreamCommand({ StreamName, StreamModeDetails, ...(of === 'many' ? { ShardCount: 2 } : {}) }),
  );
  await summaryOf(StreamName);
  return StreamName;
}

type Change = (StreamName: string, StreamARN: string) => sdk.DescribeStreamSummaryCommand;
const changes =
  // biome-ignore lint/suspicious/noExplicitAny: commands of one client, whose inputs differ
    (Command: any, input: object): Change =>
    (StreamName, StreamARN) =>
      new Command(Command.name.startsWith('Update') ? { StreamARN, ...input } : { StreamName, ...input });

/** Every setting of a stream, and where it is told afterwards. */
const SETTINGS: readonly (readonly [name: string, of: keyof typeof MODES, change: Change, told: object])[] = [
  [
    'retention',
    'many',
    changes(sdk.IncreaseStreamRetentionPeriodCommand, { RetentionPeriodHours: 25 }),
    { RetentionPeriodHours: 25 },
  ],
  [
    'the longest retention',
    'many',
    changes(sdk.IncreaseStreamRetentionPeriodCommand, { RetentionPeriodHours: 8_760 }),
    { RetentionPeriodHours: 8_760 },
  ],
  [
    'the shortest retention',
    'many',
    changes(sdk.DecreaseStreamRetentionPeriodCommand, { RetentionPeriodHours: 24 }),
    { RetentionPeriodHours: 24 },
  ],
  [
    'encryption',
    'many',
    changes(sdk.StartStreamEncryptionCommand, { EncryptionType: 'KMS', KeyId: 'alias/x' }),
    { EncryptionType: 'KMS', KeyId: 'alias/x' },
  ],
  [
    'monitoring',
    'many',
    changes(sdk.EnableEnhancedMonitoringCommand, { ShardLevelMetrics: ['OutgoingBytes'] }),
    { EnhancedMonitoring: [{ ShardLevelMetrics: ['OutgoingBytes'] }] },
  ],
  [
    'the mode',
    'many',
    changes(sdk.UpdateStreamModeCommand, { StreamModeDetails: { StreamMode: 'ON_DEMAND' } }),
    { StreamModeDetails: { StreamMode: 'ON_DEMAND' } },
  ],
  [
    'the largest record',
    'many',
    changes(sdk.UpdateMaxRecordSizeCommand, { MaxRecordSizeInKiB: 10_240 }),
    { MaxRecordSizeInKiB: 10_240 },
  ],
  [
    'the warm throughput',
    'any',
    changes(sdk.UpdateStreamWarmThroughputCommand, { WarmThroughputMiBps: 7 }),
    { WarmThroughput: { TargetMiBps: 7, CurrentMiBps: 7 } },
  ],
];

describe('a stream tells what it was told', () => {
  it.each(SETTINGS)('%s', async (_, of, change, told) => {
    const name = await stream(of);
    const before = await summaryOf(name);
    await engine.clients.kinesis.send(change(name, before?.StreamARN ?? ''));
    // All that was told changes, and nothing else.
    expect(await summaryOf(name)).toEqual({ ...before, ...told });
  });

  it('and nothing of what it was not', async () => {
    const said = async (of: keyof typeof MODES) => {
      const { RetentionPeriodHours, EncryptionType, KeyId, WarmThroughput, MaxRecordSizeInKiB, OpenShardCount } =
        (await summaryOf(await stream(of))) ?? {};
      return { RetentionPeriodHours, EncryptionType, KeyId, WarmThroughput, MaxRecordSizeInKiB, OpenShardCount };
    };
    const silent = { RetentionPeriodHours: 24, EncryptionType: 'NONE', MaxRecordSizeInKiB: 1_024 };
    expect(await said('many')).toEqual({ ...silent, OpenShardCount: 2 });
    expect(await said('any')).toEqual({ ...silent, OpenShardCount: 4 });
  });

  it.each<[string, Change, string]>([
    [
      'a retention of 23 hours',
      changes(sdk.DecreaseStreamRetentionPeriodCommand, { RetentionPeriodHours: 23 }),
      'Minimum allowed',
    ],
    [
      'a retention of more than a year',
      changes(sdk.IncreaseStreamRetentionPeriodCommand, { RetentionPeriodHours: 8_761 }),
      'Maximum allowed',
    ],
    ['a record of less than 1 MiB', changes(sdk.UpdateMaxRecordSizeCommand, { MaxRecordSizeInKiB: 1_023 }), '1024'],
    ['a record of more than 10 MiB', changes(sdk.UpdateMaxRecordSizeCommand, { MaxRecordSizeInKiB: 10_241 }), '10240'],
    [
      'warm throughput by the shard',
      changes(sdk.UpdateStreamWarmThroughputCommand, { WarmThroughputMiBps: 7 }),
      'only ON_DEMAND',
    ],
    [
      'a metric that is none',
      changes(sdk.EnableEnhancedMonitoringCommand, { ShardLevelMetrics: ['Bytes'] }),
      'no shard-level metric',
    ],
  ])('and not %s, which is refused', async (_, change, why) => {
    const name = await stream('many');
    const before = await summaryOf(name);
    await expect(engine.clients.kinesis.send(change(name, before?.StreamARN ?? ''))).rejects.toThrow(why);
    expect(await summaryOf(name)).toEqual(before);
  });
});
