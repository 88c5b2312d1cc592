import { expect, test } from 'vitest';
import type { JsonObject } from '../../../lib/local/json.ts';
import { queue, start, writeAssembly } from './support.ts';

/** A bucket and what empties it before it is deleted, in either order of the template: the second depends on the first. */
const BUCKET: JsonObject = { Shelf: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'shelf' } } };
const EMPTIED: JsonObject = {
  Emptier: { Type: 'Custom::S3AutoDeleteObjects', Properties: { ServiceToken: 'none', BucketName: { Ref: 'Shelf' } } },
};

test.each([
  ['first', { ...BUCKET, ...EMPTIED }],
  ['last', { ...EMPTIED, ...BUCKET }],
])('what depends on another goes before it, wherever that stands: %s', async (_, resources) => {
  const app = await start(writeAssembly({ ...queue('Stays'), ...resources }));
  for (const key of ['a', 'b']) await app.calls.rest('s3', 'PUT', `/shelf/${key}`, 'x');
  await app.engine.deploy(writeAssembly(queue('Stays')));
  expect(app.engine.notices.filter((text) => text.includes('could not be deleted'))).toEqual([]);
  await expect(app.calls.rest('s3', 'GET', '/shelf?list-type=2')).rejects.toThrow();
});
