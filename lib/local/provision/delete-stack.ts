import type { Deployed } from './deployed.ts';
import { refuseLossOfExports } from './exports.ts';
import { removeLeft } from './removal.ts';
import type { ProvisionContext } from './resource.ts';

/**
 * Deletes a stack with its resources, but for those that are retained. A stack that is not there is deleted already.
 * @param nameOrId name or ARN of the stack
 * @throws TemplateError when another stack uses one of its exports
 */
export async function deleteStack(nameOrId: string, deployed: Deployed, context: ProvisionContext): Promise<void> {
  const stack = [...deployed.stacks.values()].find(({ name, id }) => name === nameOrId || id === nameOrId);
  if (stack === undefined) return;
  refuseLossOfExports(stack, () => false, deployed, 'deleted');
  await removeLeft(stack, () => false, deployed, context);
  deployed.close(stack);
}
