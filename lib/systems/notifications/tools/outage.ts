import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { output } from '../../../operations/deployed/deployment.ts';
import type { World } from '../../../operations/systems/system.ts';
import { type NotificationChannel, PROVIDER_ITEMS } from '../contract.ts';

/** Has a simulated provider refuse all connections for so many seconds from now. @returns until when, epoch ms */
export async function causeOutage(
  { clients, outputs }: Pick<World, 'clients' | 'outputs'>,
  channel: NotificationChannel,
  seconds: number,
): Promise<number> {
  const until = Date.now() + seconds * MILLIS_PER_SECOND;
  const Item = { key: `${PROVIDER_ITEMS.outage}${channel}`, until };
  await clients.dynamodb.send(new PutCommand({ TableName: output(outputs, 'ProviderTable'), Item }));
  return until;
}

const MILLIS_PER_SECOND = 1_000;
