import { CfnOutput, CfnParameter, CfnResource, NestedStack, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { arnOf } from './arns.ts';
import { at, type Json, listOf, recordOf } from './json.ts';

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

/** What a stack passes on to others. */
interface Passed {
  readonly stack: Stack;
  readonly value: unknown;
}

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
  const passed = readPassed(constructs);

  const follow = (value: unknown, stack: Stack): Resource | undefined => {
    const { Ref: ref, 'Fn::GetAtt': attribute, 'Fn::ImportValue': imported } = recordOf(value);
    const [id, name] = typeof attribute === 'string' ? attribute.split(/\.(.*)/s) : listOf(attribute);
    const referred = ref ?? id;
    if (typeof referred === 'string') {
      const next = passed.get(keyOf(stack, referred)) ?? passed.get(keyOf(stack, `${referred}.${name}`));
      return next === undefined ? byId.get(keyOf(stack, referred)) : follow(next.value, next.stack);
    }
    const exported = typeof imported === 'string' ? passed.get(exportKey(imported)) : undefined;
    if (exported !== undefined) return follow(exported.value, exported.stack);
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

/** Values that cross the border of a stack: exports, and the parameters and outputs of nested stacks. */
function readPassed(constructs: readonly IConstruct[]): ReadonlyMap<string, Passed> {
  const passed = new Map<string, Passed>();
  for (const construct of constructs) {
    if (!(construct instanceof CfnOutput || construct instanceof CfnParameter)) continue;
    const { stack } = construct;
    if (construct instanceof CfnOutput) {
      const value: unknown = stack.resolve(construct.value);
      const name: unknown = stack.resolve(construct.exportName);
      if (typeof name === 'string') passed.set(exportKey(name), { stack, value });
      const nested = stack.nestedStackResource;
      if (nested?.stack !== undefined)
        passed.set(keyOf(nested.stack, `${idIn(nested)}.Outputs.${stack.resolve(construct.logicalId)}`), {
          stack,
          value,
        });
    }
    if (
      construct instanceof CfnParameter &&
      NestedStack.isNestedStack(stack) &&
      stack.nestedStackResource !== undefined
    ) {
      const outer = stack.nestedStackResource.stack;
      const template: unknown = outer.resolve((stack.nestedStackResource as CfnResource)._toCloudFormation());
      const id = String(stack.resolve(construct.logicalId));
      const value = at(template, 'Resources', idIn(stack.nestedStackResource), 'Properties', 'Parameters', id);
      passed.set(keyOf(stack, id), { stack: outer, value });
    }
  }
  return passed;
}

const idIn = (resource: { readonly stack: Stack; readonly logicalId: string }): string =>
  String(resource.stack.resolve(resource.logicalId));
const keyOf = (stack: Stack, id: string): string => `${stack.node.path} ${id}`;
const keyOfName = (type: string, name: unknown): string => `${type} ${typeof name === 'string' ? name : ''}`;
const exportKey = (name: string): string => `export ${name}`;

/** Every reference in a value, wherever it is. */
export function referencesIn(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== 'object' || value === null) return [];
  const isReference = ['Ref', 'Fn::GetAtt', 'Fn::ImportValue'].some((name) => name in value);
  return isReference ? [value] : Object.values(value).flatMap(referencesIn);
}
