import { expect, it } from 'vitest';
import { channelEnv, schedulesEnv } from '../../../lib/contracts/agreed/environment.ts';

it.each([
  ['orders', 'ORDERS'],
  ['ship-the-order', 'SHIP_THE_ORDER'],
])('%s has environment variables of its own', (name, variable) => {
  expect(channelEnv({ name })).toBe(`SLUICE_CHANNEL_${variable}`);
  expect(schedulesEnv({ name })).toBe(`SLUICE_SCHEDULES_${variable}`);
});
