/** The engine's services in a process of their own. Tells the parent where they are, and answers 'usage' with memory and processor time. */

import { startServices } from '../../lib/local/services.ts';
import { openState } from '../../lib/local/state/state.ts';

/** Of a process so far. */
export interface Usage {
  readonly rssBytes: number;
  readonly cpuMicros: number;
}

const [directory] = process.argv.slice(2);
const state = directory === undefined ? undefined : openState(directory);
const services = await startServices(state === undefined ? {} : { state });

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ rssBytes: process.memoryUsage.rss(), cpuMicros: user + system } satisfies Usage);
});
process.on('disconnect', async () => {
  await services.close();
  state?.close();
});
process.send?.(services.url);
