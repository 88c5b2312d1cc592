import { comesAgainSeconds } from '../invocation/patience.ts';
import type { Runtime } from '../invocation/runtime.ts';
import { errorFields, type Log } from '../invocation/telemetry.ts';
import type { Message, Outcome } from '../messages/message.ts';

/** What the logs say of messages, and of records from a checkpoint on, that were handed back for a busy store (`wasBusy`). */
export const STORE_BUSY = 'a store was busy: comes again, without a failed try';

/** A message that nothing was decided about, because a store was busy for as long as there was time. */
export function handedBack(
  message: Message,
  error: Error,
  { runtime, log }: { readonly runtime: Pick<Runtime, 'random'>; readonly log: Log },
): Outcome {
  log('warn', STORE_BUSY, { messageId: message.id, ...errorFields(error) });
  return { kind: 'deferred', afterSeconds: comesAgainSeconds(message.receives, runtime), error };
}
