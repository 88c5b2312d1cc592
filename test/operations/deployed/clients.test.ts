import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListStreamsCommand } from '@aws-sdk/client-kinesis';
import { ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openClients } from '../../../lib/operations/deployed/clients.ts';
import { openConnections } from '../../bin/open-connections.ts';

describe('clients', () => {
  it.each([
    ['a local endpoint', 'http://localhost:4566', true],
    ['AWS', undefined, false],
  ])('at %s: names of buckets in the path, and HTTP/1.1 for streams, only where it must be', (_, url, isLocal) => {
    vi.stubEnv('AWS_ENDPOINT_URL', url);
    vi.stubEnv('AWS_REGION', 'us-east-1');
    const clients = openClients();
    onTestFinished(() => clients.close());
    expect(clients.s3.config.forcePathStyle).toBe(isLocal);
    expect(clients.kinesis.config.requestHandler === clients.s3.config.requestHandler).toBe(isLocal);
  });

  it('are all closed, that of tables among them', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9');
    for (const name of ['AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, 'x');
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
    const open = openConnections();
    const { cloudformation, lambda, sqs, kinesis, s3, dynamodb, close } = openClients();
    await Promise.allSettled([
      cloudformation.send(new DescribeStacksCommand({})),
      lambda.send(new ListFunctionsCommand({})),
      sqs.send(new ListQueuesCommand({})),
      kinesis.send(new ListStreamsCommand({})),
      s3.send(new ListBucketsCommand({})),
      dynamodb.send(new ListTablesCommand({})),
    ]);
    // Here the client of streams sends over the connections of S3's.
    expect(new Set(open())).toEqual(
      new Set(['CloudFormationClient', 'LambdaClient', 'SQSClient', 'S3Client', 'DynamoDBDocumentClient']),
    );
    close();
    expect(open()).toEqual([]);
  });
});
