import { SYSTEMS } from './lib/systems/systems.ts';

/** What the tools work on in this folder: `npx sluice systems` lists it. */
export default { systems: SYSTEMS };
