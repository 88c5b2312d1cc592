import {
  CreateTableCommand,
  type CreateTableCommandInput,
  type DynamoDBClient,
  GetItemCommand,
} from '@aws-sdk/client-dynamodb';
import { callJson } from './harness.ts';

/** Creates a table with a string key `pk` (and `sk` when asked for). */
export async function createTable(
  client: DynamoDBClient,
  TableName: string,
  more: Partial<CreateTableCommandInput> & { readonly sorted?: boolean } = {},
): Promise<void> {
  const { sorted = false, ...rest } = more;
  const keys = sorted ? (['pk', 'sk'] as const) : (['pk'] as const);
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: keys.map((AttributeName) => ({ AttributeName, KeyType: AttributeName === 'pk' ? 'HASH' : 'RANGE' })),
      ...rest,
    }),
  );
}

export async function getItem(client: DynamoDBClient, TableName: string, pk: string) {
  const { Item } = await client.send(new GetItemCommand({ TableName, Key: { pk: { S: pk } } }));
  return Item;
}

/** A stream record, as far as the tests look at it. */
export interface RecordSeen {
  readonly eventName: string;
  readonly dynamodb: {
    readonly Keys: object;
    readonly NewImage?: object;
    readonly OldImage?: object;
    readonly SequenceNumber: string;
    readonly StreamViewType: string;
    readonly SizeBytes: number;
  };
  readonly userIdentity?: object;
}

/** DynamoDB Streams without its SDK client, which is not among the dependencies. */
export function streamsAt(url: string) {
  const call = async (operation: string, body: object) => {
    const response = await callJson(url, `DynamoDBStreams_20120810.${operation}`, body);
    if (response.status !== 200) throw new Error(`${operation}: ${JSON.stringify(response.body)}`);
    return response.body;
  };
  return {
    call,
    async describe(StreamArn: string) {
      const { StreamDescription } = await call('DescribeStream', { StreamArn });
      return StreamDescription as { StreamStatus: string; StreamViewType: string; Shards: { ShardId: string }[] };
    },
    async iterator(StreamArn: string, position: { ShardIteratorType: string; SequenceNumber?: string }) {
      const { Shards } = await this.describe(StreamArn);
      const { ShardIterator } = await call('GetShardIterator', { StreamArn, ShardId: Shards[0]?.ShardId, ...position });
      return String(ShardIterator);
    },
    async records(ShardIterator: string, Limit?: number) {
      const { Records, NextShardIterator } = await call('GetRecords', { ShardIterator, ...(Limit && { Limit }) });
      return { records: Records as RecordSeen[], next: NextShardIterator as string | undefined };
    },
    async all(StreamArn: string) {
      return (await this.records(await this.iterator(StreamArn, { ShardIteratorType: 'TRIM_HORIZON' }))).records;
    },
  };
}
