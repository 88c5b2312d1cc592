import { StateError } from './database.ts';
import type { State } from './state.ts';

/** Stores with queue URLs and function URLs, which hold the endpoint. */
const WITH_ENDPOINT = ['sqs-queues', 'stacks', 'stack-resources', 'stack-leftovers'];

/**
 * Puts a state to where the engine runs now: what names the endpoint names the new one.
 * @param url of the endpoint
 * @throws StateError when the state is of another region: ARNs all over it say so
 */
export function placeState(state: State, { region, url }: { readonly region: string; readonly url: string }): void {
  const engine = state.store('engine');
  const [before, was] = [engine.get('region'), engine.get('endpoint')];
  if (before !== undefined && before !== region) {
    throw new StateError(
      `The data directory ${state.directory} is of region ${before}; the engine was asked for ${region}. Name another directory, or start it as ${before}.`,
    );
  }
  if (was !== undefined && was !== url) {
    for (const name of WITH_ENDPOINT) {
      const store = state.store(name);
      for (const [key, value] of [...store.entries()]) store.put(key, String(value).replaceAll(String(was), url));
    }
  }
  engine.put('region', region);
  engine.put('endpoint', url);
}
