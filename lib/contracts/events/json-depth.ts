import { EVENT } from '../declaring/limits.ts';

/** Every level takes two characters, its brackets: a shorter text cannot be too deep. */
const SHORTEST = 2 * EVENT.maxDepth;

/**
 * Whether JSON is nested deeper than an event may be. Node reads any depth, but validators, `JSON.stringify` and handlers call themselves for each
 * level, and what overflows their stack would fail for ever.
 * @param characters of its text: short ones are not looked at
 */
export function isTooDeep(value: unknown, characters: number): boolean {
  if (characters < SHORTEST) return false;
  return isDeeper(value, EVENT.maxDepth);
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const name in value) if (isDeeper(value[name as keyof typeof value], levels - 1)) return true;
  return false;
}
