import { describe, expect, it } from 'vitest';
import { denial, denialError } from '../../../lib/local/iam/denial.ts';
import { keyDemands } from '../../../lib/local/iam/key-demands.ts';
import { createKeys, isAwsManaged } from '../../../lib/local/iam/keys.ts';
import { coverage, type Principal, rolePrincipal } from '../../../lib/local/iam/principal.ts';
import { arnMatches, matches } from '../../../lib/local/iam/wildcard.ts';

const ACCOUNT = '000000000000';
const KEY = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/1`;
const worker = rolePrincipal(`arn:aws:iam::${ACCOUNT}:role/app/worker`, 'run');
const sns: Principal = { kind: 'service', service: 'sns.amazonaws.com', sourceArn: 'arn:aws:sns:::t' };

describe('keys', () => {
  const keys = () => {
    const made = createKeys('eu-west-1', ACCOUNT);
    made.add('1', KEY);
    made.add('alias/orders', KEY);
    return made;
  };

  it.each([
    ['1', KEY],
    [KEY, KEY],
    ['alias/orders', KEY],
    [`arn:aws:kms:eu-west-1:${ACCOUNT}:alias/orders`, KEY],
    [`arn:aws:kms:us-east-1:${ACCOUNT}:key/1`, KEY],
    ['alias/aws/sqs', `arn:aws:kms:eu-west-1:${ACCOUNT}:alias/aws/sqs`],
    [`arn:aws:kms:eu-west-1:${ACCOUNT}:alias/aws/sqs`, `arn:aws:kms:eu-west-1:${ACCOUNT}:alias/aws/sqs`],
    ['2', undefined],
    ['alias/others', undefined],
    ['arn:aws:kms:eu-west-1:111111111111:key/2', undefined],
    ['my-alias/aws/sqs', undefined],
  ])('are found by %s', (key, found) => expect(keys().find(key)).toBe(found));

  it('are of the resources that say so, until they say otherwise', () => {
    const made = keys();
    expect(made.of('q')).toBeUndefined();
    made.encrypt('q', '1');
    made.encrypt('r', 'alias/orders');
    expect([made.of('q'), made.of('r')]).toEqual(['1', 'alias/orders']);
    made.encrypt('q', undefined);
    expect([made.of('q'), made.of('r')]).toEqual([undefined, 'alias/orders']);
  });

  it('of AWS are told by their alias', () => {
    expect(['alias/aws/s3', 'arn:aws:kms:x:y:alias/aws/s3'].every(isAwsManaged)).toBe(true);
    expect(['alias/orders', 'alias/awsome', 'x-alias/aws/s3', 'aws/s3'].some(isAwsManaged)).toBe(false);
  });
});

describe('what a call needs of the key', () => {
  it.each([
    ['sqs:SendMessage', ['GenerateDataKey', 'Decrypt'], 'sqs'],
    ['sqs:ReceiveMessage', ['Decrypt'], 'sqs'],
    ['sqs:DeleteMessage', [], 'sqs'],
    ['sns:Publish', ['GenerateDataKey', 'Decrypt'], 'sns'],
    ['kinesis:PutRecord', ['GenerateDataKey'], 'kinesis'],
    ['kinesis:GetRecords', ['Decrypt'], 'kinesis'],
    ['s3:PutObject', ['GenerateDataKey'], 's3'],
    ['s3:GetObject', ['Decrypt'], 's3'],
    ['dynamodb:UpdateItem', ['Decrypt'], 'dynamodb'],
    ['dynamodb:UpdateItems', [], 'dynamodb'],
    ['dynamodb:DescribeTable', [], 'dynamodb'],
    ['my-dynamodb:GetItem', [], 'my-dynamodb'],
  ])('%s: %j', (action, needed, service) => {
    const values = { 'kms:viaservice': `${service}.eu-west-1.amazonaws.com` };
    expect(keyDemands({ action, resources: ['r'] }, KEY)).toEqual(
      needed.map((name) => ({ action: `kms:${name}`, resources: [KEY], values })),
    );
  });
});

describe('a refusal', () => {
  it('names a role by its session, and a service by what it asks for', () => {
    expect(denial(worker, 'sqs:SendMessage', ['q', 'other'], 'because no')).toEqual({
      principal: `arn:aws:sts::${ACCOUNT}:assumed-role/worker/run`,
      roleArn: `arn:aws:iam::${ACCOUNT}:role/app/worker`,
      ...{ action: 'sqs:SendMessage', resource: 'q' },
      message: `User: arn:aws:sts::${ACCOUNT}:assumed-role/worker/run is not authorized to perform: sqs:SendMessage on resource: q because no`,
    });
    expect(denial(sns, 'kms:Decrypt', [], 'because no')).toEqual({
      ...{ principal: 'arn:aws:sns:::t', roleArn: undefined, action: 'kms:Decrypt', resource: '*' },
      message:
        'Resource: arn:aws:sns:::t (sns.amazonaws.com) is not authorized to perform: kms:Decrypt on resource: * because no',
    });
  });

  /** What each service answers: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
  it.each([
    ['sqs', 'sqs:SendMessage', 403, 'AccessDenied'],
    ['sqs', 'kms:Decrypt', 400, 'KMS.AccessDeniedException'],
    ['sns', 'sns:Publish', 403, 'AuthorizationError'],
    ['sns', 'kms:Decrypt', 400, 'KMSAccessDenied'],
    ['s3', 's3:PutObject', 403, 'AccessDenied'],
    ['s3', 'kms:Decrypt', 403, 'AccessDenied'],
    ['monitoring', 'cloudwatch:PutMetricData', 403, 'AccessDenied'],
    ['dynamodb', 'dynamodb:GetItem', 400, 'AccessDeniedException'],
    ['dynamodb', 'kms:Decrypt', 400, 'AccessDeniedException'],
    ['kinesis', 'kinesis:PutRecord', 400, 'AccessDeniedException'],
    ['kinesis', 'kms:Decrypt', 400, 'KMSAccessDeniedException'],
    ['lambda', 'lambda:InvokeFunction', 403, 'AccessDeniedException'],
    ['lambda', 'kms:Decrypt', 403, 'AccessDeniedException'],
  ])('of %s for %s is %i %s', (service, action, status, code) => {
    const refused = { principal: 'p', roleArn: undefined, action, resource: 'r', message: 'no' };
    expect(denialError(service, refused)).toEqual({ status, code, message: 'no' });
  });
});

it.each<[string, Parameters<typeof coverage>[0], 'named' | 'account' | undefined, 'named' | 'account' | undefined]>([
  ['nobody', undefined, undefined, undefined],
  ['everybody', '*', 'named', 'named'],
  ['every account', { AWS: '*' }, 'named', 'named'],
  ['everybody among others', { AWS: ['arn:aws:iam::1:root', '*'] }, 'named', 'named'],
  ['the role', { AWS: `arn:aws:iam::${ACCOUNT}:role/app/worker` }, 'named', undefined],
  ['its session', { AWS: [`arn:aws:sts::${ACCOUNT}:assumed-role/worker/run`] }, 'named', undefined],
  ['the account', { AWS: ACCOUNT }, 'account', undefined],
  ['the account by its root', { AWS: `arn:aws:iam::${ACCOUNT}:root` }, 'account', undefined],
  ['role and account', { AWS: [ACCOUNT, `arn:aws:iam::${ACCOUNT}:role/app/worker`] }, 'named', undefined],
  ['another account', { AWS: '111111111111' }, undefined, undefined],
  ['the service', { Service: 'sns.amazonaws.com' }, undefined, 'named'],
  ['the service among others', { Service: ['s3.amazonaws.com', 'sns.amazonaws.com'] }, undefined, 'named'],
  ['another service', { Service: 's3.amazonaws.com' }, undefined, undefined],
  ['every service, which is nobody', { Service: '*' }, undefined, undefined],
])('a principal element of %s covers a role and a service', (_, element, role, service) => {
  expect([coverage(element, worker, ACCOUNT), coverage(element, sns, ACCOUNT)]).toEqual([role, service]);
});

it.each([
  ['*', 'anything', true],
  ['a*', 'a', true],
  ['a*c', 'abbc', true],
  ['a*c', 'abbcd', false],
  ['a?', 'a', false],
  ['a?', 'abc', false],
  ['', '', true],
  ['', 'a', false],
  ['A', 'a', false],
])('the text %s with wildcards matches %s: %s', (pattern, text, expected) => {
  expect(matches(pattern, text)).toBe(expected);
});

it.each([
  ['arn:aws:sqs:*:*:q', 'arn:aws:sqs:us-east-1:0:q', true],
  ['arn:aws:sqs:*:q', 'arn:aws:sqs:us-east-1:0:q', false],
  ['arn:aws:sqs:*', 'arn:aws:sqs:*', true],
  ['arn:aws:lambda:r:0:function:f', 'arn:aws:lambda:r:0:function:f', true],
  ['arn:aws:lambda:r:0:function:f', 'arn:aws:lambda:r:0:function:f:1', false],
  ['arn:aws:lambda:r:0:function:f:*', 'arn:aws:lambda:r:0:function:f:1', true],
  ['arn:aws:lambda:r:0:function*', 'arn:aws:lambda:r:0:function:f:1', true],
  ['*:aws:sqs:r:0:q', 'arn:aws:sqs:r:0:q', true],
  ['arn:aws:sqs:r:0:q', 'q', false],
  ['q', 'q', true],
  ['q', 'arn:aws:sqs:r:0:q', false],
])('the ARN %s with wildcards matches %s: %s', (pattern, given, expected) => {
  expect(arnMatches(pattern, given)).toBe(expected);
});
