import type { Deployed, DeployedResource, DeployedStack } from '../resources/deployed.ts';
import type { ProvisionContext } from '../resources/resource.ts';
import { typeNamed } from '../types.ts';
import { endUnderWay } from './under-way.ts';

/** Removes what has left a stack's template, and what others have taken the place of; retained resources stay where they are. */
export async function removeLeft(
  stack: DeployedStack,
  isWanted: (logicalId: string) => boolean,
  deployed: Deployed,
  context: ProvisionContext,
): Promise<void> {
  for (const logicalId of [...stack.begun.keys()])
    await endUnderWay(stack, logicalId, { deployed, context, assets: stack.assets });
  // Dependants of a leftover have been changed by now; it is in nobody's way.
  const left = new Map([...stack.resources].filter(([logicalId]) => !isWanted(logicalId)));
  for (const logicalId of dependantsFirst(left)) {
    const resource = left.get(logicalId);
    if (resource === undefined) continue;
    deployed.remove(stack, logicalId);
    if (!resource.retained.onDelete) await remove(stack, logicalId, resource, deployed, context);
  }
  const taken = new Set([...stack.resources.values()].map(({ type, physicalId }) => `${type} ${physicalId}`));
  for (const resource of [...stack.leftovers.values()].reverse()) {
    // What took its place may have taken its name too.
    if (resource.retained.onReplace || taken.has(`${resource.type} ${resource.physicalId}`))
      deployed.removeLeftover(stack, resource);
    else await remove(stack, resource.physicalId, resource, deployed, context);
  }
}

/** Removes what was being removed when the engine was killed. */
export async function removeGoing(stack: DeployedStack, deployed: Deployed, context: ProvisionContext): Promise<void> {
  for (const resource of stack.leftovers.values()) {
    if (!resource.isGoing) continue;
    // An error says that it was removed.
    await Promise.resolve(typeNamed(resource.type)?.remove?.(resource, context)).catch(() => undefined);
    deployed.removeLeftover(stack, resource);
  }
}

/**
 * Removes all that a stack has, but for what is retained. What cannot be deleted stays in the stack, with what it depends on.
 * @returns why, by logical id; empty when all is gone
 */
export async function removeAll(
  stack: DeployedStack,
  deployed: Deployed,
  context: ProvisionContext,
): Promise<ReadonlyMap<string, string>> {
  const failures = new Map<string, string>();
  const staying = new Set<string>();
  for (const logicalId of dependantsFirst(stack.resources)) {
    const resource = stack.resources.get(logicalId);
    if (resource === undefined) continue;
    if (staying.has(logicalId)) {
      for (const needed of resource.dependsOn) staying.add(needed);
      continue;
    }
    deployed.remove(stack, logicalId);
    const failure = resource.retained.onDelete ? undefined : await failureOf(stack, resource, deployed, context);
    if (failure === undefined) continue;
    failures.set(logicalId, failure);
    deployed.put(stack, logicalId, resource);
    for (const needed of resource.dependsOn) staying.add(needed);
  }
  return failures;
}

async function remove(
  stack: DeployedStack,
  name: string,
  resource: DeployedResource,
  deployed: Deployed,
  context: ProvisionContext,
): Promise<void> {
  const failure = await failureOf(stack, resource, deployed, context);
  // As on AWS: the deployment stands, the resource is left to whoever runs it.
  if (failure !== undefined)
    context.notice(
      `Stack ${stack.name}: ${name} (${resource.type}) left the stack but could not be deleted: ${failure}`,
    );
}

/** Removes a resource. @returns why it could not be; undefined when it is gone */
async function failureOf(
  stack: DeployedStack,
  resource: DeployedResource,
  deployed: Deployed,
  context: ProvisionContext,
): Promise<string | undefined> {
  deployed.addLeftover(stack, { ...resource, isGoing: true });
  try {
    await typeNamed(resource.type)?.remove?.(resource, context);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    deployed.removeLeftover(stack, resource);
  }
}

/** Logical ids in an order in which each comes before those it depends on. */
function dependantsFirst(resources: ReadonlyMap<string, DeployedResource>): string[] {
  const ordered = new Set<string>();
  const visit = (logicalId: string): void => {
    if (ordered.has(logicalId)) return;
    for (const needed of resources.get(logicalId)?.dependsOn ?? []) if (resources.has(needed)) visit(needed);
    ordered.add(logicalId);
  };
  for (const logicalId of resources.keys()) visit(logicalId);
  return [...ordered].reverse();
}
