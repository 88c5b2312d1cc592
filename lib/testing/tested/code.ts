import type { Runtime } from '../../runtime/invocation/runtime.ts';
import type { Account } from '../account/account.ts';
import { inPlace, withDateAndEnvironment } from '../account/place.ts';
import type { HandlerFunction } from '../lambda/instances.ts';

/** The file of a function as it is deployed: `{ load: () => import('./charge-card.ts') }`. It is loaded once, so its instances are one. */
export interface FunctionFile {
  readonly load: () => Promise<{ readonly handler: (event: never, context: never) => unknown }>;
}

/** A function that was loaded once, and is the same for all instances. */
export interface LoadedFunction {
  /** To be awaited before the first invocation. */
  readonly ready: (account: Account) => Promise<void>;
  readonly handler: HandlerFunction;
}

/** @param thing what is tested, for errors */
export function loadedFunction(thing: string, { load }: FunctionFile): LoadedFunction {
  let loading: Promise<HandlerFunction> | undefined;
  let handler: HandlerFunction | undefined;
  async function loadIn(account: Account): Promise<HandlerFunction> {
    const found = await withDateAndEnvironment(account.env, () => inPlace(whileLoading(thing, account), load));
    if (typeof found.handler !== 'function')
      throw new TypeError(
        `${thing}: the file exports no function 'handler'; it exports: ${Object.keys(found).join(', ')}`,
      );
    return found.handler as HandlerFunction;
  }
  return {
    async ready(account) {
      loading ??= loadIn(account);
      handler = await loading;
    },
    handler(event, context) {
      if (handler === undefined) throw new Error(`${thing} was not loaded`);
      return handler(event, context);
    },
  };
}

/** While a file is loaded it may read its environment, and nothing else: no invocation is there yet. */
function whileLoading(thing: string, { env, world }: Account): Runtime {
  const refuse = (what: string) => () => {
    throw new Error(`${thing} ${what} while its file is loaded; do so in the handler`);
  };
  return {
    aws: refuse('calls AWS'),
    sleep: refuse('waits'),
    every: refuse('waits'),
    now: world.now,
    random: () => 0,
    id: () => 'loading',
    env: (name) => env[name],
    write: () => undefined,
  };
}
