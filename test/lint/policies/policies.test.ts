import { describe, expect, it } from 'vitest';
import { allowsOn, allowsPrincipal, allowsService } from '../../../lib/lint/policies/policies.ts';

const SNS = 'sns.amazonaws.com';
const WANTED = ['kms:GenerateDataKey', 'kms:Decrypt'];
const statement = (more: object) => ({
  Effect: 'Allow',
  Action: WANTED,
  Principal: { Service: SNS },
  Resource: '*',
  ...more,
});
const document = (...statements: readonly object[]) => ({ Statement: statements.map(statement) });

describe('a policy lets a service in', () => {
  it.each<[string, unknown, boolean]>([
    ['that it names', document({}), true],
    ['that it names among others', document({ Principal: { Service: ['s3.amazonaws.com', SNS] } }), true],
    ['another one', document({ Principal: { Service: 's3.amazonaws.com' } }), false],
    ['of another name that begins alike', document({ Principal: { Service: `${SNS}.cn` } }), false],
    ['everybody', document({ Principal: '*' }), true],
    ['everybody of AWS', document({ Principal: { AWS: '*' } }), true],
    ['everybody among others', document({ Principal: { AWS: ['arn:aws:iam::1:root', '*'] } }), true],
    ['an account', document({ Principal: { AWS: 'arn:aws:iam::1:root' } }), false],
    ['by what AWS fills in', document({ Principal: { Service: { 'Fn::Sub': `sns.\${AWS::URLSuffix}` } } }), true],
    [
      'another by what AWS fills in',
      document({ Principal: { Service: { 'Fn::Sub': `s3.\${AWS::URLSuffix}` } } }),
      false,
    ],
    ['that is known at deployment', document({ Principal: { Service: { Ref: 'Service' } } }), true],
    ['nobody', document({ Principal: undefined }), false],
    ['without a statement', {}, false],
    ['in a statement that stands alone', { Statement: statement({}) }, true],
    ['as text', JSON.stringify(document({})), true],
  ])('%s', (_, policy, is) => {
    expect(allowsService(policy, SNS, WANTED)).toBe(is);
  });

  it.each<[string, unknown, boolean]>([
    ['one action of two', document({ Action: 'kms:Decrypt' }), false],
    ['the other one', document({ Action: ['kms:GenerateDataKey'] }), false],
    ['two, in two statements', document({ Action: 'kms:Decrypt' }, { Action: 'kms:GenerateDataKey' }), true],
    ['all of a service', document({ Action: 'kms:*' }), true],
    ['all', document({ Action: '*' }), true],
    ['those that begin alike', document({ Action: ['kms:GenerateDataKey*', 'kms:Decrypt'] }), true],
    ['of other letters', document({ Action: ['KMS:generatedatakey', 'kms:DECRYPT'] }), true],
    ['with a place for one letter', document({ Action: ['kms:GenerateDataKe?', 'kms:Decryp?'] }), true],
    ['with a place for a letter too many', document({ Action: ['kms:GenerateDataKey?', 'kms:Decrypt'] }), false],
    ['longer ones', document({ Action: ['kms:GenerateDataKeyPair', 'kms:Decrypt'] }), false],
    ['no expression', document({ Action: ['kms.GenerateDataKey', 'kms:Decrypt'] }), false],
    ['what it denies', document({ Effect: 'Deny' }), false],
    ['what it denies, beside what it allows', document({ Action: 'kms:Decrypt' }, { Effect: 'Deny' }), false],
  ])('to do %s', (_, policy, is) => {
    expect(allowsService(policy, SNS, WANTED)).toBe(is);
    // Of a role and of somebody by ARN it is read in the same way.
    expect(allowsOn(policy, WANTED, (arn) => arn === '*')).toBe(is);
    const named = JSON.parse(JSON.stringify(policy).replaceAll(JSON.stringify({ Service: SNS }), '{"AWS":["me"]}'));
    expect(allowsPrincipal(named, (arn) => arn === 'me', WANTED)).toBe(is);
  });

  it('to somebody, or on something, that it names among others', () => {
    const named = document({ Principal: { AWS: ['you', 'me'] }, Resource: ['there', 'here'] });
    expect(['me', 'you', 'him'].map((who) => allowsPrincipal(named, (arn) => arn === who, WANTED))).toEqual([
      true,
      true,
      false,
    ]);
    expect(['here', 'there', '*'].map((on) => allowsOn(named, WANTED, (arn) => arn === on))).toEqual([
      true,
      true,
      false,
    ]);
    expect(allowsPrincipal(document({ Principal: '*' }), () => false, WANTED)).toBe(true);
  });
});
