import { setTimeout as sleep } from 'node:timers/promises';
import { AwsCallError } from '../../call.ts';
import type { JsonObject } from '../../json.ts';
import { listAt, numberAt, objectAt, textAt } from '../../json.ts';
import { physicalName } from '../resources/names.ts';
import type { ProvisionContext, ResourceType } from '../resources/resource.ts';

/** Shards an on-demand stream starts with. https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html */
const ON_DEMAND_SHARDS = 4;
const DEFAULT_RETENTION_HOURS = 24;
/** Largest record of a stream unless it says more, up to 10,240. https://docs.aws.amazon.com/streams/latest/dev/large-records.html */
const DEFAULT_RECORD_KIB = 1024;
/** How often a stream that is being created is looked at. */
const STATUS_INTERVAL_MS = 20;

const stream: ResourceType = {
  handled: [
    'DesiredShardLevelMetrics',
    'MaxRecordSizeInKiB',
    'Name',
    'RetentionPeriodHours',
    'ShardCount',
    'StreamEncryption',
    'StreamModeDetails',
  ],
  harmless: ['Tags', 'WarmThroughputMiBps', 'WarmThroughputObject'],
  durable: true,
  replacedBy: ['Name'],
  nameProperty: 'Name',
  async create({ stackName, logicalId, properties, context, resumes }) {
    const StreamName = textAt(properties, 'Name') ?? physicalName(stackName, logicalId, { max: 128 });
    await context.calls
      .json('kinesis', 'CreateStream', {
        ...{ StreamName, MaxRecordSizeInKiB: recordSizeIn(properties) },
        // One or the other: an on-demand stream is given no number. https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html
        ...(isOnDemand(properties)
          ? { StreamModeDetails: { StreamMode: 'ON_DEMAND' } }
          : { ShardCount: shardsIn(properties) }),
      })
      .catch(unlessThere(resumes));
    const description = await activeStream(StreamName, context);
    const arn = textAt(description, 'StreamARN') ?? '';
    await setEncryption(description, properties, context);
    await setRetention(description, retentionIn(properties), context);
    await setShardMetrics(description, properties, context);
    return { physicalId: StreamName, attributes: { Arn: arn } };
  },
  restore: ({ properties, context }, { attributes }) => demandKey(String(attributes.Arn), properties, context),
  async update({ properties, context }, before) {
    const StreamName = before.physicalId;
    const description = await activeStream(StreamName, context);
    await setEncryption(description, properties, context);
    await setRetention(description, retentionIn(properties), context);
    await setShardMetrics(description, properties, context);
    if (isOnDemand(properties) !== isOnDemand(before.properties)) {
      const mode = { StreamMode: isOnDemand(properties) ? 'ON_DEMAND' : 'PROVISIONED' };
      const StreamARN = String(before.attributes.Arn);
      await context.calls.json('kinesis', 'UpdateStreamMode', { StreamARN, StreamModeDetails: mode });
      await activeStream(StreamName, context);
    }
    if (recordSizeIn(properties) !== recordSizeIn(before.properties)) {
      const size = { StreamARN: String(before.attributes.Arn), MaxRecordSizeInKiB: recordSizeIn(properties) };
      await context.calls.json('kinesis', 'UpdateMaxRecordSize', size);
    }
    // How many shards an on-demand stream has is not the template's business, nor what has become of those it does not change.
    const TargetShardCount = shardsIn(properties);
    const isAsked = !isOnDemand(properties) && TargetShardCount !== shardsIn(before.properties);
    if (isAsked && TargetShardCount !== numberAt(description, 'OpenShardCount')) {
      const scaling = { StreamName, TargetShardCount, ScalingType: 'UNIFORM_SCALING' };
      await context.calls.json('kinesis', 'UpdateShardCount', scaling);
      await activeStream(StreamName, context);
    }
    return before;
  },
  remove: async ({ physicalId }, { calls }) =>
    void (await calls.json('kinesis', 'DeleteStream', { StreamName: physicalId, EnforceConsumerDeletion: true })),
  async contents({ physicalId: StreamName }, { calls }) {
    const { Shards = [] } = await calls.json('kinesis', 'ListShards', { StreamName });
    for (const shard of Array.isArray(Shards) ? Shards : []) {
      const from = { StreamName, ShardId: textAt(shard, 'ShardId') ?? '', ShardIteratorType: 'TRIM_HORIZON' };
      const { ShardIterator = '' } = await calls.json('kinesis', 'GetShardIterator', from);
      if (listAt(await calls.json('kinesis', 'GetRecords', { ShardIterator, Limit: 1 }), 'Records').length > 0)
        return 'records';
    }
    return undefined;
  },
};

const keyIn = (properties: JsonObject) => textAt(objectAt(properties, 'StreamEncryption'), 'KeyId');

/** The key that callers need leave to use. */
const demandKey = (arn: string, properties: JsonObject, { services }: ProvisionContext): void =>
  services.iam.keys.encrypt(arn, keyIn(properties));

