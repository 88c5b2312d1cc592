import { openClients } from '../deployed/clients.ts';
import { deploymentOf } from '../deployed/deployment.ts';
import { deployedMessaging } from '../deployed/messaging.ts';
import type { Access, World } from './system.ts';

/**
 * Opens a deployed system for whoever sends to it: nothing but its outputs is read, so that nothing but that and the sending has to be allowed.
 * `clients.close()` ends it.
 * @returns it, and where it is
 * @throws NotDeployed when the stack is not there, or nothing answers
 */
export async function openAccess(stackName: string) {
  const { outputs, place } = await deploymentOf(stackName);
  const access: Access = { stackName, outputs, clients: openClients() };
  return { access, place };
}

/**
 * Opens a deployed system, wherever the SDK's environment points; `world.clients.close()` ends it.
 * @param mailbox URL of the engine's recorded mailbox. @default there is none, as on AWS
 * @throws NotDeployed when the stack is not there, or nothing answers
 */
export async function openWorld(stackName: string, mailbox?: string): Promise<World> {
  const { access } = await openAccess(stackName);
  try {
    return { ...access, deployed: await deployedMessaging(access.clients, stackName), mailbox };
  } catch (error) {
    access.clients.close();
    throw error;
  }
}
