import { CreateBucketCommand, PutObjectCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Harness, startHarness } from './harness.ts';

const Bucket = 'listed';
/** In the order of their bytes; as words of a language they would be sorted otherwise. */
const KEYS = [
  'B',
  'a-10',
  'a-9',
  'a/1',
  'a/2',
  'a1',
  'a10',
  'a9',
  'a_1',
  'b',
  'b/c/1',
  'b/c/2',
  'z',
  'é',
  '\u{ffee}',
  '\u{1f600}',
];
let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  await harness.clients.s3.send(new CreateBucketCommand({ Bucket }));
  for (const Key of KEYS.toReversed()) await harness.clients.s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
});
afterAll(() => harness.close());

async function listed(pageSize: number, more: { readonly Prefix?: string; readonly Delimiter?: string } = {}) {
  const [keys, prefixes]: [string[], string[]] = [[], []];
  for await (const page of paginateListObjectsV2({ client: harness.clients.s3, pageSize }, { Bucket, ...more })) {
    keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
    prefixes.push(...(page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix));
  }
  return { keys, prefixes };
}

it.each([1, 2, 3, 5, 16, 1_000])('pages of %i have each key once, in the order of bytes', async (size) => {
  expect((await listed(size)).keys).toEqual(KEYS);
  const inA = KEYS.filter((key) => key.startsWith('a'));
  expect((await listed(size, { Prefix: 'a' })).keys).toEqual(inA);
});

it.each([1, 2, 3, 5, 16, 1_000])('pages of %i by a delimiter have each key and each prefix once', async (size) => {
  const { keys, prefixes } = await listed(size, { Delimiter: '/' });
  expect(keys).toEqual(KEYS.filter((key) => !key.includes('/')));
  expect(prefixes).toEqual(['a/', 'b/']);
  expect(await listed(size, { Delimiter: '/', Prefix: 'b/' })).toEqual({ keys: [], prefixes: ['b/c/'] });
});
