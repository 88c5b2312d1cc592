import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetFunctionCommand } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { here } from '../../bin/apps/parked-world.ts';
import { parkedSkip } from '../../bin/commands/change-parked.ts';
import { parkedList } from '../../bin/commands/parked.ts';
import { awsOverSdk } from '../../lib/operations/deployed/aws-over-sdk.ts';
import { openClients } from '../../lib/operations/deployed/clients.ts';
import { outputsOf } from '../../lib/operations/deployed/deployment.ts';

/** The person at the shell is signed in by a profile, and no variable has a key: what the SDK's chain of providers is for. */
let server: Server;
let folder: string;
const signers = new Set<string | undefined>();
const before = { ...process.env };

beforeAll(async () => {
  server = createServer((request, response) => {
    signers.add(/Credential=(?<key>\w+)\//.exec(request.headers.authorization ?? '')?.groups?.key);
    request.resume().on('end', () => response.writeHead(403).end('{}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  folder = mkdtempSync(join(tmpdir(), 'sluice-profile-'));
  const files = { AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'), AWS_CONFIG_FILE: join(folder, 'config') };
  writeFileSync(files.AWS_SHARED_CREDENTIALS_FILE, '[desk]\naws_access_key_id = DESK\naws_secret_access_key = s\n');
  writeFileSync(files.AWS_CONFIG_FILE, '[profile desk]\nregion = eu-north-1\n');
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, { ...files, AWS_PROFILE: 'desk', AWS_ENDPOINT_URL: url });
});
beforeEach(() => signers.clear());
afterAll(() => {
  process.env = before;
  rmSync(folder, { recursive: true });
  server.close();
});

const options = { stage: 'dev', stack: 'shop', json: true, all: false, yes: true, drop: false };

it.each<[string, () => Promise<unknown>]>([
  ['reading what is deployed', () => outputsOf('shop')],
  ['listing what is parked', () => parkedList('worker', options, here())],
  ['skipping what is parked', () => parkedSkip('worker', 'K', options, here())],
  ['asking for a function', () => openClients().lambda.send(new GetFunctionCommand({ FunctionName: 'f' }))],
  ['reading a table', () => openClients().dynamodb.send(new GetCommand({ TableName: 't', Key: { pk: 'a' } }))],
  ...(['dynamodb GetItem', 'sqs SendMessage', 's3 PutObject'] as const).map(
    (call): [string, () => Promise<unknown>] => {
      const [service, operation] = call.split(' ') as ['dynamodb', string];
      const input = { TableName: 't', Key: {}, QueueUrl: 'q', MessageBody: 'b', Bucket: 'b' };
      const clients = () => ({
        dynamodb: new DynamoDBClient({}),
        sqs: new SQSClient({}),
        s3: new S3Client({ forcePathStyle: true }),
      });
      return [
        `the runtime's call ${call}`,
        () =>
          awsOverSdk(clients())(service, operation, {
            ...input,
            ...((service as string) === 's3' ? { Key: 'k', Body: Buffer.from('x') } : {}),
          }),
      ];
    },
  ),
])('%s is signed with the credentials of the profile', async (_, run) => {
  await expect(run()).rejects.toThrow();
  expect([...signers]).toEqual(['DESK']);
});
