import { AwsCallError } from '../../call.ts';
import { compileFilters } from '../configuration/filter.ts';
import { createBatcher } from '../delivery/batcher.ts';
import { backoff, pause } from '../delivery/pause.ts';
import type { ShardProgress, ShardWork } from './shard.ts';
import { STREAM_RETRY_BASE_MS, STREAM_RETRY_CAP_MS } from './shard.ts';
import { deliver, endWindow } from './shard-delivery.ts';
import type { Position, StreamRecord, StreamSource } from './stream-source.ts';
import type { OpenWindow } from './tumbling-window.ts';

/** Takes the position of a shard: records that arrive after this resolves will be read. */
export async function openShard(source: StreamSource, shardId: string, start: Position): Promise<ShardProgress> {
  const now = Date.now();
  const iterator = await source.iterator(shardId, start);
  const isFleeting = start.kind === 'LATEST' && !source.lastingIterators;
  return {
    start: isFleeting ? { kind: 'AT_TIMESTAMP', timestampMs: now } : start,
    done: undefined,
    iterator,
    finished: false,
    window: undefined,
  };
}

/** Reads a shard, strictly in order, until it ends or the signal is aborted. */
export async function runShard(work: ShardWork): Promise<void> {
  const { progress, source, shardId, signal } = work;
  // The mapping may have been told to do without windows since.
  if (work.config.tumblingSeconds === 0) progress.window = undefined;
  for (let failures = 0; !signal.aborted && !progress.finished; ) {
    try {
      progress.iterator ??= await source.iterator(
        shardId,
        progress.done ? { kind: 'AFTER', sequenceNumber: progress.done } : progress.start,
      );
      const gathered = await gather(work);
      if (gathered.records.length > 0) await deliver(work, gathered.records);
      if (progress.window && isOver(progress.window, gathered)) await endWindow(work, 'final');
      // Stopped in the middle: whatever is not done is read again, from the last record that is.
      if (signal.aborted) {
        if (gathered.read > 0) progress.iterator = undefined;
        return;
      }
      if (gathered.last !== undefined) progress.done = gathered.last;
      progress.iterator = gathered.next;
      progress.finished = gathered.next === undefined;
      if (gathered.read > 0 || progress.finished) work.noteProgress();
      failures = 0;
      if (gathered.read === 0 && !gathered.behind && !progress.finished) await source.idle(signal);
    } catch (error) {
      if (signal.aborted) return;
      progress.iterator = undefined;
      failures += 1;
      const expected = error instanceof AwsCallError && error.code === 'ExpiredIteratorException';
      if (!expected) work.context.report(`${work.config.eventSourceArn} ${shardId}: ${String(error)}`);
      await pause(backoff(failures, STREAM_RETRY_BASE_MS, STREAM_RETRY_CAP_MS), signal);
    }
  }
}

/** Nothing of the window can come any more: a look begun after its end found the shard's end, or nothing. */
function isOver(window: OpenWindow, { read, behind, next, lookedAt }: Gathered): boolean {
  return next === undefined || (read === 0 && !behind && lookedAt >= window.end);
}

interface Gathered {
  readonly records: StreamRecord[];
  /** Records read, filtered ones included. */
  readonly read: number;
  /** Sequence number of the last record read. */
  readonly last: string | undefined;
  readonly next: string | undefined;
  readonly behind: boolean;
  /** When the last look began, epoch milliseconds. */
  readonly lookedAt: number;
}

/** Reads until a batch is full or its window is over; without a window until there is anything. */
async function gather({ config, source, shardId, progress, signal }: ShardWork): Promise<Gathered> {
  const windowMs = config.windowSeconds * 1000;
  const wanted = config.batchSize * config.parallelization;
  const passes = compileFilters(config.filters, source.decoded);
  const batcher = createBatcher<StreamRecord>(
    { size: wanted, windowMs: Math.max(windowMs, 1) },
    (record) => record.bytes,
  );
  let iterator = progress.iterator;
  let read = 0;
  let last: string | undefined;
  let lookedAt = Date.now();
  for (;;) {
    if (iterator === undefined)
      return { records: batcher.flush(), read, last, next: undefined, behind: false, lookedAt };
    lookedAt = Date.now();
    const answer = await source.read(shardId, iterator, wanted - batcher.waiting);
    read += answer.records.length;
    last = answer.records.at(-1)?.sequenceNumber ?? last;
    iterator = answer.next;
    const closed = batcher.add(
      answer.records.filter((record) => passes(record.event)),
      Date.now(),
    );
    if (closed.length > 0)
      return { records: [...closed.flat(), ...batcher.flush()], read, last, next: iterator, behind: true, lookedAt };
    const due = batcher.dueAt ?? 0;
    if (batcher.waiting === 0 || windowMs === 0 || Date.now() >= due || signal.aborted) {
      return { records: batcher.flush(), read, last, next: iterator, behind: answer.behind, lookedAt };
    }
    if (!answer.behind)
      await source.idle(AbortSignal.any([signal, AbortSignal.timeout(Math.max(1, due - Date.now()))]));
  }
}
