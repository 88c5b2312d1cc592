import { openClients } from '../deployed/clients.ts';
import { outputsOf } from '../deployed/deployment.ts';
import { deployedMessaging } from '../deployed/messaging.ts';
import type { World } from './system.ts';

/**
 * Opens a deployed system, wherever the SDK's environment points; `world.clients.close()` ends it.
 * @param mailbox URL of the engine's recorded mailbox. @default there is none, as on AWS
 * @throws NotDeployed when the stack is not there, or nothing answers
 */
export async function openWorld(stackName: string, mailbox?: string): Promise<World> {
  const clients = openClients();
  try {
    const outputs = await outputsOf(stackName);
    return { stackName, outputs, clients, deployed: await deployedMessaging(clients, stackName), mailbox };
  } catch (error) {
    clients.close();
    throw error;
  }
}
