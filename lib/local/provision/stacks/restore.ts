import type { DeployedResource, DeployedStack } from '../resources/deployed.ts';
import type { ProvisionContext } from '../resources/resource.ts';
import { typeNamed } from '../types.ts';

/** Configures anew what the services do not keep of a stack whose template is not at hand. What cannot be is told. */
export async function restoreStack(stack: DeployedStack, context: ProvisionContext): Promise<void> {
  const done = new Set<string>();
  const restore = async (logicalId: string, resource: DeployedResource): Promise<void> => {
    if (done.has(logicalId)) return;
    done.add(logicalId);
    for (const needed of resource.dependsOn) {
      const other = stack.resources.get(needed);
      if (other !== undefined) await restore(needed, other);
    }
    const { type, properties, generation } = resource;
    const request = {
      ...{ stackName: stack.name, logicalId, type, properties, generation, context },
      ...{ assets: stack.assets, resumes: false },
    };
    const provisioner = typeNamed(type);
    try {
      await (provisioner?.durable ? provisioner.restore?.(request, resource) : provisioner?.create(request));
    } catch (error) {
      context.notice(error instanceof Error ? error.message : String(error));
    }
  };
  for (const [logicalId, resource] of stack.resources) await restore(logicalId, resource);
}
