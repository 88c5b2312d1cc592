import { describe, expect, it } from 'vitest';
import { parseArn, serviceOfArn } from '../../lib/formats/arn.ts';

describe('parseArn', () => {
  it.each([
    ['arn:aws:sqs:us-east-1:000000000000:work.fifo', ['aws', 'sqs', 'us-east-1', '000000000000', 'work.fifo']],
    ['arn:aws-cn:s3:::bucket/key', ['aws-cn', 's3', '', '', 'bucket/key']],
    [
      'arn:aws-us-gov:lambda:us-gov-west-1:1:function:f:live',
      ['aws-us-gov', 'lambda', 'us-gov-west-1', '1', 'function:f:live'],
    ],
    ['arn:aws:iam::aws:policy/service-role/P', ['aws', 'iam', '', 'aws', 'policy/service-role/P']],
    // As the linter reads one whose partition is filled in at deployment.
    ['arn::kms:::alias/aws/sqs', ['', 'kms', '', '', 'alias/aws/sqs']],
  ])('%s', (text, [partition, service, region, account, resource]) => {
    expect(parseArn(text)).toEqual({ partition, service, region, account, resource });
    expect(serviceOfArn(text)).toBe(service);
  });

  it.each([
    '',
    'work',
    'arn:aws:sqs',
    'arn:aws:sqs:us-east-1:1:',
    'urn:aws:sqs:us-east-1:1:work',
    'arn:aws::us-east-1:1:work',
  ])("'%s' is none", (text) => expect(parseArn(text)).toBeUndefined());
});
