import { parseArn } from '../../formats/arn.ts';
import { textOf } from './intrinsics.ts';

/** Which resources an ARN of a service can mean, and what stands before the name. */
const SERVICES: Readonly<Record<string, { readonly types: readonly string[]; readonly before: RegExp }>> = {
  sqs: { types: ['AWS::SQS::Queue'], before: /^/ },
  sns: { types: ['AWS::SNS::Topic'], before: /^/ },
  kinesis: { types: ['AWS::Kinesis::Stream'], before: /^stream\// },
  lambda: { types: ['AWS::Lambda::Function'], before: /^function:/ },
  dynamodb: { types: ['AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable'], before: /^table\// },
  kms: { types: ['AWS::KMS::Alias'], before: /^(?=alias\/)/ },
  cloudwatch: { types: ['AWS::CloudWatch::Alarm'], before: /^alarm:/ },
  s3: { types: ['AWS::S3::Bucket'], before: /^/ },
};

export interface Arn {
  readonly service: string;
  readonly types: readonly string[];
  readonly name: string;
}

/** The service that an ARN is of, also of one that means nothing the linter knows. */
export const serviceOf = (value: unknown): string | undefined => parseArn(textOf(value) ?? '')?.service;

/** What a literal ARN means, also one whose partition, region and account are filled in at deployment. */
export function arnOf(value: unknown): Arn | undefined {
  const { service, resource } = parseArn(textOf(value) ?? '') ?? {};
  const known = SERVICES[service ?? ''];
  if (service === undefined || resource === undefined || known?.before.test(resource) !== true) return undefined;
  const name = resource.replace(known.before, '');
  return { service, types: known.types, name: service === 'kms' ? name : (name.split(/[/:]/)[0] ?? name) };
}
