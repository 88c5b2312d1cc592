import { controlBreakers } from '../../lib/runtime/control/breaker-controller.ts';

export const handler = controlBreakers();
