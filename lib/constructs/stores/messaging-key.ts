import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { removalPolicyOf } from '../stages/stage.ts';

/**
 * The customer key of a system's topics. The keys that AWS manages for SNS cannot be used here: CloudWatch may not use them, so
 * the actions of alarms would fail without a word. https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
 */
export function messagingKey(scope: Construct): Key {
  const key = new Key(scope, 'Key', {
    description: 'Encrypts the topics of this stack',
    enableKeyRotation: true,
    removalPolicy: removalPolicyOf(scope),
  });
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: 'AlarmsPublish',
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['kms:GenerateDataKey*', 'kms:Decrypt'],
      resources: ['*'], // In a key policy `*` means this key.
    }),
  );
  return key;
}
