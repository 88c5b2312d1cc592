import { systemContract } from 'sluice/contracts';
import { defineConfig } from 'sluice-cli';
import * as contract from './contract.ts';

export default defineConfig({
  systems: [
    {
      name: 'parcels',
      summary: 'tells people that a parcel is on its way',
      contract: systemContract('parcels', contract),
      stackName: () => 'parcels',
      tools: async () => (await import('./samples.ts')).tools,
    },
  ],
});
