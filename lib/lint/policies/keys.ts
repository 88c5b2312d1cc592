import { arnOf } from '../reading/arns.ts';
import { textOf } from '../reading/intrinsics.ts';
import type { Resource, Resources } from '../reading/resources.ts';

/** Which key encrypts something: a customer's key of the tree, the one that AWS manages for the service, none, or one that is not here. */
export type KeyUse =
  | { readonly kind: 'customer'; readonly key: Resource }
  | { readonly kind: 'aws'; readonly alias: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'elsewhere' };

/** Names that no customer can give. https://docs.aws.amazon.com/kms/latest/developerguide/alias-about.html */
const AWS_ALIAS = /^alias\/aws\/[a-z0-9]+$/;

/** @param value `KmsMasterKeyId`: an id, an ARN or an alias */
export function keyUseOf(value: unknown, from: Resource, resources: Resources): KeyUse {
  if (value === undefined || value === '') return { kind: 'none' };
  const found = resources.named('AWS::KMS::Alias', value, from) ?? resources.target(value, from);
  const key = found?.type === 'AWS::KMS::Alias' ? resources.target(found.properties.TargetKeyId, found) : found;
  if (key?.type === 'AWS::KMS::Key') return { kind: 'customer', key };
  const name = arnOf(value)?.name ?? textOf(value) ?? '';
  return AWS_ALIAS.test(name) ? { kind: 'aws', alias: name } : { kind: 'elsewhere' };
}
