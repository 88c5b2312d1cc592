import { InvokeCommand } from '@aws-sdk/client-lambda';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { REGION } from '../engine/support.ts';
import { conformanceApp, type DeployedFunction, failure } from './app.ts';
import { conforms } from './conforms.ts';

const app = conformanceApp();
app.add({ Bucket: { Type: 'AWS::S3::Bucket', Properties: {} } });
const s3 = () => app.clients.s3;
const at = (Key: string) => ({ Bucket: app.physical('Bucket'), Key });
const put = (key: string, Body: string, more: Partial<PutObjectCommandInput> = {}) =>
  s3().send(new PutObjectCommand({ ...at(key), Body, ...more }));
const get = async (key: string, Range?: string) =>
  (await s3().send(new GetObjectCommand({ ...at(key), Range }))).Body?.transformToString();

const reader = (id: string, ...actions: readonly string[]) =>
  app.lambda(
    `const response = await fetch(process.env.AWS_ENDPOINT_URL + '/' + process.env.BUCKET + '/gone', { headers: {
       authorization: 'AWS4-HMAC-SHA256 Credential=' + process.env.AWS_ACCESS_KEY_ID + '/20260101/${REGION}/s3/aws4_request, SignedHeaders=host, Signature=x',
       'x-amz-security-token': process.env.AWS_SESSION_TOKEN } });
     return { status: response.status, code: /<Code>(.*)<.Code>/.exec(await response.text())?.[1] };`,
    { Environment: { Variables: { BUCKET: { Ref: 'Bucket' }, ID: id } } },
    actions.map((Action) => ({ Effect: 'Allow', Action, Resource: '*' })),
  );
const answerOf = async ({ name }: DeployedFunction): Promise<unknown> => {
  const { Payload } = await app.clients.lambda.send(new InvokeCommand({ FunctionName: name }));
  return JSON.parse(Buffer.from(Payload ?? []).toString());
};
const [mayList, mayReadOnly] = [reader('lists', 's3:GetObject', 's3:ListBucket'), reader('reads', 's3:GetObject')];
conforms(
  'S3: an object that is not there is NoSuchKey for who may list the bucket, and AccessDenied for who may only read objects',
  { source: 's3-getobject' },
  async () => {
    expect(await answerOf(mayList)).toEqual({ status: 404, code: 'NoSuchKey' });
    expect(await answerOf(mayReadOnly)).toEqual({ status: 403, code: 'AccessDenied' });
  },
);

conforms('S3: If-None-Match * writes an object only if there is none', { source: 's3-conditional' }, async () => {
  await put('new', 'first', { IfNoneMatch: '*' });
  const error = await failure(put('new', 'second', { IfNoneMatch: '*' }));
  expect(error).toMatchObject({ name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } });
  expect(await get('new')).toBe('first');
});
conforms(
  'S3: of writers at the same time one gets through with If-None-Match',
  { source: 's3-conditional' },
  async () => {
    const writers = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => put('race', String(n), { IfNoneMatch: '*' })),
    );
    expect(writers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  },
);
conforms('S3: If-Match replaces an object only while its ETag is the same', { source: 's3-conditional' }, async () => {
  const { ETag } = await put('versions', 'one');
  await put('versions', 'two', { IfMatch: ETag });
  expect(await failure(put('versions', 'three', { IfMatch: ETag }))).toMatchObject({
    name: 'PreconditionFailed',
    $metadata: { httpStatusCode: 412 },
  });
  expect(await get('versions')).toBe('two');
});
conforms('S3: If-Match on an object that is not there is NoSuchKey', { source: 's3-conditional' }, async () => {
  const error = await failure(put('absent', 'x', { IfMatch: '"d41d8cd98f00b204e9800998ecf8427e"' }));
  expect(error).toMatchObject({ name: 'NoSuchKey', $metadata: { httpStatusCode: 404 } });
});
conforms('S3: If-None-Match holds when a multipart upload is completed', { source: 's3-conditional' }, async () => {
  const { UploadId } = await s3().send(new CreateMultipartUploadCommand(at('parts')));
  const { ETag } = await s3().send(
    new UploadPartCommand({ ...at('parts'), UploadId, PartNumber: 1, Body: 'from parts' }),
  );
  await put('parts', 'meanwhile');
  const complete = s3().send(
    new CompleteMultipartUploadCommand({
      ...at('parts'),
      UploadId,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
      IfNoneMatch: '*',
    }),
  );
  expect((await failure(complete)).name).toBe('PreconditionFailed');
  expect(await get('parts')).toBe('meanwhile');
});
conforms(
  'S3: an object is readable as soon as it is written, and gone as soon as it is deleted',
  { source: 's3-conditional' },
  async () => {
    for (let version = 0; version < 5; version++) {
      await put('fresh', `v${version}`);
      expect(await get('fresh')).toBe(`v${version}`);
    }
    await s3().send(new DeleteObjectCommand(at('fresh')));
    expect((await failure(get('fresh'))).name).toBe('NoSuchKey');
    await s3().send(new DeleteObjectCommand(at('fresh')));
  },
);
conforms('S3: metadata, ranges, copies and listings by prefix', { source: 's3-conditional' }, async () => {
  const key = 'invoices/№ 1 +&=.txt';
  await put(key, '0123456789', { ContentType: 'text/plain', Metadata: { order: '17' } });
  const head = await s3().send(new HeadObjectCommand(at(key)));
  expect(head).toMatchObject({ ContentLength: 10, ContentType: 'text/plain', Metadata: { order: '17' } });
  expect(await get(key, 'bytes=2-4')).toBe('234');
  const CopySource = `/${app.physical('Bucket')}/${encodeURIComponent(key)}`;
  await s3().send(new CopyObjectCommand({ ...at('invoices/copy'), CopySource }));
  const { Contents = [] } = await s3().send(
    new ListObjectsV2Command({ Bucket: app.physical('Bucket'), Prefix: 'invoices/' }),
  );
  expect(Contents.map(({ Key }) => Key).toSorted()).toEqual(['invoices/copy', key].toSorted());
});
