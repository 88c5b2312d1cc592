import { randomUUID } from 'node:crypto';
import type { AssemblyStack } from '../assembly.ts';
import type { Json, JsonObject } from '../json.ts';
import { isObject, objectAt, textAt } from '../json.ts';
import type { TemplateScope } from '../template.ts';
import { conditionHolds, resolveValue, TemplateError } from '../template.ts';
import { dependencyGraph } from '../template-graph.ts';
import { checkResources } from './check.ts';
import { inertTypes } from './inert.ts';
import { stackParameters } from './parameters.ts';
import type { ProvisionContext, ProvisionedResource } from './resource.ts';
import { provisionError } from './resource.ts';
import { resourceTypes } from './types.ts';

export interface StackResource extends ProvisionedResource {
  readonly type: string;
}

/** A stack as it was provisioned. */
export interface StackInfo {
  readonly name: string;
  readonly id: string;
  /** Output values by name, with the name they are exported under. */
  readonly outputs: Readonly<
    Record<
      string,
      { readonly value: string; readonly exportName: string | undefined; readonly description: string | undefined }
    >
  >;
  readonly resources: Readonly<Record<string, StackResource>>;
  /** When it was complete. */
  readonly createdAt: Date;
}

interface Plan {
  readonly stack: AssemblyStack;
  readonly scope: TemplateScope;
  readonly stackName: string;
  readonly resources: JsonObject;
  readonly graph: ReadonlyMap<string, ReadonlySet<string>>;
  readonly created: Map<string, StackResource>;
}

/**
 * Provisions all stacks, one after the other; within a stack whatever does not depend on each other side by side.
 * All types and properties are checked first: a stack that cannot be provisioned leaves nothing behind.
 * @throws ProvisionError, TemplateError
 */
export async function provisionStacks(
  stacks: readonly AssemblyStack[],
  context: ProvisionContext,
): Promise<StackInfo[]> {
  const exported = new Map<string, Json>();
  const plans = stacks.map((stack) => plan(stack, context, exported));
  for (const notice of checkResources(plans)) context.notice(notice);
  const infos: StackInfo[] = [];
  for (const stackPlan of plans) infos.push(await provision(stackPlan, context, exported));
  return infos;
}

function plan(
  stack: AssemblyStack,
  { region, accountId }: ProvisionContext,
  exported: ReadonlyMap<string, Json>,
): Plan {
  const { name: stackName, template } = stack;
  const created = new Map<string, StackResource>();
  const scope: TemplateScope = {
    stackName,
    stackId: `arn:aws:cloudformation:${region}:${accountId}:stack/${stackName}/${randomUUID()}`,
    region,
    accountId,
    parameters: stackParameters(stackName, objectAt(template, 'Parameters')),
    mappings: objectAt(template, 'Mappings'),
    conditions: objectAt(template, 'Conditions'),
    resource: (logicalId) => created.get(logicalId),
    exported: (name) => exported.get(name),
  };
  if (template.Transform !== undefined) {
    throw new TemplateError(
      `Stack ${stackName}: its template uses the transform ${JSON.stringify(template.Transform)}, which the engine does not run.`,
    );
  }
  const resources: JsonObject = {};
  for (const [logicalId, resource] of Object.entries(objectAt(template, 'Resources'))) {
    if (conditionHolds(textAt(resource, 'Condition'), scope)) resources[logicalId] = resource;
  }
  return { stack, scope, stackName, resources, created, graph: dependencyGraph(stackName, resources) };
}

async function provision(stackPlan: Plan, context: ProvisionContext, exported: Map<string, Json>): Promise<StackInfo> {
  const { resources, graph, created, scope, stackName } = stackPlan;
  const pending = new Map<string, Promise<void>>();
  const failure = new AbortController();

  function ensure(logicalId: string): Promise<void> {
    const known = pending.get(logicalId);
    if (known) return known;
    const work = Promise.all([...(graph.get(logicalId) ?? [])].map(ensure)).then(async () => {
      if (failure.signal.aborted) return;
      created.set(logicalId, await create(stackPlan, logicalId, context));
    });
    pending.set(logicalId, work);
    work.catch(() => failure.abort());
    return work;
  }

  const results = await Promise.allSettled(Object.keys(resources).map(ensure));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  return {
    name: stackName,
    id: scope.stackId,
    outputs: outputsOf(stackPlan, exported),
    resources: Object.fromEntries(created),
    createdAt: new Date(),
  };
}

/** Errors that say what is wrong, but not with which resource. */
const EXPLAINED_HERE = new Set(['AwsCallError', 'PolicyError']);

async function create(stackPlan: Plan, logicalId: string, context: ProvisionContext): Promise<StackResource> {
  const { resources, scope, stack, stackName } = stackPlan;
  const resource = resources[logicalId];
  const type = textAt(resource, 'Type') ?? '';
  const properties = resolveValue(objectAt(resource, 'Properties'), scope, `${logicalId} (${type})`);
  const request = {
    stackName,
    logicalId,
    type,
    properties: isObject(properties) ? properties : {},
    assets: stack.assets,
    context,
  };
  const provisioner = resourceTypes[type] ?? inertTypes[type];
  if (!provisioner) throw provisionError(request, 'is not supported by the engine.');
  try {
    return { type, ...(await provisioner.create(request)) };
  } catch (error) {
    if (error instanceof Error && !EXPLAINED_HERE.has(error.name)) throw error;
    throw provisionError(request, error instanceof Error ? error.message : String(error));
  }
}

function outputsOf({ stack, scope, stackName }: Plan, exported: Map<string, Json>): StackInfo['outputs'] {
  const outputs: Record<string, StackInfo['outputs'][string]> = {};
  for (const [name, output] of Object.entries(objectAt(stack.template, 'Outputs'))) {
    if (!isObject(output) || !conditionHolds(textAt(output, 'Condition'), scope)) continue;
    const value = resolveValue(output.Value ?? '', scope, `output ${name}`) ?? '';
    const exportName = resolveValue(objectAt(output, 'Export').Name ?? '', scope, `output ${name}`);
    if (typeof exportName === 'string' && exportName !== '') {
      if (exported.has(exportName))
        throw new TemplateError(`Stack ${stackName}, output ${name}: the export "${exportName}" exists already.`);
      exported.set(exportName, value);
    }
    outputs[name] = {
      value: typeof value === 'string' ? value : JSON.stringify(value),
      exportName: exportName ? String(exportName) : undefined,
      description: textAt(output, 'Description'),
    };
  }
  return outputs;
}
