import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { AwsCallError } from '../../call.ts';
import type { Json, JsonObject } from '../../json.ts';
import { booleanAt, isObject, listAt, objectAt, textAt } from '../../json.ts';
import { physicalName } from '../resources/names.ts';
import type { ProvisionedResource, ResourceRequest, ResourceType } from '../resources/resource.ts';
import { provisionError } from '../resources/resource.ts';

/** How often a table that is being created is looked at. */
const STATUS_INTERVAL_MS = 10;

const harmless = [
  'BillingMode',
  'ContributorInsightsSpecification',
  'DeletionProtectionEnabled',
  'OnDemandThroughput',
  'PointInTimeRecoverySpecification',
  'ProvisionedThroughput',
  'ReadOnDemandThroughputSettings',
  'ReadProvisionedThroughputSettings',
  'TableClass',
  'Tags',
  'WriteOnDemandThroughputSettings',
  'WriteProvisionedThroughputSettings',
];
const handled = [
  'AttributeDefinitions',
  'GlobalSecondaryIndexes',
  'KeySchema',
  'LocalSecondaryIndexes',
  'ResourcePolicy',
  'SSESpecification',
  'StreamSpecification',
  'TableName',
  'TimeToLiveSpecification',
  'WarmThroughput',
];

const lifecycle = {
  durable: true,
  replacedBy: ['ImportSourceSpecification', 'KeySchema', 'LocalSecondaryIndexes', 'TableName'],
  nameProperty: 'TableName',
  update: (request, { physicalId }) => broughtTo(physicalId, request),
  restore: async (request, { attributes }) => protect(String(attributes.Arn), request),
  async remove({ physicalId, properties, attributes }, { calls, services }) {
    if (booleanAt(properties, 'DeletionProtectionEnabled'))
      throw new Error('it is protected against deletion (DeletionProtectionEnabled)');
    await calls.json('dynamodb', 'DeleteTable', { TableName: physicalId });
    services.iam.resources.remove(String(attributes.Arn), 'ResourcePolicy');
  },
  async contents({ physicalId: TableName }, { calls }) {
    const { Count } = await calls.json('dynamodb', 'Scan', { TableName, Limit: 1, Select: 'COUNT' });
    return Count === 0 ? undefined : 'items';
  },
} satisfies Partial<ResourceType>;

const table: ResourceType = {
  handled,
  harmless,
  refused: {
    KinesisStreamSpecification: "table changes are not sent to Kinesis; use the table's stream",
    ImportSourceSpecification: 'tables are not filled from S3',
  },
  ...lifecycle,
  create: createTable,
};

const globalTable: ResourceType = {
  handled: [...handled, 'Replicas'],
  harmless,
  refused: { MultiRegionConsistency: 'there is one region', GlobalTableWitnesses: 'there is one region' },
  ...lifecycle,
  create(request) {
    const replicas = listAt(request.properties, 'Replicas');
    const elsewhere = replicas
      .map((replica) => textAt(replica, 'Region'))
      .filter((region) => region !== request.context.region);
    if (elsewhere.length > 0)
      request.context.notice(
        `AWS::DynamoDB::GlobalTable: there is one region, ${request.context.region}; replicas in ${elsewhere.join(', ')} are left out.`,
      );
    return createTable(request);
  },
};

async function createTable(request: ResourceRequest): Promise<ProvisionedResource> {
  const { stackName, logicalId, properties, context, generation, resumes } = request;
  const TableName = textAt(properties, 'TableName') ?? physicalName(stackName, logicalId, { max: 255 }, generation);
  const body: JsonObject = {
    TableName,
    AttributeDefinitions: properties.AttributeDefinitions ?? [],
    KeySchema: properties.KeySchema ?? [],
    BillingMode: 'PAY_PER_REQUEST',
  };
  const global = indexes(properties, 'GlobalSecondaryIndexes');
  const local = indexes(properties, 'LocalSecondaryIndexes');
  if (global.length > 0) body.GlobalSecondaryIndexes = global;
  if (local.length > 0) body.LocalSecondaryIndexes = local;
  const StreamViewType = viewTypeIn(properties);
  if (isObject(properties.WarmThroughput)) body.WarmThroughput = properties.WarmThroughput;
  if (StreamViewType) body.StreamSpecification = { StreamEnabled: true, StreamViewType };
  try {
    await context.calls.json('dynamodb', 'CreateTable', body);
  } catch (error) {
    if (!resumes || !(error instanceof AwsCallError) || error.code !== 'ResourceInUseException') throw error;
    // It was being made when the engine was killed, and may have no stream yet.
    return broughtTo(TableName, request);
  }
  return configured(TableName, request);
}

