import { logUsage } from '../cost/channel-usage.ts';
import { type Charge, charge, SECONDS_PER_MONTH, sumOf } from '../cost/charge.ts';
import type { PriceName, Region } from '../cost/price-list.ts';
import { type Capacity, capacityOf, type Plan } from './capacity.ts';

/** A way to carry the plan's traffic, priced for a month. */
export interface Alternative {
  readonly name: string;
  readonly dollars: number;
  readonly perMillion: number;
  readonly charges: readonly Charge[];
  readonly takes: string;
}

const BATCH = 10;
const SQS_CHUNK_BYTES = 65_536;
const WRITE_UNIT_BYTES = 1_024;
const READ_UNIT_BYTES = 4_096;
const PUT_UNIT_BYTES = 25_600;
const BYTES_PER_GB = 1e9;
const DYNAMODB_OVERHEAD_BYTES = 100;
const MIB_PER_GB = 1_024;

export interface Comparison {
  readonly region: Region;
  /** Billed milliseconds of an invocation. */
  readonly durationMs: number;
  readonly memoryMib: number;
  /** Messages of one invocation. */
  readonly perInvocation: number;
}

/** The same traffic on each of the services; what stores nothing for the retention, or reads for nothing, says so. */
export function compare(plan: Plan, { region, durationMs, memoryMib, perInvocation }: Comparison): Alternative[] {
  const capacity: Capacity = capacityOf(plan);
  const { perSecond, bytes, retentionSeconds, readers = 1 } = plan;
  const messages = perSecond * SECONDS_PER_MONTH;
  const log = { perSecond, bytes, retentionSeconds, readers, enhancedReaders: 0 };
  const perPutUnit = Math.max(1, Math.floor(PUT_UNIT_BYTES / bytes));
  const requests = sqsRequests(messages, bytes);
  const rows: readonly (readonly [string, Partial<Record<PriceName, number>>, string])[] = [
    [
      'SQS standard',
      { sqsStandard: requests },
      `one consumer; sent, received and deleted by ${BATCH}s, kept until done`,
    ],
    ['SQS FIFO', { sqsFifo: requests }, `the same, in order per group`],
    [
      'Kinesis provisioned',
      logUsage({ ...log, mode: 'provisioned', shards: capacity.shards }),
      `${capacity.shards.toLocaleString('en-US')} shards, a record for each message`,
    ],
    [
      'Kinesis provisioned, aggregated',
      logUsage({
        ...log,
        mode: 'provisioned',
        shards: capacityOf(packed(plan, perPutUnit)).shards,
        perSecond: perSecond / perPutUnit,
        bytes: bytes * perPutUnit,
      }),
      `${perPutUnit} messages in a record of 25 KB`,
    ],
    [
      'Kinesis on-demand',
      logUsage({ ...log, mode: 'on-demand', shards: 0 }),
      'AWS adds the shards, as far as the quota of the account goes',
    ],
    [
      'Lambda',
      {
        lambdaRequests: messages / perInvocation,
        lambdaTime: ((messages / perInvocation) * durationMs * memoryMib) / (MIB_PER_GB * 1_000),
      },
      `handling only, ${perInvocation} messages in ${durationMs} ms at ${memoryMib} MiB; on top of whatever carries them`,
    ],
    [
      'DynamoDB',
      {
        dynamodbWrite: messages * Math.ceil(bytes / WRITE_UNIT_BYTES),
        dynamodbRead: (messages * readers * 0.5 * bytes) / READ_UNIT_BYTES,
        dynamodbStorage: (perSecond * (bytes + DYNAMODB_OVERHEAD_BYTES) * retentionSeconds) / BYTES_PER_GB,
      },
      'an item for each message, read once by each reader, eventually consistent, a page at a time',
    ],
  ];
  return rows.map(([name, used, takes]) => {
    const usages = Object.entries(used).map(([price, quantity = 0]) => ({
      price: price as PriceName,
      quantity,
      part: name,
    }));
    const charges = charge(usages, region);
    const dollars = sumOf(charges);
    return { name, dollars, perMillion: (dollars / messages) * 1e6, charges, takes };
  });
}

/** Sent, received and deleted, ten together as far as 64 KB go. */
const sqsRequests = (messages: number, bytes: number): number => {
  const batches = messages / BATCH;
  const carrying = Math.max(1, Math.ceil((BATCH * bytes) / SQS_CHUNK_BYTES));
  return batches * (2 * carrying + 1);
};

/** The same bytes in fewer records. */
const packed = (plan: Plan, together: number): Plan => ({
  ...plan,
  perSecond: plan.perSecond / together,
  peakPerSecond: (plan.peakPerSecond ?? plan.perSecond) / together,
  bytes: plan.bytes * together,
});
