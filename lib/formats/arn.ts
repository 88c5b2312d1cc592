/** The parts of an Amazon Resource Name. Of any partition: `aws`, `aws-cn`, `aws-us-gov`. */
export interface Arn {
  readonly partition: string;
  readonly service: string;
  /** Empty for what is of no region. */
  readonly region: string;
  readonly account: string;
  /** All that is left, colons included: `function:name:alias`, `stream/name`. */
  readonly resource: string;
}

const BEFORE_RESOURCE = 5;

/**
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
 * @returns undefined for what is no ARN
 */
export function parseArn(text: string): Arn | undefined {
  const parts = text.split(':');
  const [scheme, partition = '', service = '', region = '', account = ''] = parts;
  const resource = parts.slice(BEFORE_RESOURCE).join(':');
  if (scheme !== 'arn' || service === '' || resource === '') return undefined;
  return { partition, service, region, account, resource };
}

/** The service that an ARN is of: `sqs`, `lambda`. */
export const serviceOfArn = (text: string): string | undefined => parseArn(text)?.service;
