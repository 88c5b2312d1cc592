import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { envelope } from 'sluice/contracts';
import { producerRuntime, publisher } from 'sluice/runtime';
import { ParcelSent, parcels } from './contract.ts';

/** One for the process: connections and credentials are kept. */
const runtime = producerRuntime({ credentials: fromNodeProviderChain() });

/** @param address of the queue: output `Queue` of the stack */
export async function announceParcel(address: string, parcel: string, to: string): Promise<void> {
  const publish = publisher(parcels, { address }, runtime);
  await publish([envelope(ParcelSent, { parcel, to }, { id: parcel, source: '/counter', time: new Date() })]);
}
