import { describe, expect, it } from 'vitest';
import { variablesLeftOut } from '../../../lib/local/lambda/environment.ts';

const leftOut = (name: string) => variablesLeftOut({ [name]: 'x', OTHER: 'x' });

describe('a variable of a function', () => {
  it.each([
    ...['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL_DYNAMODB', 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'],
    ...['AWS_PROFILE', 'AWS_DEFAULT_PROFILE', 'AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT', 'AWS_ROLE_ARN'],
    ...['AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_AUTHORIZATION_TOKEN'],
    ...['AWS_EC2_METADATA_DISABLED', 'AWS_SDK_LOAD_CONFIG', 'AWS_S3_USE_ARN_REGION', 'AWS_ACCOUNT_ID_ENDPOINT_MODE'],
  ])('that would lead its calls away is left out: %s', (name) => {
    expect(leftOut(name)).toEqual([name]);
  });

  it.each([
    'AWS_NODEJS_CONNECTION_REUSE_ENABLED',
    'AWS_ENDPOINT',
    'MY_AWS_PROFILE',
    'AWS_PROFILES',
    'AWS_XRAY_CONTEXT_MISSING',
  ])('of its own stays: %s', (name) => {
    expect(leftOut(name)).toEqual([]);
  });
});
