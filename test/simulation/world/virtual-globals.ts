import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import type { Chance } from '../../../lib/testing/world/chance.ts';
import type { World } from '../../../lib/testing/world/world.ts';

/**
 * What simulated code has that is not handed to it: timers (Middy stops a handler with one of its own) and chance (trace ids are drawn from `crypto`). Both must
 * be the world's, or a seed is not a world. Only in a worker of its own: the whole thread loses its real ones.
 */
let world: World | undefined;
let chance: Chance | undefined;
let installed = false;

/** Timers and chance belong to this world from now on. */
export function useWorld(next: World | undefined, drawnFrom?: Chance): void {
  world = next;
  chance = drawnFrom;
}

const outside = (what: string): Error => new Error(`${what} outside of a simulated run`);

export function virtualiseGlobals(): void {
  if (installed) return;
  installed = true;
  const cancelled = new WeakSet<object>();
  const setVirtual = (task: () => void, milliseconds = 0): object => {
    const handle = {};
    const owner = world?.current();
    if (world === undefined) throw outside('a timer was set');
    world.after(milliseconds, () => cancelled.has(handle) || task(), owner);
    return handle;
  };
  const clear = (handle: unknown): void => {
    if (typeof handle === 'object' && handle !== null) cancelled.add(handle);
  };
  const wait = async () => {
    throw new Error('a simulated run waits in real time: what waits takes `sleep` from its Runtime');
  };
  const next = (): number => {
    if (chance === undefined) throw outside('chance was drawn');
    return chance.next();
  };
  Object.assign(timers, { setTimeout: setVirtual, clearTimeout: clear });
  Object.assign(timersPromises, { setTimeout: wait });
  Object.assign(globalThis, { setTimeout: setVirtual, clearTimeout: clear });
  Math.random = next;
  crypto.getRandomValues = <T extends ArrayBufferView | null>(array: T): T => {
    if (array instanceof Uint8Array) for (let i = 0; i < array.length; i++) array[i] = Math.floor(next() * 256);
    return array;
  };
  syncBuiltinESMExports();
}
