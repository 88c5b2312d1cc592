import { documents } from './documents.ts';
import type { State } from './state.ts';

interface Entry<T> {
  readonly value: T;
  /** Epoch milliseconds. */
  readonly expires: number;
}

/** What is remembered for a while: deduplication ids, request tokens. */
export interface Memory<T> {
  /** What is remembered under the key; undefined once its time is over. */
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  /** Forgets every key that starts with the prefix. */
  forgetBelow(prefix: string): void;
}

/**
 * Remembers each value for the same time from when it was set.
 * @param windowMs how long
 * @param state keeps it over a restart; without one it is kept in memory only
 */
export function memoryOf<T>(name: string, windowMs: number, state: State | undefined): Memory<T> {
  const kept = state && documents<Entry<T>>(state, name);
  const entries = new Map<string, Entry<T>>();
  const dropExpired = () => {
    const now = Date.now();
    // In the order of their age: the oldest come first.
    for (const [key, { expires }] of entries) {
      if (expires > now) return;
      entries.delete(key);
      kept?.delete(key);
    }
  };
  for (const [key, entry] of [...(kept?.entries() ?? [])].sort(([, a], [, b]) => a.expires - b.expires)) {
    entries.set(key, entry);
  }
  dropExpired();
  return {
    get(key) {
      const entry = entries.get(key);
      return entry !== undefined && entry.expires > Date.now() ? entry.value : undefined;
    },
    set(key, value) {
      const entry = { value, expires: Date.now() + windowMs };
      entries.delete(key);
      entries.set(key, entry);
      kept?.put(key, entry);
      dropExpired();
    },
    forgetBelow(prefix) {
      for (const key of entries.keys()) if (key.startsWith(prefix)) entries.delete(key);
      kept?.deleteBelow(prefix);
    },
  };
}
