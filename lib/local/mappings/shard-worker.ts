import { createHash } from 'node:crypto';
import { AwsCallError } from '../call.ts';
import { isThrottled } from '../lambda/errors.ts';
import { createBatcher } from './batcher.ts';
import { sendTo } from './destination.ts';
import { compileFilters } from './filter.ts';
import type { MappingConfig, MappingContext } from './mapping.ts';
import { backoff, pause } from './pause.ts';
import { streamVerdict } from './response.ts';
import type { BatchOutcome, Discard } from './stream-batch.ts';
import { processBatch } from './stream-batch.ts';
import { failureRecord } from './stream-failure.ts';
import type { Position, StreamRecord, StreamSource } from './stream-source.ts';

/** Pause after a failed attempt: doubles from base to cap, and starts anew when a batch got through. */
export const STREAM_RETRY_BASE_MS = 50;
export const STREAM_RETRY_CAP_MS = 5000;

/** Where one shard stands. */
export interface ShardProgress {
  /** Where reading started, until the first record was done. */
  readonly start: Position;
  /** Last record that is done. */
  done: string | undefined;
  /** Where the next read goes on; undefined: to be asked for from `done` or `start`. */
  iterator: string | undefined;
  /** The shard is closed and read to its end. */
  finished: boolean;
}

export interface ShardWork {
  readonly shardId: string;
  readonly progress: ShardProgress;
  readonly config: MappingConfig;
  readonly context: MappingContext;
  readonly source: StreamSource;
  readonly signal: AbortSignal;
  readonly status: { lastResult: string };
}

/** Takes the position of a shard: records that arrive after this resolves will be read. */
export async function openShard(source: StreamSource, shardId: string, start: Position): Promise<ShardProgress> {
  return { start, done: undefined, iterator: await source.iterator(shardId, start), finished: false };
}

/** Reads a shard, strictly in order, until it ends or the signal is aborted. */
export async function runShard(work: ShardWork): Promise<void> {
  const { progress, source, shardId, signal } = work;
  for (let failures = 0; !signal.aborted && !progress.finished; ) {
    try {
      progress.iterator ??= await source.iterator(
        shardId,
        progress.done ? { kind: 'AFTER', sequenceNumber: progress.done } : progress.start,
      );
      const gathered = await gather(work);
      if (gathered.records.length > 0) await deliver(work, gathered.records);
      // Stopped in the middle: whatever is not done is read again, from the last record that is.
      if (signal.aborted) {
        if (gathered.read > 0) progress.iterator = undefined;
        return;
      }
      if (gathered.last !== undefined) progress.done = gathered.last;
      progress.iterator = gathered.next;
      progress.finished = gathered.next === undefined;
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

interface Gathered {
  readonly records: StreamRecord[];
  /** Records read, filtered ones included. */
  readonly read: number;
  /** Sequence number of the last record read. */
  readonly last: string | undefined;
  readonly next: string | undefined;
  readonly behind: boolean;
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
  for (;;) {
    if (iterator === undefined) return { records: batcher.flush(), read, last, next: undefined, behind: false };
    const answer = await source.read(shardId, iterator, wanted - batcher.waiting);
    read += answer.records.length;
    last = answer.records.at(-1)?.sequenceNumber ?? last;
    iterator = answer.next;
    const closed = batcher.add(
      answer.records.filter((record) => passes(record.event)),
      Date.now(),
    );
    if (closed.length > 0)
      return { records: [...closed.flat(), ...batcher.flush()], read, last, next: iterator, behind: true };
    const due = batcher.dueAt ?? 0;
    if (batcher.waiting === 0 || windowMs === 0 || Date.now() >= due || signal.aborted) {
      return { records: batcher.flush(), read, last, next: iterator, behind: answer.behind };
    }
    if (!answer.behind)
      await source.idle(AbortSignal.any([signal, AbortSignal.timeout(Math.max(1, due - Date.now()))]));
  }
}

/** Delivers what was gathered; with a parallelization factor, keys side by side but each in order. */
async function deliver(work: ShardWork, records: readonly StreamRecord[]): Promise<void> {
  const { config, progress } = work;
  const { parallelization, batchSize } = config;
  if (parallelization === 1) {
    for (const batch of chunks(records, batchSize))
      await runBatch(work, batch, (record) => (progress.done = record.sequenceNumber));
    return;
  }
  const lanes = Map.groupBy(
    records,
    (record) => (createHash('md5').update(record.orderingKey).digest()[0] ?? 0) % parallelization,
  );
  // The position moves only when all lanes are through: a stop in between delivers some records again, as AWS may.
  await Promise.all(
    [...lanes.values()].map(async (lane) => {
      for (const batch of chunks(lane, batchSize)) await runBatch(work, batch, () => undefined);
    }),
  );
}

async function runBatch(
  work: ShardWork,
  batch: readonly StreamRecord[],
  advance: (record: StreamRecord) => void,
): Promise<void> {
  const { config, signal, status } = work;
  const policy = {
    maximumRetries: config.maximumRetries,
    maximumAgeMs: config.maximumAgeSeconds < 0 ? -1 : config.maximumAgeSeconds * 1000,
    bisect: config.bisect,
  };
  await processBatch(batch, policy, {
    invoke: async (records) => {
      const outcome = await invoke(work, records);
      status.lastResult =
        outcome.kind === 'success'
          ? 'OK'
          : outcome.kind === 'throttled'
            ? 'PROBLEM: Function call throttled'
            : 'PROBLEM: Function call failed';
      return outcome;
    },
    discard: (discard) => sendFailure(work, discard),
    advance,
    wait: (failures) => pause(backoff(failures, STREAM_RETRY_BASE_MS, STREAM_RETRY_CAP_MS), signal),
    arrivedAt: (record) => record.arrivedAt,
    now: Date.now,
    stopped: () => signal.aborted,
  });
}

async function invoke({ config, context }: ShardWork, records: readonly StreamRecord[]): Promise<BatchOutcome> {
  try {
    const result = await context.functions.invoke(
      config.functionArn,
      JSON.stringify({ Records: records.map((record) => record.event) }),
    );
    const { requestId } = result;
    if (result.error) return { kind: 'failed', requestId, functionError: 'Unhandled' };
    if (!config.reportFailures) return { kind: 'success' };
    const verdict = streamVerdict(
      result.payload,
      records.map((record) => record.sequenceNumber),
    );
    if (verdict.kind === 'all-failed') return { kind: 'failed', requestId, functionError: null };
    return verdict.kind === 'success' ? verdict : { ...verdict, requestId };
  } catch (error) {
    if (isThrottled(error)) return { kind: 'throttled' };
    throw error;
  }
}

async function sendFailure(
  { config, context, shardId, source }: ShardWork,
  discard: Discard<StreamRecord>,
): Promise<void> {
  if (config.onFailureArn === undefined) return;
  const message = failureRecord(discard, { config, shardId, source, now: Date.now() });
  try {
    await sendTo(config.onFailureArn, message, context);
  } catch (error) {
    context.report(
      `${config.eventSourceArn}: the on-failure destination ${config.onFailureArn} refused a record: ${String(error)}`,
    );
  }
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let index = 0; index < list.length; index += size) result.push(list.slice(index, index + size));
  return result;
}
