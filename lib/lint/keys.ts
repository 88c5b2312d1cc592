import type { Resource, Resources } from './resources.ts';

/** Which key encrypts something: a customer's key of the tree, the one that AWS manages for the service, none, or one that is not here. */
export type KeyUse =
  | { readonly kind: 'customer'; readonly key: Resource }
  | { readonly kind: 'aws'; readonly alias: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'elsewhere' };

/** @param value `KmsMasterKeyId`: an id, an ARN or an alias */
export function keyUseOf(value: unknown, from: Resource, resources: Resources): KeyUse {
  if (value === undefined || value === '') return { kind: 'none' };
  const found = resources.named('AWS::KMS::Alias', value, from) ?? resources.target(value, from);
  const key = found?.type === 'AWS::KMS::Alias' ? resources.target(found.properties.TargetKeyId, found) : found;
  if (key?.type === 'AWS::KMS::Key') return { kind: 'customer', key };
  const alias = /alias\/aws\/[a-z]+$/.exec(
    typeof value === 'string' ? value : JSON.stringify(value).replace(/"\]\]?\}*$/, ''),
  );
  return alias === null ? { kind: 'elsewhere' } : { kind: 'aws', alias: alias[0] };
}
