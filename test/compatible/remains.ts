import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { KinesisClient, ListStreamsCommand } from '@aws-sdk/client-kinesis';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { DeleteObjectsCommand, ListBucketsCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';

type Names = readonly (string | undefined)[];

/** What there is of each kind, in an endpoint with little else in it. */
const KINDS: Readonly<Record<string, (prefix: string) => Promise<Names | undefined>>> = {
  stacks: () =>
    asking(CloudFormationClient, async (client) => {
      const { Stacks } = await client.send(new DescribeStacksCommand({}));
      return Stacks?.map(({ StackName }) => StackName);
    }),
  queues: (QueueNamePrefix) =>
    asking(SQSClient, async (client) => {
      const { QueueUrls } = await client.send(new ListQueuesCommand({ QueueNamePrefix }));
      return QueueUrls?.map((url) => url.split('/').at(-1));
    }),
  topics: () =>
    asking(SNSClient, async (client) => {
      const { Topics } = await client.send(new ListTopicsCommand({}));
      return Topics?.map(({ TopicArn }) => TopicArn?.split(':').at(-1));
    }),
  streams: () => asking(KinesisClient, async (client) => (await client.send(new ListStreamsCommand({}))).StreamNames),
  tables: () => asking(DynamoDBClient, async (client) => (await client.send(new ListTablesCommand({}))).TableNames),
  functions: () =>
    asking(LambdaClient, async (client) => {
      const { Functions } = await client.send(new ListFunctionsCommand({}));
      return Functions?.map(({ FunctionName }) => FunctionName);
    }),
  buckets: () => asking(S3Client, bucketNames),
  alarms: (AlarmNamePrefix) =>
    asking(CloudWatchClient, async (client) => {
      const { MetricAlarms } = await client.send(new DescribeAlarmsCommand({ AlarmNamePrefix }));
      return MetricAlarms?.map(({ AlarmName }) => AlarmName);
    }),
  logGroups: () =>
    asking(CloudWatchLogsClient, async (client) => {
      const { logGroups } = await client.send(new DescribeLogGroupsCommand({}));
      return logGroups?.map(({ logGroupName }) => logGroupName);
    }),
};

async function asking<C extends { destroy(): void }, T>(
  Client: new (options: { forcePathStyle: boolean }) => C,
  ask: (client: C) => Promise<T>,
): Promise<T> {
  const client = new Client({ forcePathStyle: true });
  try {
    return await ask(client);
  } finally {
    client.destroy();
  }
}

/** What is there of a stack, by kind and by name; its name is in those of its resources. */
export async function remainsOf(stackName: string): Promise<Record<string, readonly string[]>> {
  const found = await Promise.all(
    Object.entries(KINDS).map(async ([kind, list]) => {
      const names = ((await list(stackName)) ?? []).filter((name) => name !== undefined);
      return [kind, names.filter((name) => name.includes(stackName))] as const;
    }),
  );
  return Object.fromEntries(found.filter(([, names]) => names.length > 0));
}

const bucketNames = async (client: S3Client): Promise<string[]> =>
  ((await client.send(new ListBucketsCommand({}))).Buckets ?? []).map(({ Name = '' }) => Name);

/** Deletes every version of every object of a stack's buckets: CloudFormation deletes no bucket that holds any. */
export async function emptyBuckets(stackName: string): Promise<void> {
  await asking(S3Client, async (client) => {
    const buckets = (await bucketNames(client)).filter((name) => name.startsWith(stackName));
    for (const Bucket of buckets) {
      // What is deleted is not listed again, so the first page is always the next one.
      for (;;) {
        const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }));
        const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
        if (Objects.length === 0) break;
        const { Errors = [] } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
        if (Errors.length > 0) throw new Error(`bucket ${Bucket} cannot be emptied: ${JSON.stringify(Errors[0])}`);
      }
    }
  });
}
