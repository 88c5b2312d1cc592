import { setTimeout as sleep } from 'node:timers/promises';
import type { Json, JsonObject } from '../json.ts';
import { booleanAt, isObject, listAt, objectAt, textAt } from '../json.ts';
import { physicalName } from './names.ts';
import type { ProvisionedResource, ResourceRequest, ResourceType } from './resource.ts';
import { provisionError } from './resource.ts';

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
  'WarmThroughput',
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
];

const table: ResourceType = {
  handled,
  harmless,
  refused: {
    KinesisStreamSpecification: "table changes are not sent to Kinesis; use the table's stream",
    ImportSourceSpecification: 'tables are not filled from S3',
  },
  create: createTable,
};

const globalTable: ResourceType = {
  handled: [...handled, 'Replicas'],
  harmless,
  refused: { MultiRegionConsistency: 'there is one region', GlobalTableWitnesses: 'there is one region' },
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
  const { stackName, logicalId, properties, context } = request;
  const TableName = textAt(properties, 'TableName') ?? physicalName(stackName, logicalId, { max: 255 });
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
  const StreamViewType = textAt(objectAt(properties, 'StreamSpecification'), 'StreamViewType');
  if (StreamViewType) body.StreamSpecification = { StreamEnabled: true, StreamViewType };
  await context.calls.json('dynamodb', 'CreateTable', body);
  const description = await activeTable(TableName, request);
  protect(textAt(description, 'TableArn') ?? '', request);
  await setTimeToLive(TableName, request);
  const attributes: Record<string, Json> = {
    Arn: textAt(description, 'TableArn') ?? '',
    TableId: textAt(description, 'TableId') ?? TableName,
  };
  const streamArn = textAt(description, 'LatestStreamArn');
  if (streamArn) attributes.StreamArn = streamArn;
  return { physicalId: TableName, attributes };
}

/** Key and policy of a table; a global table has them per replica. */
function protect(arn: string, { properties, context }: ResourceRequest): void {
  const { iam } = context.services;
  const here = listAt(properties, 'Replicas').find((replica) => textAt(replica, 'Region') === context.region);
  const sources = [properties, ...(isObject(here) ? [here] : [])];
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
  const specification = objectAt(request.properties, 'TimeToLiveSpecification');
  if (!booleanAt(specification, 'Enabled')) return;
  const AttributeName = textAt(specification, 'AttributeName');
  if (!AttributeName) throw provisionError(request, 'TimeToLiveSpecification needs an AttributeName.');
  await request.context.calls.json('dynamodb', 'UpdateTimeToLive', {
    TableName,
    TimeToLiveSpecification: { Enabled: true, AttributeName },
  });
}

/** Only what decides how an index answers; capacity settings are left out. */
function indexes(properties: JsonObject, name: string): Json[] {
  return listAt(properties, name)
    .filter(isObject)
    .map(({ IndexName = '', KeySchema = [], Projection = {} }) => ({ IndexName, KeySchema, Projection }));
}

export const dynamodbTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::DynamoDB::Table': table,
  'AWS::DynamoDB::GlobalTable': globalTable,
};
