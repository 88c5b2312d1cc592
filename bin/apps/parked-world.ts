import type { Clients } from '../../lib/operations/deployed/clients.ts';
import { deploymentOf, type Place } from '../../lib/operations/deployed/deployment.ts';
import {
  type ParkingConsumer,
  parkingConsumer,
  parkingConsumers,
} from '../../lib/operations/parked/parking-consumers.ts';
import { type System, stackNameOf } from '../../lib/operations/systems/system.ts';
import { CONFIG_FILES, NoSystems, systemsOf } from '../config/systems.ts';
import { confirm } from '../options/confirm.ts';

/** What the commands work with; tests pass their own. */
export interface ParkedWorld {
  readonly systems: readonly System[];
  readonly print: (text: string) => void;
  /** Asks a person. @returns whether the answer was yes */
  readonly confirm: (question: string) => Promise<boolean>;
}

/** Without systems in this folder a stack can still be named. */
export const here = async (): Promise<ParkedWorld> => ({
  systems: await systemsOf().catch((error: unknown) => {
    if (error instanceof NoSystems) return [];
    throw error;
  }),
  print: (text) => void process.stdout.write(`${text}\n`),
  confirm,
});

/** Which subscription's consumer, and how to answer. */
export interface Where {
  readonly stage: string;
  /** @default the stack of the system that declares the subscription */
  readonly stack?: string;
  readonly json: boolean;
}

export const consumerFor = (
  clients: Clients,
  subscription: string,
  { stage, stack }: Where,
  systems: readonly System[],
): Promise<ParkingConsumer> => parkingConsumer(clients, stack ?? stackOf(stage, systems, subscription), subscription);

/**
 * Where a subscription's consumer is, for a command that changes something there.
 * @param service that does it
 * @throws NotDeployed when its stack is not there
 */
export async function targetOf(
  subscription: string,
  { stage, stack }: Where,
  systems: readonly System[],
  service: 'LAMBDA' | 'DYNAMODB',
): Promise<Place> {
  const { place } = await deploymentOf(stack ?? stackOf(stage, systems, subscription));
  return place(service);
}

export async function everyConsumer(
  clients: Clients,
  { stage, stack }: Where,
  systems: readonly System[],
): Promise<ParkingConsumer[]> {
  const stacks = stack === undefined ? stacksOf(systems, stage) : [stack];
  return (await Promise.all(stacks.map((name) => parkingConsumers(clients, name)))).flat();
}

function stacksOf(systems: readonly System[], stage: string): readonly string[] {
  if (systems.length > 0) return systems.map((system) => stackNameOf(system, stage));
  throw new NoSystems(`there is no ${CONFIG_FILES[0]} here that names a system: name the stack with --stack`);
}

function stackOf(stage: string, systems: readonly System[], subscription: string): string {
  const named = ({ contract }: System) => contract.subscriptions.map(({ name }) => name);
  const declares = systems.find((system) => named(system).includes(subscription));
  if (declares !== undefined) return stackNameOf(declares, stage);
  if (systems.length === 0) return stacksOf(systems, stage)[0] ?? '';
  const known = systems.flatMap(named);
  throw new Error(
    `no system here declares subscription '${subscription}' (known: ${known.join(', ')}). Check the name, or name its stack with --stack.`,
  );
}
