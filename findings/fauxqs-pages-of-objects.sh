#!/usr/bin/env bash
# fauxqs 2.4.1 sorts the keys of a bucket as words of a language are sorted (localeCompare), and begins the next page behind the last key by comparing
# characters. Where the two orders differ, pages of ListObjectsV2 repeat keys and leave others out. S3 lists general purpose buckets in the order of UTF-8 bytes.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/ListingKeysUsingAPIs.html
# Seen: of the keys B, a-1, a-2, a1, a2, b pages of two leave B out; one page has it last, where S3 has it first.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --save-exact --no-audit --no-fund --loglevel=error fauxqs@2.4.1 @aws-sdk/client-s3@3.1169.0 node@24.21.0 > /dev/null
cat > run.mjs <<'JS'
import { CreateBucketCommand, paginateListObjectsV2, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { startFauxqs } from 'fauxqs';

const server = await startFauxqs({ port: 0, logger: false });
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
const s3 = new S3Client({ endpoint: `http://127.0.0.1:${server.port}`, region: 'us-east-1', credentials, forcePathStyle: true });
const Bucket = 'orders';
await s3.send(new CreateBucketCommand({ Bucket }));
for (const Key of ['a-1', 'a1', 'a-2', 'a2', 'B', 'b']) await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
for (const pageSize of [2, 1000]) {
  const keys = [];
  for await (const page of paginateListObjectsV2({ client: s3, pageSize }, { Bucket })) keys.push(...page.Contents.map(({ Key }) => Key));
  console.log(`pages of ${pageSize}: ${keys.join(' ')}`);
}
s3.destroy();
await server.stop();
JS
printed=$(node_modules/.bin/node run.mjs)
echo "$printed"
expected=$'pages of 2: a-1 a-2 a1 a2 b\npages of 1000: a-1 a-2 a1 a2 b B'
[ "$printed" = "$expected" ] || { echo "it behaves differently now" >&2; exit 1; }
