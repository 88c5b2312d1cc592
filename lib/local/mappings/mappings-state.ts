import { documents } from '../state/documents.ts';
import type { State } from '../state/state.ts';
import type { MappingConfig } from './configuration/mapping.ts';
import type { ShardProgress } from './streams/shard.ts';
import type { StreamProgress } from './streams/stream-mapping.ts';

interface MappingDocument {
  readonly config: MappingConfig;
  /** Epoch milliseconds. */
  readonly lastModified: number;
}

/** A mapping as it was when the engine ended. */
export interface KeptMapping extends MappingDocument {
  readonly progress: StreamProgress;
}

/** The mappings of a state, and where each stands in its stream. */
export interface KeptMappings {
  load(): KeptMapping[];
  put(mapping: MappingDocument): void;
  putProgress(uuid: string, shardId: string, progress: ShardProgress): void;
  delete(uuid: string): void;
}

export function keepMappings(state: State): KeptMappings {
  const mappings = documents<MappingDocument>(state, 'mappings');
  const checkpoints = documents<ShardProgress>(state, 'mapping-checkpoints');
  return {
    load() {
      const progress = new Map<string, StreamProgress>();
      for (const [key, checkpoint] of checkpoints.entries()) {
        const [uuid = '', shardId = ''] = key.split('/');
        const shards = progress.get(uuid) ?? new Map<string, ShardProgress>();
        // Members that were undefined are not in the JSON.
        const { done, iterator, window } = checkpoint;
        progress.set(uuid, shards.set(shardId, { ...checkpoint, done, iterator, window }));
      }
      return [...mappings.entries()].map(([uuid, mapping]) => ({
        ...mapping,
        progress: progress.get(uuid) ?? new Map(),
      }));
    },
    put: ({ config, lastModified }) => mappings.put(config.uuid, { config, lastModified }),
    putProgress(uuid, shardId, progress) {
      // Once a record is done the position is behind it, whatever the iterator of the batch in work says.
      const { iterator, ...rest } = progress;
      const lasts = rest.done === undefined && rest.start.kind === 'LATEST';
      checkpoints.put(`${uuid}/${shardId}`, { ...rest, iterator: lasts ? iterator : undefined });
    },
    delete(uuid) {
      mappings.delete(uuid);
      checkpoints.deleteBelow(`${uuid}/`);
    },
  };
}
