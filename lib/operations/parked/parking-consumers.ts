import {
  type DeployedConsumer,
  type DeploymentClients,
  deployedConsumer,
  deployedConsumers,
} from '../deployed/deployed-consumers.ts';
import type { ParkingPlace } from './parked.ts';

/** A deployed consumer that can park. */
export interface ParkingConsumer extends DeployedConsumer {
  readonly place: ParkingPlace;
}

/** All consumers of a stack that have an inbox table; whether they park is up to their declaration. */
export async function parkingConsumers(clients: DeploymentClients, stackName: string): Promise<ParkingConsumer[]> {
  return (await deployedConsumers(clients, stackName)).flatMap(placed);
}

/**
 * The consumer of one subscription.
 * @throws UnknownConsumer; NotDeployed; Error when it has no inbox table
 */
export async function parkingConsumer(
  clients: DeploymentClients,
  stackName: string,
  subscription: string,
): Promise<ParkingConsumer> {
  const [consumer] = placed(await deployedConsumer(clients, stackName, subscription));
  if (consumer !== undefined) return consumer;
  throw new Error(`subscription '${subscription}' parks nothing: its consumer has no inbox table`);
}

const placed = (consumer: DeployedConsumer): ParkingConsumer[] =>
  consumer.inboxTable === undefined
    ? []
    : [{ ...consumer, place: { subscription: consumer.subscription, table: consumer.inboxTable } }];
