import { createHash } from 'node:crypto';
import { isThrottled } from '../../lambda/errors.ts';
import { sendTo } from '../configuration/destination.ts';
import { BATCH_LIMIT_BYTES, createBatcher } from '../delivery/batcher.ts';
import { backoff, pause } from '../delivery/pause.ts';
import { streamVerdict } from '../delivery/response.ts';
import type { ShardWork } from './shard.ts';
import { STREAM_RETRY_BASE_MS, STREAM_RETRY_CAP_MS } from './shard.ts';
import type { BatchOutcome, Discard } from './stream-batch.ts';
import { processBatch } from './stream-batch.ts';
import { failureRecord } from './stream-failure.ts';
import type { StreamRecord } from './stream-source.ts';
import { isTooLarge, openWindow, runsByWindow, stateIn, windowMembers } from './tumbling-window.ts';

/** Delivers what was gathered, in order; with a parallelization factor, keys side by side but each in order. */
export async function deliver(work: ShardWork, records: readonly StreamRecord[]): Promise<void> {
  const { parallelization, batchSize, tumblingSeconds } = work.config;
  if (tumblingSeconds > 0) return deliverInWindows(work, records);
  if (parallelization === 1) return deliverInOrder(work, records);
  const lanes = Map.groupBy(
    records,
    (record) => (createHash('md5').update(record.orderingKey).digest()[0] ?? 0) % parallelization,
  );
  // The position moves only when all lanes are through: a stop in between delivers some records again, as AWS may.
  await Promise.all(
    [...lanes.values()].map(async (lane) => {
      for (const batch of batches(lane, batchSize)) await runBatch(work, batch, () => undefined);
    }),
  );
}

async function deliverInOrder(work: ShardWork, records: readonly StreamRecord[]): Promise<void> {
  const { progress, config, noteProgress } = work;
  for (const batch of batches(records, config.batchSize)) {
    await runBatch(work, batch, (record) => {
      progress.done = record.sequenceNumber;
      noteProgress();
    });
  }
}

async function deliverInWindows(work: ShardWork, records: readonly StreamRecord[]): Promise<void> {
  const { progress, config, signal } = work;
  const arrivedAt = (record: StreamRecord): number => record.arrivedAt;
  for (const run of runsByWindow(records, arrivedAt, config.tumblingSeconds, progress.window?.start)) {
    if (progress.window && progress.window.start !== run.span.start) await endWindow(work, 'final');
    if (signal.aborted) return;
    progress.window ??= openWindow(run.span);
    await deliverInOrder(work, run.records);
  }
}

/**
 * Tells the function that the shard's window is over; it then has none. Repeats until the function succeeds: nothing else of the shard
 * is processed before. After an early end the same window goes on with an empty state.
 */
export async function endWindow(work: ShardWork, ending: 'final' | 'early'): Promise<void> {
  const { config, context, progress, signal, shardId, status } = work;
  const { window } = progress;
  for (let failures = 1; window?.touched && !signal.aborted; failures++) {
    const members = windowMembers(window, { shardId, eventSourceARN: config.eventSourceArn }, ending);
    const failed = await context.functions
      .invoke(config.functionArn, JSON.stringify({ Records: [], ...members }))
      .then((result) => result.error !== undefined)
      .catch((error: unknown) => {
        if (isThrottled(error)) return true;
        throw error;
      });
    status.lastResult = failed ? 'PROBLEM: Function call failed' : 'OK';
    if (!failed) break;
    await pause(backoff(failures, STREAM_RETRY_BASE_MS, STREAM_RETRY_CAP_MS), signal);
  }
  if (signal.aborted) return;
  progress.window = window && ending === 'early' ? openWindow(window) : undefined;
  work.noteProgress();
}

async function runBatch(
  work: ShardWork,
  batch: readonly StreamRecord[],
  advance: (record: StreamRecord) => void,
): Promise<void> {
  const [first] = batch;
  if (first !== undefined && batch.length === 1 && first.bytes > BATCH_LIMIT_BYTES) {
    await giveUpTooLarge(work, first);
    advance(first);
    return;
  }
  const { config, context, signal, status } = work;
  const maximumAgeMs = (config.maximumAgeSeconds * 1000) / (context.timeScale ?? 1);
  const policy = {
    maximumRetries: config.maximumRetries,
    maximumAgeMs: config.maximumAgeSeconds < 0 ? -1 : maximumAgeMs,
    bisect: config.bisect,
  };
  await processBatch(batch, policy, {
    invoke: async (records) => {
      const outcome = await invoke(work, records);
      status.lastResult = RESULTS[outcome.kind];
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

/** What LastProcessingResult says. */
const RESULTS: Readonly<Record<BatchOutcome['kind'], string>> = {
  success: 'OK',
  throttled: 'PROBLEM: Function call throttled',
  failed: 'PROBLEM: Function call failed',
  from: 'PROBLEM: Function call failed',
};

async function invoke(work: ShardWork, records: readonly StreamRecord[]): Promise<BatchOutcome> {
  const { config, context, progress, shardId } = work;
  const { window } = progress;
  const members = window && windowMembers(window, { shardId, eventSourceARN: config.eventSourceArn }, 'no');
  context.onStreamBatch(config.functionArn, Date.now() - (records.at(-1)?.arrivedAt ?? Date.now()));
  try {
    const event = { Records: records.map((record) => record.event), ...members };
    const result = await context.functions.invoke(config.functionArn, JSON.stringify(event));
    const { requestId } = result;
    if (result.error) return { kind: 'failed', requestId, functionError: 'Unhandled' };
    const state = window && stateIn(result.payload);
    if (window && state === undefined) return { kind: 'failed', requestId, functionError: null };
    const verdict = config.reportFailures
      ? streamVerdict(
          result.payload,
          records.map((record) => record.sequenceNumber),
        )
      : ({ kind: 'success' } as const);
    if (verdict.kind === 'all-failed') return { kind: 'failed', requestId, functionError: null };
    if (window && state !== undefined) {
      window.state = state;
      window.touched = true;
      if (isTooLarge(state)) await endWindow(work, 'early');
    }
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

/** Cuts by number and by size: a function takes no event above the limit. */
const batches = (records: readonly StreamRecord[], size: number): StreamRecord[][] =>
  createBatcher<StreamRecord>({ size, windowMs: 0 }, (record) => record.bytes).add(records, 0);

/**
 * A record that no event can hold is never delivered: it goes to the on-failure destination.
 * https://docs.aws.amazon.com/streams/latest/dev/large-records.html
 */
async function giveUpTooLarge(work: ShardWork, record: StreamRecord): Promise<void> {
  const { config, context, shardId, status } = work;
  status.lastResult = 'PROBLEM: Record larger than the payload limit of the function';
  context.report(
    `${config.eventSourceArn} ${shardId}: record ${record.sequenceNumber} takes ${record.bytes} bytes in an event, of which a function gets ${BATCH_LIMIT_BYTES} at most; given up ${config.onFailureArn === undefined ? 'without a trace: the mapping has no on-failure destination' : `to ${config.onFailureArn}`}`,
  );
  await sendFailure(work, {
    condition: 'RetryAttemptsExhausted',
    records: [record],
    ...{ requestId: '', approximateInvokeCount: 0, response: undefined },
  });
}
