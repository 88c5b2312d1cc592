import { OUTBOX_METRIC } from '../../contracts/agreed/metrics.ts';
import { OUTBOX_TABLE } from '../../contracts/agreed/tables.ts';
import type { Outbox } from '../../contracts/channels/outbox.ts';
import { effectUnits, outboxRowBytes, outboxUnits } from '../../contracts/subscriptions/table-units.ts';
import type { Assumptions } from './assumptions.ts';
import { SECONDS_PER_MONTH, type Usage } from './charge.ts';
import { functionUsage, storageUsage } from './function-usage.ts';
import type { Rate } from './rates.ts';

/** Lambda polls a table's stream four times a second. https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html */
const STREAM_POLLS_PER_SECOND = 4;
/** Rows of one relay invocation at most (`lib/constructs/producing/outbox-table.ts`). */
const RELAY_BATCH = 100;
const SWEEPS_PER_SECOND = 1 / 60;
/** An eventually consistent query of an empty index. */
const EMPTY_QUERY_UNITS = 0.5;
/** A consistent read of where the sweep before has stopped. */
const MARKS_UNITS = 1;

/** Events that the relay publishes together. */
export const relayedTogether = ({ perSecond }: Rate): number =>
  Math.min(RELAY_BATCH, Math.max(1, perSecond / STREAM_POLLS_PER_SECOND));

/** A month of an outbox: the transactions that fill it, the relay and what it marks, the sweeper. Publishing is the channels'. */
export function outboxUsage(box: Outbox, rate: Rate, memoryMib: number, a: Assumptions): Usage[] {
  const part = `outbox ${box.name}`;
  const perEvent = outboxUnits(rate.bytes);
  const writes = perEvent.write + perEvent.indexWrite + effectUnits(a.effectItems);
  const invocationsPerSecond = rate.perSecond / relayedTogether(rate) + SWEEPS_PER_SECOND;
  const sweepReads = SWEEPS_PER_SECOND * (OUTBOX_TABLE.unpublishedBuckets * EMPTY_QUERY_UNITS + MARKS_UNITS);
  return [
    { part, price: 'dynamodbWrite', quantity: rate.perSecond * writes * SECONDS_PER_MONTH },
    {
      part,
      price: 'dynamodbRead',
      quantity: (rate.perSecond * perEvent.read + sweepReads) * SECONDS_PER_MONTH,
    },
    ...storageUsage(part, rate.perSecond, outboxRowBytes(rate.bytes), box.keep.seconds),
    ...functionUsage(part, { invocationsPerSecond, loggedPerSecond: 0, memoryMib }, a),
    { part, price: 'metrics', quantity: Object.keys(OUTBOX_METRIC).length },
  ];
}
