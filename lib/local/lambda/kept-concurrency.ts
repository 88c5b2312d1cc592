import { documents } from '../state/documents.ts';
import type { State } from '../state/state.ts';
import type { FunctionDefinition } from './definition.ts';

/** What was reserved at run time, which a restart keeps as long as the template says what it said then. */
export interface KeptConcurrency {
  put(definition: FunctionDefinition, reserved: number | undefined): void;
  /** What is reserved for a function that has just been defined. */
  of(definition: FunctionDefinition): number | undefined;
  forget(name: string): void;
}

/** Absent: undefined. */
interface Kept {
  readonly reserved?: number | undefined;
  readonly template?: number | undefined;
}

export function keepConcurrency(state: State | undefined): KeptConcurrency {
  const kept = state && documents<Kept>(state, 'function-concurrency');
  return {
    put: ({ name, reservedConcurrency: template }, reserved) => kept?.put(name, { reserved, template }),
    of({ name, reservedConcurrency }) {
      const found = kept?.get(name);
      if (found === undefined) return reservedConcurrency;
      if (found.template === reservedConcurrency) return found.reserved;
      kept?.delete(name);
      return reservedConcurrency;
    },
    forget: (name) => kept?.delete(name),
  };
}
