import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { failure, type Harness, inOnePacket, startHarness } from './harness.ts';

const Bucket = 'documents';
let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  await harness.clients.s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => harness.close());

const put = (Key: string, Body: string | Buffer, more: object = {}) =>
  harness.clients.s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
async function get(Key: string): Promise<string | undefined> {
  const { Body } = await harness.clients.s3.send(new GetObjectCommand({ Bucket, Key }));
  return Body?.transformToString();
}

it('stores, describes, copies, lists and deletes objects, whatever their keys', async () => {
  const { s3 } = harness.clients;
  const key = 'invoices/2026/№ 1 +&=.txt';
  await put(key, 'first', { ContentType: 'text/plain', Metadata: { order: '17' } });
  expect(await get(key)).toBe('first');
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: key }));
  expect(head).toMatchObject({ ContentLength: 5, ContentType: 'text/plain', Metadata: { order: '17' } });
  await s3.send(
    new CopyObjectCommand({ Bucket, Key: 'invoices/copy', CopySource: `/${Bucket}/${encodeURIComponent(key)}` }),
  );
  const listed = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'invoices/' }));
  expect(listed.Contents?.map(({ Key }) => Key).sort()).toEqual([key, 'invoices/copy'].sort());
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'invoices/copy' }));
  expect((await failure(get('invoices/copy'))).name).toBe('NoSuchKey');
});

it('keeps binary data as it is, megabytes of it', async () => {
  const data = Buffer.alloc(
    5_000_000,
    Uint8Array.from({ length: 256 }, (_, byte) => byte),
  );
  await put('binary', data);
  const { Body } = await harness.clients.s3.send(new GetObjectCommand({ Bucket, Key: 'binary' }));
  expect(data.equals((await Body?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(true);
});

it('lets exactly one of many conditional writers create an object', async () => {
  const writers = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) => put('once', `writer ${n}`, { IfNoneMatch: '*' })),
  );
  expect(writers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const winner = writers.findIndex(({ status }) => status === 'fulfilled');
  expect(await get('once')).toBe(`writer ${winner}`);
  const late = await failure(put('once', 'late', { IfNoneMatch: '*' }));
  expect(late).toMatchObject({ name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } });
});

it('does so even for writers that arrive at the same moment', async () => {
  const request = { line: `PUT /${Bucket}/moment`, headers: { 'if-none-match': '*' }, body: 'x' };
  const statuses = await inOnePacket(
    harness.services.port,
    Array.from({ length: 10 }, () => request),
  );
  expect(statuses.sort()).toEqual([200, ...Array.from({ length: 9 }, () => 412)]);
});

it('replaces an object only when its ETag is the expected one', async () => {
  const { ETag } = await put('versioned', 'one');
  await put('versioned', 'two', { IfMatch: ETag });
  expect((await failure(put('versioned', 'three', { IfMatch: ETag }))).name).toBe('PreconditionFailed');
  expect(await get('versioned')).toBe('two');
});
