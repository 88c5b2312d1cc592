import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** SDK clients of the tools, for wherever the SDK's environment points. */
export function openClients() {
  const local = process.env.AWS_ENDPOINT_URL !== undefined;
  // Local endpoints have no host name per bucket.
  const s3 = new S3Client({ forcePathStyle: local });
  // That of documents closes nothing by itself.
  const tables = new DynamoDBClient({});
  const clients = {
    cloudformation: new CloudFormationClient({}),
    lambda: new LambdaClient({}),
    sqs: new SQSClient({}),
    // Speaks HTTP/2 by itself, over which MiniStack cuts answers off at 64 KiB; S3's handler speaks HTTP/1.1.
    kinesis: new KinesisClient(local ? { requestHandler: s3.config.requestHandler } : {}),
    s3,
  };
  return {
    ...clients,
    dynamodb: DynamoDBDocumentClient.from(tables),
    close() {
      for (const client of [...Object.values(clients), tables]) client.destroy();
    },
  };
}

export type Clients = ReturnType<typeof openClients>;
