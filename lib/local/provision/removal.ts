import type { Deployed, DeployedResource, DeployedStack } from './deployed.ts';
import type { ProvisionContext } from './resource.ts';
import { typeNamed } from './types.ts';

/** Removes what has left a stack's template, and what others have taken the place of; retained resources stay where they are. */
export async function removeLeft(
  stack: DeployedStack,
  isWanted: (logicalId: string) => boolean,
  deployed: Deployed,
  context: ProvisionContext,
): Promise<void> {
  // Dependants of a leftover have been changed by now; it is in nobody's way.
  const left = new Map([...stack.resources].filter(([logicalId]) => !isWanted(logicalId)));
  for (const logicalId of dependantsFirst(left)) {
    const resource = left.get(logicalId);
    if (resource === undefined) continue;
    await remove(stack, logicalId, resource, resource.retained.onDelete, context);
    deployed.remove(stack, logicalId);
  }
  const taken = new Set([...stack.resources.values()].map(({ type, physicalId }) => `${type} ${physicalId}`));
  for (const resource of [...stack.leftovers.values()].reverse()) {
    // What took its place may have taken its name too.
    if (!taken.has(`${resource.type} ${resource.physicalId}`))
      await remove(stack, resource.physicalId, resource, resource.retained.onReplace, context);
    deployed.removeLeftover(stack, resource.physicalId);
  }
  for (const logicalId of [...stack.begun]) if (!isWanted(logicalId)) deployed.remove(stack, logicalId);
}

async function remove(
  stack: DeployedStack,
  name: string,
  resource: DeployedResource,
  isRetained: boolean,
  context: ProvisionContext,
): Promise<void> {
  if (isRetained) return;
  try {
    await typeNamed(resource.type)?.remove?.(resource, context);
  } catch (error) {
    // As on AWS: the deployment stands, the resource is left to whoever runs it.
    const reason = error instanceof Error ? error.message : String(error);
    context.notice(
      `Stack ${stack.name}: ${name} (${resource.type}) left the stack but could not be deleted: ${reason}`,
    );
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
