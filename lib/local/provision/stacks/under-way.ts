import type { Deployed, DeployedStack } from '../resources/deployed.ts';
import type { ProvisionContext, ResourceRequest } from '../resources/resource.ts';
import { typeNamed } from '../types.ts';

/**
 * Ends what was under way with a resource when the engine was killed, so that it is known what there is: a creation or change is
 * finished (from there it can be changed or removed like any other), a half-made successor of a resource is removed.
 */
export async function endUnderWay(
  stack: DeployedStack,
  logicalId: string,
  { deployed, context, assets }: { deployed: Deployed; context: ProvisionContext; assets: ResourceRequest['assets'] },
): Promise<void> {
  const begun = stack.begun.get(logicalId);
  const provisioner = typeNamed(begun?.type ?? '');
  if (begun === undefined || provisioner === undefined) return;
  const before = stack.resources.get(logicalId);
  const { type, properties, generation } = begun;
  const request = {
    ...{ stackName: stack.name, logicalId, type, properties, generation, assets, context },
    resumes: true,
  };
  try {
    if (before === undefined) {
      deployed.put(stack, logicalId, { ...begun, ...(await provisioner.create(request)) });
    } else if (before.generation === generation) {
      // Where this fails it is as if it had been done: what it may have changed is changed back.
      deployed.put(stack, logicalId, { ...begun, physicalId: before.physicalId, attributes: before.attributes });
      await (provisioner.update === undefined ? provisioner.create(request) : provisioner.update(request, before));
    } else {
      const made = await provisioner.create(request);
      if (made.physicalId !== before.physicalId) await provisioner.remove?.({ ...begun, ...made }, context);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    context.notice(
      `Stack ${stack.name}: the change of ${logicalId} (${type}) that was under way is given up: ${reason}`,
    );
  }
  deployed.end(stack, logicalId);
}
