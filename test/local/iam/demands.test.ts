import { describe, expect, it } from 'vitest';
import { demandsOf } from '../../../lib/local/iam/demands.ts';
import type { ServiceRequest } from '../../../lib/local/service.ts';

const asked = (request: Pick<ServiceRequest, 'service' | 'method' | 'url'> & Partial<ServiceRequest>) =>
  demandsOf(
    { region: 'us-east-1', headers: {}, body: Buffer.alloc(0), ...request } as ServiceRequest,
    {
      account: '000000000000',
      roleArnOf: (name: string) => (name === 'reader' ? 'arn:aws:iam::000000000000:role/service/reader' : undefined),
    } as Parameters<typeof demandsOf>[1],
  );

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html#amazons3-policy-keys */
describe('what policies may ask about a call of S3', () => {
  it.each([
    'x-amz-acl',
    'x-amz-server-side-encryption',
    'x-amz-server-side-encryption-aws-kms-key-id',
    'x-amz-storage-class',
  ])('s3:%s', (name) => {
    const [demand] = asked({ service: 's3', method: 'PUT', url: '/bucket/key', headers: { [name]: 'value' } });
    expect(demand).toMatchObject({ action: 's3:PutObject', resources: ['arn:aws:s3:::bucket/key'] });
    expect(demand?.values).toEqual({ [`s3:${name}`]: 'value' });
  });

  it.each(['delimiter', 'max-keys', 'prefix'])('s3:%s', (name) => {
    const [demand] = asked({ service: 's3', method: 'GET', url: `/bucket?list-type=2&${name}=5` });
    expect(demand).toMatchObject({ action: 's3:ListBucket', resources: ['arn:aws:s3:::bucket'] });
    expect(demand?.values).toEqual({ [`s3:${name}`]: '5' });
  });
});

describe('calls of IAM are about a role, wherever its path is', () => {
  it.each([
    ['reader', 'arn:aws:iam::000000000000:role/service/reader'],
    ['other', 'arn:aws:iam::000000000000:role/other'],
  ])('%s', (name, arn) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = Buffer.from(`Action=GetRole&RoleName=${name}`);
    expect(asked({ service: 'iam', method: 'POST', url: '/', operation: 'GetRole', headers, body })).toEqual([
      { action: 'iam:GetRole', resources: [arn] },
    ]);
  });
});