/** Brings a table, whatever its state, to what can be changed of it. CloudFormation takes one index at a time. */
async function broughtTo(TableName: string, request: ResourceRequest): Promise<ProvisionedResource> {
  const { properties, context } = request;
  const description = await activeTable(TableName, request);
  const [isStreamed, wanted] = [viewTypeIn(description), viewTypeIn(properties)];
  const setStream = (StreamSpecification: JsonObject) =>
    context.calls.json('dynamodb', 'UpdateTable', { TableName, StreamSpecification });
  if (isStreamed !== wanted) {
    if (isStreamed) await setStream({ StreamEnabled: false });
    if (wanted) await setStream({ StreamEnabled: true, StreamViewType: wanted });
  }
  const { WarmThroughput } = properties;
  if (isObject(WarmThroughput) && !hasAll(objectAt(description, 'WarmThroughput'), WarmThroughput))
    await context.calls.json('dynamodb', 'UpdateTable', { TableName, WarmThroughput });
  const updates = indexUpdates(description, properties);
  if (updates.length > 1) {
    throw provisionError(
      request,
      `Cannot perform more than one GSI creation or deletion in a single update (here ${updates.length}). Deploy them one by one.`,
    );
  }
  if (updates.length === 1) {
    await context.calls.json('dynamodb', 'UpdateTable', {
      TableName,
      AttributeDefinitions: properties.AttributeDefinitions ?? [],
      GlobalSecondaryIndexUpdates: updates,
    });
  }
  return configured(TableName, request);
}

const hasAll = (all: JsonObject, some: JsonObject): boolean =>
  Object.entries(some).every(([name, value]) => all[name] === value);

function indexUpdates(there: JsonObject, wanted: JsonObject): JsonObject[] {
  const [old, now] = [indexes(there, 'GlobalSecondaryIndexes'), indexes(wanted, 'GlobalSecondaryIndexes')];
  const isIn = (list: readonly JsonObject[], index: JsonObject) =>
    list.some((other) => isDeepStrictEqual(other, index));
  return [
    ...old.filter((index) => !isIn(now, index)).map(({ IndexName = '' }) => ({ Delete: { IndexName } })),
    ...now.filter((index) => !isIn(old, index)).map((index) => ({ Create: index })),
  ];
}

const viewTypeIn = (properties: JsonObject) => textAt(objectAt(properties, 'StreamSpecification'), 'StreamViewType');

/** Gives a table what it is not created with, and describes it. */
async function configured(TableName: string, request: ResourceRequest): Promise<ProvisionedResource> {
  const description = await activeTable(TableName, request);
  protect(textAt(description, 'TableArn') ?? '', request);
  await setTimeToLive(TableName, request);
  const attributes: Record<string, Json> = {
    Arn: textAt(description, 'TableArn') ?? '',
    TableId: textAt(description, 'TableId') ?? TableName,
  };
  const streamArn = textAt(description, 'LatestStreamArn');
  if (streamArn && viewTypeIn(request.properties)) attributes.StreamArn = streamArn;
  return { physicalId: TableName, attributes };
}

/** Key and policy of a table; a global table has them per replica. */
function protect(arn: string, { properties, context }: ResourceRequest): void {
  const { iam } = context.services;
  const here = listAt(properties, 'Replicas').find((replica) => textAt(replica, 'Region') === context.region);
  const sources = [properties, ...(isObject(here) ? [here] : [])];
  iam.keys.encrypt(arn, undefined);
  iam.resources.remove(arn, 'ResourcePolicy');
  for (const source of sources) {
    const key = textAt(objectAt(source, 'SSESpecification'), 'KMSMasterKeyId');
    if (key !== undefined) iam.keys.encrypt(arn, key);
    const { PolicyDocument } = objectAt(source, 'ResourcePolicy');
    if (PolicyDocument !== undefined) iam.resources.put(arn, 'ResourcePolicy', PolicyDocument);
  }
}

async function activeTable(TableName: string, { context }: ResourceRequest): Promise<JsonObject> {
  for (;;) {
    const description = objectAt(await context.calls.json('dynamodb', 'DescribeTable', { TableName }), 'Table');
    if (textAt(description, 'TableStatus') === 'ACTIVE') return description;
    await sleep(STATUS_INTERVAL_MS);
  }
}

async function setTimeToLive(TableName: string, request: ResourceRequest): Promise<void> {
  const { calls } = request.context;
  const specification = objectAt(request.properties, 'TimeToLiveSpecification');
  const wanted = booleanAt(specification, 'Enabled') ? textAt(specification, 'AttributeName') : undefined;
  if (booleanAt(specification, 'Enabled') && !wanted)
    throw provisionError(request, 'TimeToLiveSpecification needs an AttributeName.');
  const answer = await calls.json('dynamodb', 'DescribeTimeToLive', { TableName });
  const current = textAt(objectAt(answer, 'TimeToLiveDescription'), 'AttributeName');
  if (current === wanted) return;
  const set = (AttributeName: string, Enabled: boolean) =>
    calls.json('dynamodb', 'UpdateTimeToLive', { TableName, TimeToLiveSpecification: { AttributeName, Enabled } });
  if (current !== undefined) await set(current, false);
  if (wanted !== undefined) await set(wanted, true);
}

/** Only what decides how an index answers; capacity settings are left out. */
function indexes(properties: JsonObject, name: string): JsonObject[] {
  return listAt(properties, name)
    .filter(isObject)
    .map(({ IndexName = '', KeySchema = [], Projection = {} }) => ({ IndexName, KeySchema, Projection }));
}

export const dynamodbTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::DynamoDB::Table': table,
  'AWS::DynamoDB::GlobalTable': globalTable,
};
