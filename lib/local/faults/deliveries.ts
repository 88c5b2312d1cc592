import type { FaultTrigger } from '../faults.ts';
import type { InvocationResult } from '../lambda/definition.ts';
import { throttled } from '../lambda/errors.ts';
import { functionNameOf } from '../lambda/function-names.ts';
import type { Functions } from '../lambda/functions.ts';

/** Invocations that nobody waits for: of mappings, and of events. */
export type Deliveries = Pick<Functions, 'find' | 'invoke' | 'reserved'>;

/** Copies are delivered at once rather than one after the other in this part of all cases where the source allows it. */
const AT_ONCE_SHARE = 0.5;

/**
 * Deliveries with their faults: throttled, or made twice, as when a poller dies between the invocation and the deletion. The second
 * counts; the first is forgotten.
 * @param inOrder A stream or FIFO queue: the second delivery comes after the first.
 */
export function faultyDeliveries(
  { find, invoke, reserved }: Functions,
  faults: FaultTrigger,
  inOrder: boolean,
): Deliveries {
  return {
    find,
    reserved,
    async invoke(nameOrArn, event, requestId): Promise<InvocationResult> {
      const point = { service: 'lambda', operation: 'Deliver', caller: callerOf(nameOrArn) };
      if (faults.at({ ...point, when: 'before' })?.action === 'throttle') throw throttled(false);
      const twice = faults.at({ ...point, when: 'after' });
      const first = invoke(nameOrArn, event, requestId);
      if (twice?.action !== 'duplicate') return first;
      if (inOrder || twice.size >= AT_ONCE_SHARE) await first;
      const [, second] = await Promise.all([first, invoke(nameOrArn, event, requestId)]);
      return second;
    },
  };
}

const callerOf = (nameOrArn: string) => ({ accessKeyId: 'engine', functionName: functionNameOf(nameOrArn) });