async function setEncryption(
  description: JsonObject,
  properties: JsonObject,
  context: ProvisionContext,
): Promise<void> {
  demandKey(textAt(description, 'StreamARN') ?? '', properties, context);
  const [now, KeyId] = [textAt(description, 'KeyId'), keyIn(properties)];
  if (now === KeyId) return;
  const StreamName = textAt(description, 'StreamName') ?? '';
  const operation = KeyId === undefined ? 'StopStreamEncryption' : 'StartStreamEncryption';
  await context.calls.json('kinesis', operation, {
    StreamName,
    EncryptionType: 'KMS',
    KeyId: KeyId ?? now ?? '',
  });
  await activeStream(StreamName, context);
}

const isOnDemand = (properties: JsonObject) =>
  textAt(objectAt(properties, 'StreamModeDetails'), 'StreamMode') === 'ON_DEMAND';
const shardsIn = (properties: JsonObject) =>
  numberAt(properties, 'ShardCount') ?? (isOnDemand(properties) ? ON_DEMAND_SHARDS : 1);
const recordSizeIn = (properties: JsonObject) => numberAt(properties, 'MaxRecordSizeInKiB') ?? DEFAULT_RECORD_KIB;
const retentionIn = (properties: JsonObject) => numberAt(properties, 'RetentionPeriodHours') ?? DEFAULT_RETENTION_HOURS;

/** Takes "it exists" for an answer when it was being made as the engine was killed. */
const unlessThere =
  (resumes: boolean) =>
  (error: unknown): void => {
    if (!resumes || !(error instanceof AwsCallError) || error.code !== 'ResourceInUseException') throw error;
  };

async function setRetention(description: JsonObject, hours: number, context: ProvisionContext): Promise<void> {
  const StreamName = textAt(description, 'StreamName') ?? '';
  const now = numberAt(description, 'RetentionPeriodHours') ?? DEFAULT_RETENTION_HOURS;
  if (hours === now) return;
  const operation = hours > now ? 'IncreaseStreamRetentionPeriod' : 'DecreaseStreamRetentionPeriod';
  await context.calls.json('kinesis', operation, { StreamName, RetentionPeriodHours: hours });
  await activeStream(StreamName, context);
}

/** CloudWatch here has no series of single shards: what is asked for is only told. */
async function setShardMetrics(
  description: JsonObject,
  properties: JsonObject,
  context: ProvisionContext,
): Promise<void> {
  const StreamName = textAt(description, 'StreamName') ?? '';
  const [monitoring] = listAt(description, 'EnhancedMonitoring');
  const now = listAt(monitoring, 'ShardLevelMetrics').map(String);
  const wanted = listAt(properties, 'DesiredShardLevelMetrics').map(String);
  const change = async (operation: string, ShardLevelMetrics: string[]) => {
    if (ShardLevelMetrics.length === 0) return;
    await context.calls.json('kinesis', operation, { StreamName, ShardLevelMetrics });
    await activeStream(StreamName, context);
  };
  await change(
    'DisableEnhancedMonitoring',
    now.filter((name) => !wanted.includes(name)),
  );
  await change(
    'EnableEnhancedMonitoring',
    wanted.filter((name) => !now.includes(name)),
  );
}

/** What DescribeStreamSummary says, once the stream is active. */
async function activeStream(StreamName: string, { calls }: ProvisionContext): Promise<JsonObject> {
  for (;;) {
    const summary = objectAt(
      await calls.json('kinesis', 'DescribeStreamSummary', { StreamName }),
      'StreamDescriptionSummary',
    );
    if (textAt(summary, 'StreamStatus') === 'ACTIVE') return summary;
    await sleep(STATUS_INTERVAL_MS);
  }
}

/** A consumer with enhanced fan-out. Ref gives its ARN. */
const streamConsumer: ResourceType = {
  handled: ['ConsumerName', 'StreamARN'],
  harmless: ['Tags'],
  durable: true,
  replacedBy: ['ConsumerName', 'StreamARN'],
  nameProperty: 'ConsumerName',
  async create({ properties, context, resumes }) {
    const ConsumerName = textAt(properties, 'ConsumerName') ?? '';
    const StreamARN = textAt(properties, 'StreamARN') ?? '';
    const consumer = { StreamARN, ConsumerName };
    await context.calls.json('kinesis', 'RegisterStreamConsumer', consumer).catch(unlessThere(resumes));
    const description = await activeConsumer(consumer, context);
    const ConsumerARN = textAt(description, 'ConsumerARN') ?? '';
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
  update: (_request, before) => before,
  remove: async ({ physicalId }, { calls }) =>
    void (await calls.json('kinesis', 'DeregisterStreamConsumer', { ConsumerARN: physicalId })),
};

async function activeConsumer(
  consumer: { readonly StreamARN: string; readonly ConsumerName: string },
  { calls }: ProvisionContext,
): Promise<JsonObject> {
  for (;;) {
    const answer = await calls.json('kinesis', 'DescribeStreamConsumer', consumer);
    const description = objectAt(answer, 'ConsumerDescription');
    if (textAt(description, 'ConsumerStatus') === 'ACTIVE') return description;
    await sleep(STATUS_INTERVAL_MS);
  }
}

export const kinesisTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::Kinesis::Stream': stream,
  'AWS::Kinesis::StreamConsumer': streamConsumer,
};
