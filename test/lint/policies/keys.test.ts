import { describe, expect, it } from 'vitest';
import { keyUseOf } from '../../../lib/lint/policies/keys.ts';
import { readResources } from '../../../lib/lint/reading/resources.ts';

const template = {
  path: 'App',
  body: {
    Resources: {
      Queue: { Type: 'AWS::SQS::Queue', Properties: {} },
      Key: { Type: 'AWS::KMS::Key', Properties: {} },
      Named: { Type: 'AWS::KMS::Alias', Properties: { AliasName: 'alias/orders', TargetKeyId: { Ref: 'Key' } } },
    },
  },
};
const resources = readResources([template]);
const [queue] = resources.of('AWS::SQS::Queue');
const [key] = resources.of('AWS::KMS::Key');

const used = (value: unknown) => {
  if (queue === undefined) throw new Error('the template has a queue');
  return keyUseOf(value, queue, resources);
};

describe('which key encrypts', () => {
  const arn = (alias: string) => ['arn:', { Ref: 'AWS::Partition' }, ':kms:', { Ref: 'AWS::Region' }, `:1:${alias}`];
  it.each<[string, unknown]>([
    ['its alias', 'alias/aws/sqs'],
    ['its ARN', 'arn:aws-cn:kms:cn-north-1:000000000000:alias/aws/sqs'],
    ['a join', { 'Fn::Join': ['', arn('alias/aws/sqs')] }],
    [
      'a text with variables',
      { 'Fn::Sub': `arn:\${AWS::Partition}:kms:\${AWS::Region}:\${AWS::AccountId}:alias/aws/sqs` },
    ],
    ['a text with variables of its own', { 'Fn::Sub': [`arn:aws:kms:x:1:\${Name}`, { Name: 'alias/aws/sqs' }] }],
  ])('the one of AWS: %s', (_, value) => {
    expect(used(value)).toEqual({ kind: 'aws', alias: 'alias/aws/sqs' });
  });

  it.each<[string, unknown]>([
    ['a reference', { Ref: 'Key' }],
    ['an attribute', { 'Fn::GetAtt': ['Key', 'Arn'] }],
    ['an alias', 'alias/orders'],
    ['the ARN of an alias', { 'Fn::Join': ['', arn('alias/orders')] }],
  ])("a customer's: %s", (_, value) => {
    expect(used(value)).toEqual({ kind: 'customer', key });
  });

  it.each<[string, unknown]>([
    ['an id', '1234abcd-12ab-34cd-56ef-1234567890ab'],
    ['an alias that is not here', 'alias/other'],
    ['an alias that only ends like one of AWS', 'alias/my/alias/aws/sqs'],
    ['a parameter', { Ref: 'KeyArn' }],
  ])('one that is not here: %s', (_, value) => {
    expect(used(value)).toEqual({ kind: 'elsewhere' });
  });

  it.each<unknown>([undefined, ''])('none: %j', (value) => {
    expect(used(value)).toEqual({ kind: 'none' });
  });
});
