import type { State } from './state.ts';

/** JSON values by key, kept in a store of the state. */
export interface Documents<T> {
  put(key: string, document: T): void;
  get(key: string): T | undefined;
  delete(key: string): void;
  deleteBelow(prefix: string): void;
  /** In the order in which the keys were first put. */
  entries(): Iterable<readonly [key: string, document: T]>;
}

/** The documents of a store. What is read was written by this format of the engine: its shape is not checked again. */
export function documents<T>(state: State, name: string): Documents<T> {
  const store = state.store(name);
  return {
    put: (key, document) => store.put(key, JSON.stringify(document)),
    get(key) {
      const text = store.get(key);
      return text === undefined ? undefined : (JSON.parse(String(text)) as T);
    },
    delete: store.delete,
    deleteBelow: store.deleteBelow,
    *entries() {
      for (const [key, text] of store.entries()) yield [key, JSON.parse(String(text)) as T];
    },
  };
}
