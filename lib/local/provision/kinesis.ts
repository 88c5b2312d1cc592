import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../json.ts';
import { numberAt, objectAt, textAt } from '../json.ts';
import { physicalName } from './names.ts';
import type { ProvisionContext, ResourceType } from './resource.ts';

/** Shards an on-demand stream starts with. https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html */
const ON_DEMAND_SHARDS = 4;
const DEFAULT_RETENTION_HOURS = 24;
/** How often a stream that is being created is looked at. */
const STATUS_INTERVAL_MS = 20;

const stream: ResourceType = {
  handled: ['Name', 'RetentionPeriodHours', 'ShardCount', 'StreamEncryption', 'StreamModeDetails'],
  harmless: ['Tags', 'DesiredShardLevelMetrics', 'MaxRecordSizeInKiB', 'WarmThroughputMiBps', 'WarmThroughputObject'],
  async create({ stackName, logicalId, properties, context }) {
    const StreamName = textAt(properties, 'Name') ?? physicalName(stackName, logicalId, { max: 128 });
    const onDemand = textAt(objectAt(properties, 'StreamModeDetails'), 'StreamMode') === 'ON_DEMAND';
    const ShardCount = numberAt(properties, 'ShardCount') ?? (onDemand ? ON_DEMAND_SHARDS : 1);
    await context.calls.json('kinesis', 'CreateStream', { StreamName, ShardCount });
    const arn = await activeStream(StreamName, context);
    context.services.iam.keys.encrypt(arn, textAt(objectAt(properties, 'StreamEncryption'), 'KeyId'));
    const hours = numberAt(properties, 'RetentionPeriodHours') ?? DEFAULT_RETENTION_HOURS;
    if (hours > DEFAULT_RETENTION_HOURS) {
      await context.calls.json('kinesis', 'IncreaseStreamRetentionPeriod', { StreamName, RetentionPeriodHours: hours });
      await activeStream(StreamName, context);
    }
    return { physicalId: StreamName, attributes: { Arn: arn } };
  },
};

async function activeStream(StreamName: string, { calls }: ProvisionContext): Promise<string> {
  for (;;) {
    const summary = objectAt(
      await calls.json('kinesis', 'DescribeStreamSummary', { StreamName }),
      'StreamDescriptionSummary',
    );
    if (textAt(summary, 'StreamStatus') === 'ACTIVE') return textAt(summary, 'StreamARN') ?? '';
    await sleep(STATUS_INTERVAL_MS);
  }
}

/** A consumer with enhanced fan-out. Ref gives its ARN. */
const streamConsumer: ResourceType = {
  handled: ['ConsumerName', 'StreamARN'],
  harmless: ['Tags'],
  async create({ properties, context }) {
    const ConsumerName = textAt(properties, 'ConsumerName') ?? '';
    const StreamARN = textAt(properties, 'StreamARN') ?? '';
    const answer = await context.calls.json('kinesis', 'RegisterStreamConsumer', { StreamARN, ConsumerName });
    const ConsumerARN = textAt(objectAt(answer, 'Consumer'), 'ConsumerARN') ?? '';
    const description = await activeConsumer(ConsumerARN, context);
    return {
      physicalId: ConsumerARN,
      attributes: {
        ConsumerARN,
        ConsumerName,
        StreamARN,
        ConsumerStatus: 'ACTIVE',
        ConsumerCreationTimestamp: textAt(description, 'ConsumerCreationTimestamp') ?? '',
      },
    };
  },
};

async function activeConsumer(ConsumerARN: string, { calls }: ProvisionContext): Promise<JsonObject> {
  for (;;) {
    const answer = await calls.json('kinesis', 'DescribeStreamConsumer', { ConsumerARN });
    const description = objectAt(answer, 'ConsumerDescription');
    if (textAt(description, 'ConsumerStatus') === 'ACTIVE') return description;
    await sleep(STATUS_INTERVAL_MS);
  }
}

export const kinesisTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::Kinesis::Stream': stream,
  'AWS::Kinesis::StreamConsumer': streamConsumer,
};
