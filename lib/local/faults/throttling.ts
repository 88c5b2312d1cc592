import type { AwsErrorShape } from '../endpoint-errors.ts';

/** How a service says that it is being asked too much; services not listed: 400 ThrottlingException. */
const ANSWERS: Readonly<Record<string, AwsErrorShape>> = {
  dynamodb: {
    status: 400,
    code: 'ProvisionedThroughputExceededException',
    message: 'The level of configured provisioned throughput for the table was exceeded.',
  },
  kinesis: { status: 400, code: 'ProvisionedThroughputExceededException', message: 'Rate exceeded for shard.' },
  sqs: { status: 400, code: 'RequestThrottled', message: 'The request was denied due to request throttling.' },
  sns: { status: 429, code: 'Throttled', message: 'Rate exceeded' },
  s3: { status: 503, code: 'SlowDown', message: 'Please reduce your request rate.' },
  lambda: { status: 429, code: 'TooManyRequestsException', message: 'Rate Exceeded.' },
  ses: { status: 429, code: 'TooManyRequestsException', message: 'Maximum sending rate exceeded.' },
  scheduler: { status: 429, code: 'ThrottlingException', message: 'Rate exceeded' },
};

export const throttlingError = (service: string): AwsErrorShape =>
  ANSWERS[service] ?? { status: 400, code: 'ThrottlingException', message: 'Rate exceeded' };
