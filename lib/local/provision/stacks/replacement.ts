import type { Json } from '../../json.ts';
import type { DeployedResource } from '../resources/deployed.ts';
import type { ProvisionContext } from '../resources/resource.ts';
import { provisionError } from '../resources/resource.ts';
import { typeNamed } from '../types.ts';

/**
 * Refuses a replacement of a resource with a name of its own, which CloudFormation cannot do either, and of one that holds data,
 * which CloudFormation would delete.
 * @param changed names of the properties that differ
 * @param name the new name, where the template gives one
 * @param isRetained whether the new template keeps the old one beside it
 * @throws ProvisionError
 */
export async function refuseLossyReplacement(
  where: { readonly stackName: string; readonly logicalId: string; readonly type: string },
  old: DeployedResource,
  {
    changed,
    name,
    isRetained,
  }: { readonly changed: readonly string[]; readonly name: Json | undefined; readonly isRetained: boolean },
  context: ProvisionContext,
): Promise<void> {
  const what = `a change of ${changed.join(', ')} makes a new resource`;
  const nameProperty = typeNamed(where.type)?.nameProperty ?? '';
  if (old.type === where.type && name !== undefined && !changed.includes(nameProperty)) {
    throw provisionError(
      where,
      `${what}, and two cannot have the name ${JSON.stringify(name)}: CloudFormation cannot update a stack when a custom-named resource requires replacing. Change ${nameProperty} too, or leave it out.`,
    );
  }
  const contents =
    isRetained || old.retained.onReplace ? undefined : await typeNamed(old.type)?.contents?.(old, context);
  if (contents !== undefined) {
    throw provisionError(
      where,
      `${what}, and the ${contents} of ${old.physicalId} would be deleted with the old one. Give the new one another logical id and move them, set UpdateReplacePolicy: Retain to keep the old one beside it, or empty it first.`,
    );
  }
}
