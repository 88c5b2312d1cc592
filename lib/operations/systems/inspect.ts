/** `sluice-cli/inspect`: for scripts that look into a deployed system, on the engine or on AWS. */

export { output } from '../deployed/deployment.ts';
export { answerOf, CallFailed, callerOf } from './calling.ts';
export { type Letters, lettersOf, reasonOf } from './letters.ts';
export { openWorld } from './world.ts';
