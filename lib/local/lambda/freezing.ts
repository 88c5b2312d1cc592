/**
 * Lambda freezes an instance from its answer to its next event: no timer of it fires, and what comes on its sockets, their end included,
 * waits until it is thawed. Here the worker's thread waits meanwhile, on a word of shared memory.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
 * Imports nothing: the worker pays for it at every cold start.
 */
const FROZEN = 1;
const THAWED = 0;

/** In the worker: returns when somebody thaws it. */
export function freeze(word: Int32Array<SharedArrayBuffer>): void {
  Atomics.wait(word, 0, FROZEN);
}

/** In the worker, before an answer leaves: what thaws it afterwards is not missed. */
export const readyToFreeze = (word: Int32Array<SharedArrayBuffer>): void => void Atomics.store(word, 0, FROZEN);

/** In the engine: after the next event was posted. */
export function thaw(word: Int32Array<SharedArrayBuffer>): void {
  Atomics.store(word, 0, THAWED);
  Atomics.notify(word, 0);
}
