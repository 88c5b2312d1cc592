import { inTurn } from '../../in-turn.ts';
import type { MappingConfig, MappingContext, RunningMapping } from '../configuration/mapping.ts';
import { insist, pause } from '../delivery/pause.ts';
import type { ShardProgress } from './shard.ts';
import { openShard, runShard } from './shard-worker.ts';
import type { Position, Shard, StreamSource } from './stream-source.ts';

/** How often the shards of a stream are listed again, to find those a reshard made. */
export const SHARD_LIST_INTERVAL_MS = 10_000;

/** Where a mapping stands in each shard; outlives a mapping that is disabled. */
export type StreamProgress = Map<string, ShardProgress>;

/** Reads every shard of a stream, parents before their children, and feeds the records to a function. */
export function runStreamMapping(
  config: MappingConfig,
  context: MappingContext,
  source: StreamSource,
  progress: StreamProgress,
  noteProgress: (shardId: string, progress: ShardProgress) => void,
): RunningMapping {
  const stopping = new AbortController();
  const working = new Map<string, Promise<void>>();
  const status = { lastResult: 'No records processed' };
  const resuming = progress.size > 0;

  /** One look after the other: two parents that end at once would both begin their child. */
  const looks = inTurn();
  const startShards = (firstLook: boolean): Promise<void> => looks(() => lookForShards(firstLook));

  /** Starts the shards that may be read now. Shards seen at the very first look start where the mapping says, later ones at their beginning. */
  async function lookForShards(firstLook: boolean): Promise<void> {
    const shards = await source.listShards();
    const present = new Set(shards.map((shard) => shard.shardId));
    const initial = firstLook && !resuming ? startingPosition(config) : ({ kind: 'TRIM_HORIZON' } as const);
    const unopened = shards.filter(({ shardId }) => !progress.has(shardId));
    if (firstLook && !resuming) await Promise.all(unopened.map((shard) => open(shard, initial)));
    for (const shard of shards) {
      if (stopping.signal.aborted) return;
      const blocked = shard.parents.some((id) => present.has(id) && progress.get(id)?.finished !== true);
      if (blocked || working.has(shard.shardId) || progress.get(shard.shardId)?.finished) continue;
      if (!progress.has(shard.shardId)) await open(shard, { kind: 'TRIM_HORIZON' });
      const shardProgress = progress.get(shard.shardId);
      if (shardProgress) working.set(shard.shardId, work(shard.shardId, shardProgress));
    }
  }

  async function open({ shardId }: Shard, position: Position): Promise<void> {
    const opened = await openShard(source, shardId, position);
    progress.set(shardId, opened);
    noteProgress(shardId, opened);
  }

  async function work(shardId: string, shardProgress: ShardProgress): Promise<void> {
    try {
      await runShard({
        ...{ shardId, config, context, source, status },
        progress: shardProgress,
        noteProgress: () => noteProgress(shardId, shardProgress),
        signal: stopping.signal,
      });
    } catch (error) {
      report(error);
    }
    working.delete(shardId);
    if (shardProgress.finished && !stopping.signal.aborted) await startShards(false).catch(report);
  }

  function report(error: unknown): void {
    if (stopping.signal.aborted) return;
    status.lastResult = `PROBLEM: ${String(error)}`;
    context.report(`Mapping of ${config.eventSourceArn} to ${config.functionArn}: ${String(error)}`);
  }

  async function watchShards(): Promise<void> {
    while (!stopping.signal.aborted) {
      await pause(SHARD_LIST_INTERVAL_MS, stopping.signal);
      if (!stopping.signal.aborted) await startShards(false).catch(report);
    }
  }

  const ready = insist(() => startShards(true), stopping.signal);
  const watching = ready.then(watchShards, () => undefined);
  return {
    ready,
    lastResult: () => status.lastResult,
    async stop() {
      stopping.abort();
      await watching;
      await Promise.all(working.values());
      source.close();
    },
  };
}

function startingPosition(config: MappingConfig): Position {
  if (config.startingPosition === 'AT_TIMESTAMP')
    return { kind: 'AT_TIMESTAMP', timestampMs: config.startingTimestampMs ?? Date.now() };
  return { kind: config.startingPosition ?? 'TRIM_HORIZON' };
}
