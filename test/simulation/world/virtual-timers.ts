import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import { type Chance, chanceOf } from './random.ts';
import type { World } from './world.ts';

/**
 * Middy stops a handler five milliseconds before the function's end with a timer of its own. In a simulation that timer has to run
 * on virtual time, so `node:timers` is taken over, and so is the chance that trace ids come from: a run is the same whenever it is made. Only in a worker
 * of its own: the whole thread loses its real timers and its real chance.
 */
let world: World | undefined;
let installed = false;
let chance: Chance;
const NOBODYS_SEED = 1;
const NOBODYS_STREAM = 0;
const BYTES = 256;

/** Real timers of libraries belong to this world from now on. */
export function useWorld(next: World | undefined): void {
  world = next;
  chance = chanceOf(NOBODYS_SEED, NOBODYS_STREAM);
}

export function virtualiseTimers(): void {
  if (installed) return;
  installed = true;
  const cancelled = new WeakSet<object>();
  const setVirtual = (task: () => void, milliseconds = 0): object => {
    const handle = {};
    const owner = world?.current();
    if (world === undefined) throw new Error('a timer was set outside of a simulated run');
    world.after(milliseconds, () => cancelled.has(handle) || task(), owner);
    return handle;
  };
  const clear = (handle: unknown): void => {
    if (typeof handle === 'object' && handle !== null) cancelled.add(handle);
  };
  Object.assign(timers, { setTimeout: setVirtual, clearTimeout: clear });
  Object.assign(globalThis, { setTimeout: setVirtual, clearTimeout: clear });
  const getRandomValues = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; at++) bytes[at] = Math.floor(chance.next() * BYTES);
    return bytes;
  };
  Object.defineProperty(crypto, 'getRandomValues', { value: getRandomValues });
  syncBuiltinESMExports();
}
