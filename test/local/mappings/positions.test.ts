import { expect, it } from 'vitest';
import { keepMappings } from '../../../lib/local/mappings/mappings-state.ts';
import { openState } from '../../../lib/local/state/state.ts';
import { temporaryDirectory } from '../state/support.ts';

it('positions are kept with their mapping, shard by shard, and go with it', () => {
  const state = openState(temporaryDirectory());
  const kept = keepMappings(state);
  const start = { kind: 'LATEST' } as const;
  const at = { start, done: undefined, iterator: 'it', finished: false, window: undefined };
  for (const uuid of ['a', 'ab']) {
    kept.put({ config: { uuid } as never, lastModified: 7 });
    kept.putProgress(uuid, 'shard-1', at);
    kept.putProgress(uuid, 'shard-2', { ...at, done: '3' });
    kept.putProgress(uuid, 'shard-3', { ...at, start: { kind: 'TRIM_HORIZON' } });
  }
  const positions = () =>
    keepMappings(state)
      .load()
      .map(({ config, lastModified, progress }) => [config.uuid, lastModified, Object.fromEntries(progress)]);
  // An iterator lasts only where it says when reading began.
  const shards = {
    'shard-1': at,
    'shard-2': { ...at, done: '3', iterator: undefined },
    'shard-3': { ...at, start: { kind: 'TRIM_HORIZON' }, iterator: undefined },
  };
  expect(positions()).toEqual([
    ['a', 7, shards],
    ['ab', 7, shards],
  ]);
  kept.delete('a');
  expect(positions()).toEqual([['ab', 7, shards]]);
  // Nothing of it is left for whoever comes next.
  kept.put({ config: { uuid: 'a' } as never, lastModified: 8 });
  expect(positions()).toEqual([
    ['ab', 7, shards],
    ['a', 8, {}],
  ]);
  state.close();
});
