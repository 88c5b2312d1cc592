import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import type { World } from './world.ts';

/**
 * Middy stops a handler five milliseconds before the function's end with a timer of its own. In a simulation that timer has to run
 * on virtual time, so `node:timers` is taken over. Only in a worker of its own: the whole thread loses its real timers.
 */
let world: World | undefined;
let installed = false;

/** Real timers of libraries belong to this world from now on. */
export function useWorld(next: World | undefined): void {
  world = next;
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
  syncBuiltinESMExports();
}
