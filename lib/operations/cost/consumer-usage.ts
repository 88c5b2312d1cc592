import { usesTable } from '../../contracts/subscriptions/delivery-numbers.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import {
  batchUnits,
  effectUnits,
  INBOX_RECORD_BYTES,
  inboxUnits,
  transactionsOf,
} from '../../contracts/subscriptions/table-units.ts';
import type { Assumptions } from './assumptions.ts';
import { chunks } from './channel-usage.ts';
import { SECONDS_PER_MONTH, type Usage } from './charge.ts';
import { functionUsage, storageUsage } from './function-usage.ts';
import { consumerMetrics, hoursWritten } from './metric-count.ts';
import type { Rate } from './rates.ts';

/** Lambda polls a queue with five pollers at least, 20 seconds each. https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
const POLLERS = 5;
const LONG_POLL_SECONDS = 20;
/** Lambda polls each shard of a log once a second. https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html */
const LOG_POLL_SECONDS = 1;
/** Messages deleted in one request. */
const DELETES_PER_REQUEST = 10;
const MILLIS_PER_SECOND = 1_000;

const between = (low: number, value: number, high: number): number => Math.min(high, Math.max(low, value));

/** Messages in a batch, on average; never fuller than time, window and concurrency make it. */
export function messagesPerBatch(s: Subscription, { perSecond }: Pick<Rate, 'perSecond'>, a: Assumptions): number {
  if (s.to.kind === 'log') {
    return between(1, (perSecond / s.to.shards) * Math.max(LOG_POLL_SECONDS, s.batchWindow.seconds), s.batchSize);
  }
  const gathered = (perSecond * s.batchWindow.seconds) / POLLERS;
  const crowded = (perSecond * a.durationMs) / MILLIS_PER_SECOND / (s.concurrency ?? Number.POSITIVE_INFINITY);
  return between(1, Math.max(gathered, crowded), s.batchSize);
}

/** What a month of a consumer uses: receiving and deleting, its function, its inbox and what it writes with it, its metrics. */
export function consumerUsage(s: Subscription, rate: Rate, memoryMib: number, a: Assumptions): Usage[] {
  const part = `consumer ${s.name}`;
  const perBatch = messagesPerBatch(s, rate, a);
  const batchesPerSecond = rate.perSecond / perBatch;
  const inbox = inboxUnits(s);
  const batch = batchUnits(s, perBatch);
  const monthly = (perSecond: number) => perSecond * SECONDS_PER_MONTH;
  const effects =
    s.inbox === 'effect'
      ? rate.perSecond * effectUnits(a.effectItems)
      : batchesPerSecond * transactionsOf(s, perBatch) * effectUnits(a.effectItems);
  // An aggregation says one line for its batch.
  const loggedPerSecond = s.guarantee === 'exactly-once-aggregation' ? 0 : rate.perSecond;
  const keepsRecords = usesTable(s) && (s.inbox === 'effect' || s.inbox === 'lease');
  const records = keepsRecords || s.guarantee === 'exactly-once-aggregation' ? rate.perSecond : 0;
  return [
    ...receiving(s, part, rate, perBatch),
    ...functionUsage(part, { invocationsPerSecond: batchesPerSecond, loggedPerSecond, memoryMib }, a),
    {
      part,
      price: 'dynamodbWrite',
      quantity: monthly(rate.perSecond * inbox.write + batchesPerSecond * batch.write + effects),
    },
    {
      part,
      price: 'dynamodbRead',
      quantity: monthly(rate.perSecond * inbox.read + batchesPerSecond * batch.read),
    },
    ...storageUsage(part, records, INBOX_RECORD_BYTES, s.deduplicationWindow.seconds),
    { part, price: 'metrics', quantity: consumerMetrics(s) * hoursWritten(batchesPerSecond) },
  ];
}

/** Lambda's own requests: receives, empty ones too, and deletes. Reading a log is part of the log's price. */
function receiving({ to }: Subscription, part: string, { perSecond, bytes }: Rate, perBatch: number): Usage[] {
  if (to.kind !== 'queue') return [];
  const batches = perSecond / perBatch;
  const receives = Math.max(batches * chunks(perBatch, bytes), POLLERS / LONG_POLL_SECONDS);
  const deletes = batches * Math.ceil(perBatch / DELETES_PER_REQUEST);
  return [
    {
      part,
      price: to.order === 'per-key' ? 'sqsFifo' : 'sqsStandard',
      quantity: (receives + deletes) * SECONDS_PER_MONTH,
    },
  ];
}
