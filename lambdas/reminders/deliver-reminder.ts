import { lambda } from '../../lib/runtime/invocation/runtime.ts';
import { delivering } from './inbox/notify.ts';

export const handler = delivering(lambda);
