import { CopyObjectCommand, CreateBucketCommand, GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { failure, type Harness, ROLE, startHarness } from './harness.ts';

const Bucket = 'claims';
const LISTER = `${ROLE}-lister`;
let harness: Harness;
const denied: string[] = [];
beforeAll(async () => {
  harness = await startHarness();
  const { iam } = harness.services;
  const statement = (Action: string, Resource: string) => ({ Effect: 'Allow' as const, Action, Resource });
  const object = statement('s3:*Object', `arn:aws:s3:::${Bucket}/*`);
  iam.roles.put(ROLE, 'objects', { Statement: [object] });
  iam.roles.put(LISTER, 'objects', { Statement: [object, statement('s3:ListBucket', `arn:aws:s3:::${Bucket}`)] });
  iam.onDenial(({ message }) => denied.push(message));
  await harness.clients.s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => harness.close());

const CALLS = {
  GetObject: () => new GetObjectCommand({ Bucket, Key: 'gone' }),
  HeadObject: () => new HeadObjectCommand({ Bucket, Key: 'gone' }),
  CopyObject: () => new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/gone` }),
};

it.each(Object.entries(CALLS))(
  '%s of an object that is not there: 404 for who may list, 403 for others',
  async (_, call) => {
    const { s3 } = harness.clientsOf('reader');
    expect(await failure(s3.send(call() as GetObjectCommand))).toMatchObject({ $metadata: { httpStatusCode: 403 } });
    const lister = harness.clientsOf('lister', LISTER).s3;
    expect(await failure(lister.send(call() as GetObjectCommand))).toMatchObject({
      $metadata: { httpStatusCode: 404 },
    });
    const outside = harness.clients.s3;
    expect(await failure(outside.send(call() as GetObjectCommand))).toMatchObject({
      $metadata: { httpStatusCode: 404 },
    });
  },
);

it('the refusal names the permission that is missing, and is told', async () => {
  const { s3 } = harness.clientsOf('reader');
  const error = await failure(s3.send(CALLS.GetObject()));
  expect(error).toMatchObject({ name: 'AccessDenied', message: expect.stringContaining('s3:ListBucket') });
  expect(denied.at(-1)).toContain(`s3:ListBucket on resource: arn:aws:s3:::${Bucket}`);
});

it('a bucket that is not there is named to everybody who may read it', async () => {
  const { iam } = harness.services;
  iam.roles.put(ROLE, 'elsewhere', { Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }] });
  const { s3 } = harness.clientsOf('reader');
  const error = await failure(s3.send(new GetObjectCommand({ Bucket: 'nowhere', Key: 'gone' })));
  expect(error.name).toBe('NoSuchBucket');
});
