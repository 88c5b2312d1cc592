import { ENV } from '../../contracts/agreed/environment.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { controlBreakers, type DeclaredMapping, type SwitchMapping } from '../../runtime/control/breaker-controller.ts';
import { breakerKey } from '../../runtime/control/control-items.ts';
import type { Account } from '../account/account.ts';
import { INBOX_NAME } from '../account/addresses.ts';
import type { FunctionSpec, HandlerFunction } from '../lambda/instances.ts';
import type { QueueMapping } from '../lambda/queue-mapping.ts';

/** Name of the function that switches a mapping when its breaker opens. */
export const CONTROLLER = 'breaker-controller';
const CONTROL_EVERY_MILLIS = 60_000;
const TIMEOUT_MILLIS = 30_000;
const START_MILLIS = 10;
/** Lambda's lowest maximum concurrency of a queue mapping. */
const LEAST_CONCURRENCY = 2;

/** The breaker controller of a subscription: called when the breaker opens or closes, and every minute while there is anything to switch. */
export function controllerOf(
  { name, batchSize, concurrency }: Subscription,
  { world, host, dynamodb, placed, env }: Account,
  mapping: QueueMapping,
): { readonly call: () => void } {
  const declared: DeclaredMapping = { id: name, batchSize, maximumConcurrency: concurrency };
  const switchMapping: SwitchMapping = async (_mapping, mode) =>
    mapping.set({
      enabled: mode !== 'off',
      batchSize: mode === 'on' ? batchSize : 1,
      concurrency: mode === 'on' ? (concurrency ?? Number.POSITIVE_INFINITY) : LEAST_CONCURRENCY,
    });
  const spec: FunctionSpec = {
    name: CONTROLLER,
    timeoutMillis: TIMEOUT_MILLIS,
    env: { ...env, [ENV.mappings]: JSON.stringify({ [name]: declared }) },
    start: placed((runtime) => controlBreakers(runtime, switchMapping) as HandlerFunction),
  };
  const isNeeded = (): boolean =>
    [breakerKey({ name }), `mapping!${name}`].some((key) => dynamodb.item(INBOX_NAME, key) !== undefined);
  let isScheduled = false;
  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    world.after(CONTROL_EVERY_MILLIS, () => {
      isScheduled = false;
      if (!isNeeded()) return;
      host.invoke(spec, {}, () => undefined);
      schedule();
    });
  }
  return {
    call() {
      world.after(START_MILLIS, () => host.invoke(spec, {}, () => undefined));
      schedule();
    },
  };
}
