import { lambda } from '../../lib/runtime/invocation/runtime.ts';
import { takingDue } from './due/scan.ts';

export const handler = takingDue(lambda);
