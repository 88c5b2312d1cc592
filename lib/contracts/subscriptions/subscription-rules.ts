import { LAMBDA } from '../declaring/limits.ts';
import { messageLifeOf } from './delivery-numbers.ts';
import type { Subscription } from './subscription-shape.ts';

/** What must hold of a subscription. */
export interface Rule {
  readonly holds: boolean;
  readonly problem: string;
  readonly fix: string;
}

const BYTES_PER_KIB = 1_024;
/** A queue takes no maxReceiveCount above 1,000. */
const MAX_DEFERRALS = 900;

/** Everything that AWS refuses, or that would break the promise. */
export function subscriptionRules(s: Subscription): Rule[] {
  const isFifo = s.to.kind === 'queue' && s.to.order === 'per-key';
  const life = messageLifeOf(s).seconds;
  const maxBatch = isFifo ? LAMBDA.maxFifoBatch : LAMBDA.maxStandardBatch;
  return [
    {
      holds: s.timeout.seconds >= 1 && s.timeout.seconds <= LAMBDA.maxTimeoutSeconds,
      problem: `timeout must be from 1 s to ${LAMBDA.maxTimeoutSeconds} s (given ${s.timeout.seconds} s)`,
      fix: 'Split longer work, or keep its lease with a heartbeat',
    },
    {
      holds: Number.isInteger(s.deferrals) && s.deferrals >= 0 && s.deferrals <= MAX_DEFERRALS,
      problem: `deferrals must be a whole number from 0 to ${MAX_DEFERRALS} (given ${s.deferrals})`,
      fix: 'For work that is due much later, use later() instead of deferring it again and again',
    },
    {
      holds: s.order === 'none' || s.to.order === 'per-key',
      problem: `order 'per-key' needs a FIFO queue or a log, and '${s.to.name}' is a standard queue`,
      fix: 'Declare the channel with fifoQueue() or log(), or leave order out',
    },
    {
      holds: s.guarantee !== 'effectively-once' || s.inbox !== 'none',
      problem: "guarantee 'effectively-once' needs an inbox (given 'none')",
      fix: "Choose inbox 'effect', 'lease' or 'natural', or guarantee 'at-least-once'",
    },
    {
      holds: s.guarantee !== 'exactly-once-aggregation' || (s.to.kind === 'log' && s.inbox === 'none'),
      problem: "guarantee 'exactly-once-aggregation' needs a log and takes no inbox: the log position is its record",
      fix: "Subscribe to a log and leave inbox out, or choose guarantee 'effectively-once'",
    },
    {
      holds: Number.isInteger(s.batchSize) && s.batchSize >= 1 && s.batchSize <= maxBatch,
      problem: `batchSize must be a whole number from 1 to ${maxBatch} (given ${s.batchSize})`,
      fix: `Choose a size up to ${maxBatch}`,
    },
    {
      holds:
        s.batchWindow.seconds >= 0 &&
        s.batchWindow.seconds <= LAMBDA.maxBatchWindowSeconds &&
        !(isFifo && s.batchWindow.seconds > 0),
      problem: `batchWindow must be at most ${LAMBDA.maxBatchWindowSeconds} s, and 0 on a FIFO queue (given ${s.batchWindow.seconds} s)`,
      fix: 'Lower batchWindow or leave it out',
    },
    {
      holds:
        s.to.kind !== 'queue' || isFifo || s.batchSize <= LAMBDA.maxBatchWithoutWindow || s.batchWindow.seconds >= 1,
      problem: `batchSize above ${LAMBDA.maxBatchWithoutWindow} needs a batchWindow of at least 1 s (given ${s.batchSize} and ${s.batchWindow.seconds} s)`,
      fix: 'Write batchWindow: seconds(1), or lower batchSize',
    },
    {
      holds: s.concurrency === undefined || s.to.kind === 'queue',
      problem:
        s.to.kind === 'log'
          ? `concurrency cannot be set on log '${s.to.name}': a log has one batch per shard`
          : `concurrency cannot be set on table changes '${s.to.name}': DynamoDB decides about the shards of its streams`,
      fix: s.to.kind === 'log' ? 'Leave concurrency out and choose the number of shards on the log' : 'Leave it out',
    },
    {
      holds:
        s.concurrency === undefined ||
        (Number.isInteger(s.concurrency) &&
          s.concurrency >= LAMBDA.minMappingConcurrency &&
          s.concurrency <= LAMBDA.maxMappingConcurrency),
      problem: `concurrency must be a whole number from ${LAMBDA.minMappingConcurrency} to ${LAMBDA.maxMappingConcurrency} (given ${s.concurrency})`,
      fix: 'Lambda takes no lower ceiling than 2 on a queue; order per key comes from a FIFO queue',
    },
    {
      holds: s.guarantee !== 'at-most-once' || s.order === 'none',
      problem:
        "guarantee 'at-most-once' takes no order 'per-key': a batch acknowledged first frees its group for the next one",
      fix: "Subscribe to a standard queue, or choose guarantee 'at-least-once'",
    },
    {
      holds:
        s.guarantee !== 'at-most-once' || (s.inbox === 'none' && s.breaker === undefined && s.failedKey === 'continue'),
      problem: "guarantee 'at-most-once' takes no inbox, breaker or parking: nothing comes back that they could act on",
      fix: "Leave them out, or choose guarantee 'at-least-once'",
    },
    {
      holds:
        s.breaker === undefined ||
        (Number.isInteger(s.breaker.failures) && s.breaker.failures >= 1 && s.breaker.failures <= 100),
      problem: `breaker.failures must be a whole number from 1 to 100 (given ${s.breaker?.failures})`,
      fix: 'Write breaker: breaker() for 5 failures and 30 s of pause',
    },
    {
      holds:
        s.breaker === undefined ||
        (s.breaker.coolDown.seconds >= 1 && s.breaker.coolDown.seconds <= s.breaker.maxCoolDown.seconds),
      problem: `breaker.coolDown must be at least 1 s and not above maxCoolDown (given ${s.breaker?.coolDown.seconds} s and ${s.breaker?.maxCoolDown.seconds} s)`,
      fix: 'Raise coolDown or maxCoolDown',
    },
    {
      holds: s.failedKey === 'continue' || s.order === 'per-key',
      problem: "failedKey 'park' needs order 'per-key': without order nothing has to wait behind a failed message",
      fix: 'Subscribe to a FIFO queue or a log, or leave failedKey out',
    },
    {
      holds: s.to.kind !== 'log' || s.to.maxMessageBytes <= LAMBDA.maxReadRecordKiB * BYTES_PER_KIB,
      problem: `log '${s.to.name}' takes records of ${s.to.kind === 'log' ? s.to.maxMessageBytes / BYTES_PER_KIB : 0} KiB, and a function is given none above ${LAMBDA.maxReadRecordKiB} KiB: an invocation takes 6 MiB, base64 included`,
      fix: `Declare the log with maxRecordKiB up to ${LAMBDA.maxReadRecordKiB}, and oversized: 'claim-check' for what is larger`,
    },
    {
      holds: s.fanOut === 'shared' || (s.fanOut === 'enhanced' && s.to.kind === 'log'),
      problem: `fanOut must be 'shared', or 'enhanced' on a log (given '${s.fanOut}' on ${s.to.kind} '${s.to.name}')`,
      fix: 'Leave fanOut out: only Kinesis has readers with a throughput of their own',
    },
    {
      holds: s.lateness === undefined || s.guarantee === 'exactly-once-aggregation',
      problem: `lateness needs guarantee 'exactly-once-aggregation' (given '${s.guarantee}'): only an aggregation keeps a watermark`,
      fix: 'Leave lateness out, or look at the time of the event in the handler',
    },
    {
      holds: s.inbox !== 'lease' || s.lease.seconds >= 1,
      problem: `lease must be at least 1 s (given ${s.lease.seconds} s)`,
      fix: 'Leave lease out to have the timeout',
    },
    {
      holds:
        s.duplicates === undefined ||
        (s.guarantee === 'at-least-once' && s.inbox === 'none' && s.duplicates.trim() !== ''),
      problem: `duplicates says why they do no harm to a handler that is at-least-once without an inbox (given '${s.duplicates}' with guarantee '${s.guarantee}' and inbox '${s.inbox}')`,
      fix: "Write the reason, or leave it out: an inbox keeps duplicates away and 'at-most-once' has none",
    },
    {
      holds: s.deduplicationWindow.seconds >= life,
      problem: `deduplicationWindow (${s.deduplicationWindow.seconds} s) must not be below what a message of '${s.to.name}' can live: ${s.to.retention.seconds} s in it and ${life - s.to.retention.seconds} s in the dead letters, ${life} s in all; redriven after that, it would have its effect again`,
      fix: 'Leave deduplicationWindow out to have just that, or lower the retentions',
    },
  ];
}
