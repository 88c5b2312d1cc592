import { EVENT } from './limits.ts';

/** Every level takes two characters, its brackets: a shorter text cannot be too deep. */
const SHORTEST = 2 * EVENT.maxDepth;

/**
 * Whether JSON is nested deeper than an event may be. Node reads any depth, but validators, `JSON.stringify` and handlers call themselves for each
 * level, and what overflows their stack would fail for ever.
 * @param characters of its text: short ones are not looked at
 */
export function isTooDeep(value: unknown, characters: number): boolean {
  if (characters < SHORTEST) return false;
  let level: object[] = isNested(value) ? [value] : [];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > EVENT.maxDepth) return true;
    const below: object[] = [];
    for (const one of level) for (const inner of Object.values(one)) if (isNested(inner)) below.push(inner);
    level = below;
  }
  return false;
}

const isNested = (value: unknown): value is object => typeof value === 'object' && value !== null;
