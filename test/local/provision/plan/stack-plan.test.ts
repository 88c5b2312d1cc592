import { expect, it } from 'vitest';
import { retention, staysOnRollback } from '../../../../lib/local/provision/plan/stack-plan.ts';

it.each([
  ['Retain', true, true],
  ['RetainExceptOnCreate', true, false],
  ['Snapshot', true, false],
  ['Delete', false, false],
  ['retain', false, false],
  [undefined, false, false],
])('DeletionPolicy %s keeps a resource: %s, also when its deployment is taken back: %s', (policy, keeps, stays) => {
  const deleted = { Type: 'AWS::S3::Bucket', ...(policy === undefined ? {} : { DeletionPolicy: policy }) };
  const replaced = { Type: 'AWS::S3::Bucket', ...(policy === undefined ? {} : { UpdateReplacePolicy: policy }) };
  expect(retention(deleted)).toEqual({ onDelete: keeps, onReplace: false });
  expect(retention(replaced)).toEqual({ onDelete: false, onReplace: keeps });
  expect([staysOnRollback(deleted), staysOnRollback(replaced)]).toEqual([stays, false]);
});
