import { controlBreakers } from '../../../lib/runtime/breaker-controller.ts';

export const handler = controlBreakers();
