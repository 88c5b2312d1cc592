import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import type { AwsService } from '../../lib/runtime/aws/calls/call.ts';
import { placesOf } from '../../lib/runtime/aws/places.ts';

const CLIENTS = {
  dynamodb: DynamoDBClient,
  sqs: SQSClient,
  sns: SNSClient,
  kinesis: KinesisClient,
  s3: S3Client,
  scheduler: SchedulerClient,
  lambda: LambdaClient,
} as const;
const SERVICES = Object.keys(CLIENTS) as AwsService[];

/** Two of the standard partition, all of every other one, and one that is not built yet. */
const REGIONS = [
  ...['eu-west-1', 'us-east-1', 'cn-north-1', 'cn-northwest-1', 'us-gov-west-1', 'us-gov-east-1'],
  ...['us-iso-east-1', 'us-isob-east-1', 'eu-isoe-west-1', 'us-isof-south-1', 'eusc-de-east-1', 'ap-future-1'],
];

type Variables = Readonly<Record<string, string>>;
type Resolve = (parameters: object) => { readonly url: URL };

const flags = (fips: boolean, dualStack: boolean): Variables => ({
  AWS_USE_FIPS_ENDPOINT: String(fips),
  AWS_USE_DUALSTACK_ENDPOINT: String(dualStack),
});
const place = (service: AwsService, region: string, variables: Variables, bucket?: string, path = '/') =>
  placesOf((name) => variables[name])(service, region, {
    ...{ path, headers: {}, body: '' },
    ...(bucket === undefined ? {} : { bucket }),
  });

/** undefined where there is none. */
function attempt(find: () => URL): string | undefined {
  try {
    return find().origin;
  } catch {
    return undefined;
  }
}

describe('every service is where the SDK has it', () => {
  const cases = SERVICES.flatMap((service) => REGIONS.map((region) => [service, region] as const));
  it.each(cases)('%s in %s', (service, region) => {
    const client = new CLIENTS[service]({ region });
    const resolve = client.config.endpointProvider as Resolve;
    const bucket = service === 's3' ? 'claims' : undefined;
    for (const fips of [false, true])
      for (const dualStack of [false, true]) {
        const parameters = { Region: region, UseFIPS: fips, UseDualStack: dualStack, Bucket: bucket };
        expect(
          attempt(() => place(service, region, flags(fips, dualStack), bucket)),
          `FIPS ${fips}, dual-stack ${dualStack}`,
        ).toBe(attempt(() => resolve(parameters).url));
      }
  });
});

it('says which service has no FIPS endpoint where', () => {
  expect(() => place('s3', 'cn-north-1', flags(true, false), 'claims')).toThrow(
    "environment variable AWS_USE_FIPS_ENDPOINT is true, but s3 has no FIPS endpoint in region 'cn-north-1'. Unset it, or use another region.",
  );
});

it.each(['AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT'])('refuses a value of %s that is none', (name) => {
  expect(() => place('sqs', 'eu-west-1', { [name]: '1' })).toThrow(
    `environment variable ${name} is '1': it must be 'true' or 'false', or not set.`,
  );
  expect(() => place('sqs', 'eu-west-1', { [name]: 'true', AWS_ENDPOINT_URL: 'http://127.0.0.1:1' })).toThrow(
    `environment variable ${name} is true, and AWS_ENDPOINT_URL names the endpoint 'http://127.0.0.1:1': only endpoints of AWS have that variant. Unset one of the two.`,
  );
});

