import { expect, it } from 'vitest';
import { resourceTypes } from '../../../lib/local/provision/types.ts';

/** A type that has something to lose, or to configure anew at a start, outlives the engine: made anew, it would begin empty. */
it.each(
  Object.entries(resourceTypes)
    .filter(([, { contents, restore }]) => contents !== undefined || restore !== undefined)
    .map(([name, type]) => [name, type] as const),
)('%s outlives the engine', (_, { durable }) => expect(durable).toBe(true));
