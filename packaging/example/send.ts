import { envelope } from 'sluice/contracts';
import { publisher } from 'sluice/runtime';
import { ParcelSent, parcels } from './contract.ts';

/** @param address of the queue: output `Queue` of the stack */
export async function sendParcel(address: string, parcel: string, to: string): Promise<void> {
  const publish = publisher(parcels, { address });
  await publish([envelope(ParcelSent, { parcel, to }, { id: parcel, source: '/counter', time: new Date() })]);
}
