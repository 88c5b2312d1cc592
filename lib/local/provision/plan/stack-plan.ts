import { randomUUID } from 'node:crypto';
import type { AssemblyStack } from '../../assembly.ts';
import type { Json, JsonObject } from '../../json.ts';
import { isObject, objectAt, textAt } from '../../json.ts';
import type { TemplateScope } from '../../template.ts';
import { conditionHolds, resolveValue, TemplateError } from '../../template.ts';
import { dependencyGraph } from '../../template-graph.ts';
import type { Deployed, DeployedResource } from '../resources/deployed.ts';
import type { ProvisionContext, ProvisionedResource } from '../resources/resource.ts';
import { stackParameters } from './parameters.ts';

/** A template that is about to be deployed. */
export interface StackPlan {
  readonly stack: AssemblyStack;
  readonly stackName: string;
  readonly stackId: string;
  /** Resources as the template has them, those that a condition leaves out already gone. */
  readonly resources: JsonObject;
  /** For each resource those that must be there before it. */
  readonly graph: ReadonlyMap<string, ReadonlySet<string>>;
  /** What expressions can see. @param imported is told every name that is imported */
  scope(resource: ResourceLookup, exported: (name: string) => Json | undefined): TemplateScope;
}

export type ResourceLookup = (logicalId: string) => ProvisionedResource | undefined;

/** @throws TemplateError for what no resource has to be made to find out */
export function planStack(
  stack: AssemblyStack,
  deployed: Deployed,
  { region, accountId }: Pick<ProvisionContext, 'region' | 'accountId'>,
): StackPlan {
  const { name: stackName, template } = stack;
  const stackId =
    deployed.stacks.get(stackName)?.id ??
    `arn:aws:cloudformation:${region}:${accountId}:stack/${stackName}/${randomUUID()}`;
  if (template.Transform !== undefined) {
    throw new TemplateError(
      `Stack ${stackName}: its template uses the transform ${JSON.stringify(template.Transform)}, which the engine does not run.`,
    );
  }
  const fixed = {
    ...{ stackName, stackId, region, accountId },
    parameters: stackParameters(stackName, objectAt(template, 'Parameters')),
    mappings: objectAt(template, 'Mappings'),
    conditions: objectAt(template, 'Conditions'),
  };
  const scope: StackPlan['scope'] = (resource, exported) => ({ ...fixed, resource, exported });
  const empty = scope(
    () => undefined,
    () => undefined,
  );
  const resources: JsonObject = {};
  for (const [logicalId, resource] of Object.entries(objectAt(template, 'Resources'))) {
    if (conditionHolds(textAt(resource, 'Condition'), empty)) resources[logicalId] = resource;
  }
  return { stack, stackName, stackId, resources, graph: dependencyGraph(stackName, resources), scope };
}

/** The type of a resource in a template. */
export const typeOf = (resource: Json | undefined): string => textAt(resource, 'Type') ?? '';

/** The properties of a resource with every intrinsic function worked out. @throws TemplateError */
export function resolvedProperties(resource: Json | undefined, logicalId: string, scope: TemplateScope): JsonObject {
  const properties = resolveValue(objectAt(resource, 'Properties'), scope, `${logicalId} (${typeOf(resource)})`);
  return isObject(properties) ? properties : {};
}

/** What is kept of a resource although it goes. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html */
export function retention(resource: Json | undefined): DeployedResource['retained'] {
  const keeps = (attribute: string) =>
    /^(Retain|RetainExceptOnCreate|Snapshot)$/.test(textAt(resource, attribute) ?? '');
  return { onDelete: keeps('DeletionPolicy'), onReplace: keeps('UpdateReplacePolicy') };
}

/** Whether a resource stays when the deployment that made it is taken back: Retain does not ask which, RetainExceptOnCreate does. */
export const staysOnRollback = (resource: Json | undefined): boolean => textAt(resource, 'DeletionPolicy') === 'Retain';
