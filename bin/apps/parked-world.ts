import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { SystemContract } from '../../lib/contracts/system.ts';
import { deploymentOf, type Place } from '../../lib/operations/deployed/deployment.ts';
import {
  type ParkingConsumer,
  parkingConsumer,
  parkingConsumers,
} from '../../lib/operations/parked/parking-consumers.ts';
import { confirm } from '../options/confirm.ts';
import { SYSTEMS } from './contracts.ts';

/** What the commands work with; tests pass their own. */
export interface ParkedWorld {
  readonly systems: readonly SystemContract[];
  readonly print: (text: string) => void;
  /** Asks a person. @returns whether the answer was yes */
  readonly confirm: (question: string) => Promise<boolean>;
}

export const here: ParkedWorld = {
  systems: SYSTEMS,
  print: (text) => void process.stdout.write(`${text}\n`),
  confirm,
};

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
  systems: readonly SystemContract[],
): Promise<ParkingConsumer> => parkingConsumer(clients, stack ?? stackOf(stage, systems, subscription), subscription);

/**
 * Where a subscription's consumer is, for a command that changes something there.
 * @param service that does it
 * @throws NotDeployed when its stack is not there
 */
export async function targetOf(
  subscription: string,
  { stage, stack }: Where,
  systems: readonly SystemContract[],
  service: 'LAMBDA' | 'DYNAMODB',
): Promise<Place> {
  const { place } = await deploymentOf(stack ?? stackOf(stage, systems, subscription));
  return place(service);
}

export async function everyConsumer(
  clients: Clients,
  { stage, stack }: Where,
  systems: readonly SystemContract[],
): Promise<ParkingConsumer[]> {
  const stacks = stack === undefined ? systems.map(({ name }) => `sluice-${stage}-${name}`) : [stack];
  return (await Promise.all(stacks.map((name) => parkingConsumers(clients, name)))).flat();
}

function stackOf(stage: string, systems: readonly SystemContract[], subscription: string): string {
  const declares = systems.find(({ subscriptions }) => subscriptions.some(({ name }) => name === subscription));
  if (declares !== undefined) return `sluice-${stage}-${declares.name}`;
  const known = systems.flatMap(({ subscriptions }) => subscriptions.map(({ name }) => name));
  throw new Error(
    `no system of this house declares subscription '${subscription}' (known: ${known.join(', ')}). Check the name, or name its stack with --stack.`,
  );
}

export function openClients() {
  const clients = { cloudformation: new CloudFormationClient({}), lambda: new LambdaClient({}) };
  // That of documents closes nothing by itself.
  const tables = new DynamoDBClient({});
  return {
    ...clients,
    dynamodb: DynamoDBDocumentClient.from(tables),
    close() {
      for (const client of [...Object.values(clients), tables]) client.destroy();
    },
  };
}

export type Clients = ReturnType<typeof openClients>;
