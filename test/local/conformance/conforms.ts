import { it } from 'vitest';
import type { SOURCES } from './sources.ts';

export interface Behaviour {
  readonly source: keyof typeof SOURCES;
  /** How near the engine comes. Default `yes`. */
  readonly faithful?: 'yes' | 'partly' | 'no';
  /** What differs from AWS, when anything does. */
  readonly remark?: string;
}

/**
 * One case of the conformance suite, named after the behaviour of AWS that it holds; cases of a file run side by side.
 * Name and behaviour are literals: the table in docs/conformance.md is read off the source text (see table.ts).
 */
export function conforms(name: string, _behaviour: Behaviour, run: () => Promise<void>): void {
  it.concurrent(name, run);
}