describe('an endpoint of one’s own', () => {
  const AWS_ENDPOINT_URL = 'http://127.0.0.1:4566';
  it('goes before AWS’s, that of a service before that of all, a bucket in the path', () => {
    const variables = { AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:9' };
    expect(place('sqs', 'eu-west-1', variables).href).toBe('http://127.0.0.1:9/');
    expect(place('sns', 'eu-west-1', variables).href).toBe('http://127.0.0.1:4566/');
    expect(place('s3', 'eu-west-1', variables, 'claims', '/a').href).toBe('http://127.0.0.1:4566/claims/a');
  });

  it('is called whatever proxy there is', () => {
    expect(place('sqs', 'eu-west-1', { AWS_ENDPOINT_URL, HTTPS_PROXY: 'http://proxy:3128' }).port).toBe('4566');
  });
});

describe('a proxy', () => {
  const HTTPS_PROXY = 'http://user:secret@proxy:3128';
  it('is refused, without its password, with the way out', () => {
    expect(() => place('sqs', 'eu-west-1', { HTTPS_PROXY })).toThrow(
      /^environment variable HTTPS_PROXY is set, but the runtime calls 'sqs.eu-west-1.amazonaws.com' directly: it does not know proxies. (?!.*secret).*add '.amazonaws.com' to NO_PROXY/,
    );
  });

  it.each<[string, AwsService, string, Variables]>([
    ['.amazonaws.com', 'sqs', 'us-gov-west-1', {}],
    ['.amazonaws.com.cn', 'sqs', 'cn-north-1', {}],
    ['.amazonaws.eu', 'sqs', 'eusc-de-east-1', {}],
    ['.api.aws', 'sqs', 'us-east-1', flags(false, true)],
    ['.api.aws.ic.gov', 'sqs', 'us-iso-east-1', flags(true, true)],
    ['.amazonaws.com', 's3', 'us-east-1', flags(false, true)],
  ])('is told to except %s for %s in %s', (domain, service, region, variables) => {
    const all = { ...variables, https_proxy: HTTPS_PROXY };
    expect(() => place(service, region, all)).toThrow(`add '${domain}' to NO_PROXY; `);
    expect(() => place(service, region, all)).toThrow('unset https_proxy.');
    expect(place(service, region, { ...all, NO_PROXY: domain }).protocol).toBe('https:');
  });

  it.each([
    'sqs.eu-west-1.amazonaws.com',
    'localhost, .amazonaws.com',
    '*.amazonaws.com',
    'AMAZONAWS.com:443',
    '*',
    '169.254.169.254 amazonaws.com',
  ])('is not asked for what NO_PROXY=%s excepts', (list) => {
    expect(place('sqs', 'eu-west-1', { HTTPS_PROXY, NO_PROXY: list }).host).toBe('sqs.eu-west-1.amazonaws.com');
    expect(place('sqs', 'eu-west-1', { HTTPS_PROXY, no_proxy: list }).host).toBe('sqs.eu-west-1.amazonaws.com');
  });

  it.each(['', ',', 'sns.eu-west-1.amazonaws.com', 'azonaws.com', 'localhost'])(
    'is in the way when NO_PROXY=%s',
    (list) => {
      expect(() => place('sqs', 'eu-west-1', { HTTPS_PROXY, NO_PROXY: list })).toThrow('HTTPS_PROXY is set');
    },
  );

  it('of S3 is excepted with all buckets', () => {
    const variables = { HTTPS_PROXY, NO_PROXY: '.s3.eu-west-1.amazonaws.com' };
    expect(place('s3', 'eu-west-1', variables, 'claims').host).toBe('claims.s3.eu-west-1.amazonaws.com');
  });

  it('that is empty is none', () => {
    expect(place('sqs', 'eu-west-1', { HTTPS_PROXY: '' }).host).toBe('sqs.eu-west-1.amazonaws.com');
  });
});

it('a request reads no more of the environment than its endpoints, and makes no URL anew', () => {
  const read: string[] = [];
  const placeOf = placesOf((name) => void read.push(name));
  const request = { headers: {}, body: '' };
  const first = placeOf('sqs', 'eu-west-1', request);
  read.length = 0;
  expect(placeOf('sqs', 'eu-west-1', request)).toBe(first);
  expect(read).toEqual(['AWS_ENDPOINT_URL_SQS', 'AWS_ENDPOINT_URL']);
});
