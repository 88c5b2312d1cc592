import { CfnResource, Stack, Token } from 'aws-cdk-lib';
import type { CfnFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { LAMBDA } from '../../contracts/declaring/limits.ts';

/** A value as CloudFormation will get it. */
type Resolved =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Resolved[]
  | { readonly [name: string]: Resolved };

/** Variables that the error names. */
const NAMED = 3;

/**
 * Has synthesis fail when a function's variables are more than Lambda takes, which would otherwise come out in the middle of a deployment. What is only
 * known there counts as little as it can be.
 */
export function checkEnvironmentSize(fn: LambdaFunction): void {
  fn.node.addValidation({ validate: () => problemsOf(fn) });
}

/** Bytes of a function's variables, by name; what is only known at deployment counts as little as it can be. */
function sizesOf(fn: LambdaFunction): readonly { name: string; bytes: number; isLeast: boolean }[] {
  const stack = Stack.of(fn);
  const { variables = {} } = (stack.resolve((fn.node.defaultChild as CfnFunction).environment) ?? {}) as {
    variables?: Readonly<Record<string, Resolved>>;
  };
  return Object.entries(variables).map(([name, value]) => {
    const bytes = Buffer.byteLength(name) + leastBytes(value, stack);
    return { name, bytes, isLeast: typeof value !== 'string' };
  });
}

/** Bytes that a function's variables have at least, names and values together. To be asked in a validation, when all are there. */
export const environmentBytes = (fn: LambdaFunction): number => sumOf(sizesOf(fn));

const sumOf = (sizes: readonly { readonly bytes: number }[]): number =>
  sizes.reduce((total, { bytes }) => total + bytes, 0);

function problemsOf(fn: LambdaFunction): string[] {
  const sizes = sizesOf(fn);
  const sum = sumOf(sizes);
  if (sum <= LAMBDA.maxEnvironmentBytes) return [];
  const largest = sizes.toSorted((a, b) => b.bytes - a.bytes).slice(0, NAMED);
  const atLeast = sizes.some(({ isLeast }) => isLeast) ? 'at least ' : '';
  return [
    `the environment of function '${fn.node.path}' has ${atLeast}${count(sum)} bytes, names and values together, ` +
      `and Lambda takes ${count(LAMBDA.maxEnvironmentBytes)}. ` +
      `The largest variables: ${largest.map(({ name, bytes }) => `${name} (${count(bytes)})`).join(', ')}. ` +
      'Put large values into a file that is bundled with the function or into a parameter that it reads, shorten names, ' +
      'or divide its work among several functions.',
  ];
}

const count = (bytes: number): string => bytes.toLocaleString('en-US');

/** Size that a value has at least, once it is deployed. */
function leastBytes(value: Resolved, stack: Stack): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value !== 'object' || value === null) return String(value ?? '').length;
  const { Ref: ref, 'Fn::Join': join, 'Fn::GetAtt': attribute } = value as { readonly [name: string]: Resolved };
  if (typeof ref === 'string') return leastOfReference(ref, undefined, stack);
  if (Array.isArray(attribute)) return leastOfReference(String(attribute[0]), String(attribute[1]), stack);
  if (!Array.isArray(join)) return 0;
  const [separator, parts] = join as [string, readonly Resolved[]];
  const between = Buffer.byteLength(separator) * Math.max(0, parts.length - 1);
  return parts.reduce<number>((sum, part) => sum + leastBytes(part, stack), between);
}

const ACCOUNT = '000000000000';
/** No region has a shorter name. */
const regionOf = ({ region }: Stack): string => (Token.isUnresolved(region) ? 'eu-west-1' : region);

const PSEUDO: Readonly<Record<string, (stack: Stack) => string>> = {
  'AWS::Region': regionOf,
  'AWS::AccountId': () => ACCOUNT,
  'AWS::Partition': () => 'aws',
  'AWS::URLSuffix': () => 'amazonaws.com',
  'AWS::StackName': ({ stackName }) => stackName,
};

/** How what refers to a resource is made of its name, and what the CDK calls the property that may give the name. */
interface Kind {
  readonly nameProperty: string;
  readonly ref: (name: string, region: string) => string;
  /** Service, and what stands before the name, in its ARN. @default the ARN counts as its name */
  readonly service?: string;
  readonly before?: string;
}
const itself = (name: string): string => name;
/** Of an event source mapping. */
const UUID = 'x'.repeat(36);
const KINDS: Readonly<Record<string, Kind>> = {
  'AWS::SQS::Queue': {
    nameProperty: 'queueName',
    ref: (name, region) => `https://sqs.${region}.amazonaws.com/${ACCOUNT}/${name}`,
    service: 'sqs',
  },
  'AWS::SNS::Topic': {
    nameProperty: 'topicName',
    ref: (name, region) => `arn:aws:sns:${region}:${ACCOUNT}:${name}`,
    service: 'sns',
  },
  'AWS::DynamoDB::GlobalTable': { nameProperty: 'tableName', ref: itself, service: 'dynamodb', before: 'table/' },
  'AWS::DynamoDB::Table': { nameProperty: 'tableName', ref: itself, service: 'dynamodb', before: 'table/' },
  'AWS::Kinesis::Stream': { nameProperty: 'name', ref: itself, service: 'kinesis', before: 'stream/' },
  'AWS::Lambda::Function': { nameProperty: 'functionName', ref: itself, service: 'lambda', before: 'function:' },
  'AWS::Lambda::EventSourceMapping': { nameProperty: '', ref: () => UUID },
  'AWS::S3::Bucket': { nameProperty: 'bucketName', ref: itself },
};

/** Resources of stacks by logical id, as they are when they are validated: nothing is added any more. */
const known = new WeakMap<Stack, ReadonlyMap<string, CfnResource>>();
function resourcesOf(stack: Stack): ReadonlyMap<string, CfnResource> {
  const found = known.get(stack);
  if (found !== undefined) return found;
  const resources = stack.node.findAll().filter((one): one is CfnResource => CfnResource.isCfnResource(one));
  const own = resources.filter((one) => one.stack === stack);
  const byId = new Map(own.map((one) => [String(stack.resolve(one.logicalId)), one]));
  known.set(stack, byId);
  return byId;
}

function leastOfReference(id: string, attribute: string | undefined, stack: Stack): number {
  const pseudo = PSEUDO[id];
  if (pseudo !== undefined) return Buffer.byteLength(pseudo(stack));
  const resource = resourcesOf(stack).get(id);
  const kind = KINDS[resource?.cfnResourceType ?? ''];
  if (resource === undefined || kind === undefined) return 0;
  const given: unknown = stack.resolve((resource as unknown as Readonly<Record<string, unknown>>)[kind.nameProperty]);
  // A name that CloudFormation makes counts as none.
  const name = typeof given === 'string' ? given : '';
  if (attribute === undefined) return Buffer.byteLength(kind.ref(name, regionOf(stack)));
  if (kind.service === undefined || !attribute.endsWith('Arn')) return Buffer.byteLength(name);
  return Buffer.byteLength(`arn:aws:${kind.service}:${regionOf(stack)}:${ACCOUNT}:${kind.before ?? ''}${name}`);
}
