import { refuseLossOfExports } from '../plan/exports.ts';
import type { Deployed } from '../resources/deployed.ts';
import type { ProvisionContext } from '../resources/resource.ts';
import { removeAll, removeLeft } from './removal.ts';

/**
 * Deletes a stack with its resources, but for those that are retained. A stack that is not there is deleted already. What cannot be deleted, a bucket with
 * objects for example, stays, and the stack with it: DELETE_FAILED.
 * @param nameOrId name or ARN of the stack
 * @throws TemplateError when another stack uses one of its exports
 */
export async function deleteStack(nameOrId: string, deployed: Deployed, context: ProvisionContext): Promise<void> {
  const stack = [...deployed.stacks.values()].find(({ name, id }) => name === nameOrId || id === nameOrId);
  if (stack === undefined) return;
  refuseLossOfExports(stack, () => false, deployed, 'deleted');
  // What a deployment left behind, which is not the stack's any more.
  await removeLeft(stack, () => true, deployed, context);
  const failures = await removeAll(stack, deployed, context);
  if (failures.size === 0) return deployed.close(stack);
  stack.failedDeletion = `The following resource(s) failed to delete: [${[...failures.keys()].join(', ')}].`;
  deployed.update(stack);
  const reasons = [...failures].map(([id, why]) => `${id} (${stack.resources.get(id)?.type}): ${why}`);
  context.notice(`Stack ${stack.name} could not be deleted: ${reasons.join('; ')}`);
}
