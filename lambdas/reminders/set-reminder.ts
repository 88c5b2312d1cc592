import { lambda } from '../../lib/runtime/invocation/runtime.ts';
import { answered } from '../../lib/runtime/publishing/function-url.ts';
import { settingReminders } from './setting/set.ts';

/** Invoked through the Lambda API with the request as payload, or through the function URL with it as body. */
export const handler = answered('set-reminder', settingReminders(lambda), ({ status }) =>
  status === 'accepted' ? 200 : 422,
);
