/** What the function said to a batch. */
export type BatchOutcome =
  | { readonly kind: 'success' }
  /** Partial failure: everything before `index` is done. */
  | { readonly kind: 'from'; readonly index: number; readonly requestId: string }
  | { readonly kind: 'failed'; readonly requestId: string; readonly functionError: 'Unhandled' | null }
  /** The function had no concurrency left; this costs no attempt. */
  | { readonly kind: 'throttled' };

/** Why records were given up. */
export interface Discard<T> {
  readonly condition: 'RetryAttemptsExhausted' | 'RecordAgeExceeded';
  readonly records: readonly T[];
  readonly requestId: string;
  readonly approximateInvokeCount: number;
  /** Absent for records that only grew too old. */
  readonly response: { readonly functionError: 'Unhandled' | null } | undefined;
}

export interface BatchPolicy {
  /** -1: without end. */
  readonly maximumRetries: number;
  /** Milliseconds; -1: no limit. */
  readonly maximumAgeMs: number;
  readonly bisect: boolean;
}

export interface BatchSteps<T> {
  invoke(records: readonly T[]): Promise<BatchOutcome>;
  discard(discard: Discard<T>): Promise<void>;
  /** Everything up to and including this record is done. */
  advance(record: T): void;
  /** Waits before the next attempt; `failures` counts from 1 and starts anew when something got done. */
  wait(failures: number): Promise<void>;
  arrivedAt(record: T): number;
  now(): number;
  stopped(): boolean;
}

interface Segment<T> {
  readonly records: readonly T[];
  /** Invocations of exactly this segment that failed. */
  failures: number;
  requestId: string;
}

/**
 * Sees one batch of a shard through: attempts, checkpoints, splitting and giving up. Strictly in order. Returns early only when stopped;
 * what has not been advanced over by then is to be read again.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
 */
export async function processBatch<T>(batch: readonly T[], policy: BatchPolicy, steps: BatchSteps<T>): Promise<void> {
  const segments: Segment<T>[] = [{ records: batch, failures: 0, requestId: '' }];
  let waits = 0;
  while (segments[0] && !steps.stopped()) {
    const segment = segments[0];
    const expired = countExpired(segment.records, policy, steps);
    if (expired > 0) {
      await giveUp(segment, expired, 'RecordAgeExceeded', undefined);
      continue;
    }
    const outcome = await steps.invoke(segment.records);
    if (outcome.kind === 'success') {
      done(segment, segment.records.length);
      continue;
    }
    if (outcome.kind === 'throttled') {
      waits += 1;
      await steps.wait(waits);
      continue;
    }
    segment.requestId = outcome.requestId;
    if (outcome.kind === 'from' && outcome.index > 0) {
      // The retry budget starts anew when the checkpoint moves.
      done(segment, outcome.index);
      continue;
    }
    segment.failures += 1;
    const exhausted = policy.maximumRetries >= 0 && segment.failures > policy.maximumRetries;
    if (policy.bisect && outcome.kind === 'failed' && segment.records.length > 1 && policy.maximumRetries !== 0) {
      split(segment);
    } else if (exhausted) {
      await giveUp(segment, segment.records.length, 'RetryAttemptsExhausted', {
        functionError: outcome.kind === 'failed' ? outcome.functionError : null,
      });
      continue;
    }
    waits += 1;
    await steps.wait(waits);
  }

  function done(segment: Segment<T>, count: number): void {
    const last = segment.records[count - 1];
    if (last !== undefined) steps.advance(last);
    const rest = segment.records.slice(count);
    segments.shift();
    if (rest.length > 0) segments.unshift({ records: rest, failures: 0, requestId: segment.requestId });
    waits = 0;
  }

  /** Splitting costs nothing of the retry budget: both halves start with all of it. */
  function split(segment: Segment<T>): void {
    const middle = Math.ceil(segment.records.length / 2);
    const half = (records: readonly T[]): Segment<T> => ({ records, failures: 0, requestId: segment.requestId });
    segments.splice(0, 1, half(segment.records.slice(0, middle)), half(segment.records.slice(middle)));
  }

  async function giveUp(
    segment: Segment<T>,
    count: number,
    condition: Discard<T>['condition'],
    response: Discard<T>['response'],
  ): Promise<void> {
    const { requestId, failures } = segment;
    await steps.discard({
      condition,
      records: segment.records.slice(0, count),
      requestId,
      approximateInvokeCount: failures,
      response,
    });
    done(segment, count);
  }
}

/** Records grow old in order, so the expired ones are the first. */
function countExpired<T>(records: readonly T[], { maximumAgeMs }: BatchPolicy, steps: BatchSteps<T>): number {
  if (maximumAgeMs < 0) return 0;
  const oldest = steps.now() - maximumAgeMs;
  const firstYoung = records.findIndex((record) => steps.arrivedAt(record) >= oldest);
  return firstYoung < 0 ? records.length : firstYoung;
}
