import { createHash } from 'node:crypto';
import { isObject, textAt } from '../../json.ts';
import { physicalName } from '../resources/names.ts';
import type { ResourceType } from '../resources/resource.ts';

/** Letters of a key id, which on AWS is a UUID. */
const UUID_PARTS = [8, 12, 16, 20, 32] as const;

/** Keys encrypt nothing here, but who may use what they encrypt is decided by their policies. */
const key: ResourceType = {
  handled: ['KeyPolicy'],
  harmless: [
    'BypassPolicyLockoutSafetyCheck',
    'Description',
    'EnableKeyRotation',
    'KeySpec',
    'KeyUsage',
    'MultiRegion',
    'Origin',
    'PendingWindowInDays',
    'RotationPeriodInDays',
    'Tags',
  ],
  refused: { Enabled: 'a disabled key would have to refuse everything' },
  create({ stackName, logicalId, properties, context }) {
    const digest = createHash('sha256').update(`${stackName}/${logicalId}`).digest('hex');
    const keyId = UUID_PARTS.map((end, i) => digest.slice(UUID_PARTS[i - 1] ?? 0, end)).join('-');
    const arn = `arn:aws:kms:${context.region}:${context.accountId}:key/${keyId}`;
    const { iam } = context.services;
    iam.keys.add(keyId, arn);
    iam.resources.put(
      arn,
      'KeyPolicy',
      isObject(properties.KeyPolicy) ? properties.KeyPolicy : defaultPolicy(context.accountId),
    );
    return { physicalId: keyId, attributes: { Arn: arn, KeyId: keyId } };
  },
  remove: ({ attributes }, { services }) => services.iam.resources.remove(String(attributes.Arn), 'KeyPolicy'),
};

/** https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html */
const defaultPolicy = (account: string): object => ({
  Statement: {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: 'kms:*',
    Resource: '*',
  },
});

const alias: ResourceType = {
  handled: ['AliasName', 'TargetKeyId'],
  create({ stackName, logicalId, properties, context }) {
    const name = textAt(properties, 'AliasName') ?? `alias/${physicalName(stackName, logicalId, { max: 128 })}`;
    const { keys } = context.services.iam;
    const target = keys.find(textAt(properties, 'TargetKeyId') ?? '');
    if (target !== undefined) keys.add(name, target);
    return { physicalId: name, attributes: {} };
  },
};

export const kmsTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::KMS::Key': key,
  'AWS::KMS::Alias': alias,
};
