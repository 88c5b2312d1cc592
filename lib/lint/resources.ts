import { CfnResource, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { arnOf } from './arns.ts';
import { at, type Json, recordOf } from './json.ts';
import { readBorders, referredId } from './stack-borders.ts';

/** A resource of a construct tree, whoever made it: properties as they stand in the template, intrinsic functions included. */
export interface Resource {
  readonly construct: CfnResource;
  /** Where it is in the construct tree. */
  readonly path: string;
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Json;
}

/** All resources of a tree, and who a reference between them means. */
export interface Resources {
  readonly all: readonly Resource[];
  of(type: string): readonly Resource[];
  /**
   * The resource behind a property's value: through `Ref`, `Fn::GetAtt`, exports of other stacks, parameters and outputs of nested stacks, or
   * an ARN that ends with the name of a resource of the tree. @param from whose property it is
   */
  target(value: unknown, from: Resource): Resource | undefined;
  /** A resource by its physical name. */
  named(type: string, name: unknown): Resource | undefined;
}

/** The property that holds a physical name. */
const NAME_PROPERTY: Readonly<Record<string, string>> = {
  'AWS::SQS::Queue': 'QueueName',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::Kinesis::Stream': 'Name',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::DynamoDB::GlobalTable': 'TableName',
  'AWS::CloudWatch::Alarm': 'AlarmName',
  'AWS::KMS::Alias': 'AliasName',
};

/** Physical name of a resource; undefined when CloudFormation makes it. */
export const nameOf = ({ type, properties }: Resource): unknown => properties[NAME_PROPERTY[type] ?? ''];

/**
 * Reads the resources of a tree. Call it when the tree is synthesised: before, references to other stacks cannot be told from those within.
 */
export function readResources(root: IConstruct): Resources {
  const constructs = root.node.findAll();
  const all = constructs.filter(CfnResource.isCfnResource).map(resourceOf);
  const byId = new Map(all.map((resource) => [keyOf(Stack.of(resource.construct), resource.logicalId), resource]));
  const byName = new Map(all.map((resource) => [keyOfName(resource.type, nameOf(resource)), resource]));
  const named = (type: string, name: unknown) =>
    typeof name === 'string' ? byName.get(keyOfName(type, name)) : undefined;
  const passedOn = readBorders(constructs);

  const follow = (value: unknown, stack: Stack): Resource | undefined => {
    const passed = passedOn(value, stack);
    if (passed !== undefined) return follow(passed.value, passed.stack);
    const id = referredId(value);
    if (id !== undefined) return byId.get(keyOf(stack, id));
    const arn = arnOf(value);
    return arn === undefined ? undefined : arn.types.map((type) => named(type, arn.name)).find(Boolean);
  };

  return {
    all,
    of: (type) => all.filter((resource) => resource.type === type),
    target: (value, from) => follow(value, Stack.of(from.construct)),
    named,
  };
}

function resourceOf(construct: CfnResource): Resource {
  const stack = Stack.of(construct);
  const logicalId = String(stack.resolve(construct.logicalId));
  // The rendered resource rather than its typed properties: overrides are in it, too.
  const template: unknown = stack.resolve(construct._toCloudFormation());
  return {
    construct,
    path: construct.node.path,
    logicalId,
    type: construct.cfnResourceType,
    properties: recordOf(at(template, 'Resources', logicalId, 'Properties')),
  };
}

const keyOf = (stack: Stack, id: string): string => `${stack.node.path} ${id}`;
const keyOfName = (type: string, name: unknown): string => `${type} ${typeof name === 'string' ? name : ''}`;

/** Every reference in a value, wherever it is. */
export function referencesIn(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== 'object' || value === null) return [];
  const isReference = ['Ref', 'Fn::GetAtt', 'Fn::ImportValue'].some((name) => name in value);
  return isReference ? [value] : Object.values(value).flatMap(referencesIn);
}
