import { unmarshall } from '@aws-sdk/util-dynamodb';
import middy from '@middy/core';
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { type Duration, minutes, toMillis } from '../contracts/duration.ts';
import { ENV } from '../contracts/environment.ts';
import { OUTBOX_METRIC } from '../contracts/metrics.ts';
import type { Outbox } from '../contracts/outbox.ts';
import { OUTBOX_TABLE } from '../contracts/tables.ts';
import { dynamodbOver } from './aws/dynamodb.ts';
import { readNumber } from './aws/numbers.ts';
import { requiredEnv } from './environment.ts';
import type { OutboxRow } from './outbox.ts';
import { outboxRelay } from './relay.ts';
import { lambda, type Runtime } from './runtime.ts';
import { emitMetrics, logger } from './telemetry.ts';

const tableOf = (box: Outbox, { env }: Runtime): string =>
  requiredEnv(ENV.outboxTable, `which table is outbox '${box.name}'`, env);

/** Lambda handler on the outbox table's stream: publishes rows as they are committed. */
export function relayOutbox(box: Outbox, runtime: Runtime = lambda) {
  const relay = outboxRelay(box, tableOf(box, runtime), runtime);
  return middy(async (event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
    const hints = new Map<string, OutboxRow[]>();
    const firstNumber = new Map<string, string>();
    for (const { dynamodb: change } of event.Records) {
      if (change?.NewImage === undefined || change.SequenceNumber === undefined) continue;
      const row = unmarshall(change.NewImage as Parameters<typeof unmarshall>[0], {
        wrapNumbers: readNumber as never,
      }) as OutboxRow;
      if (row.unpublished === undefined) continue;
      hints.set(row.aggregateId, [...(hints.get(row.aggregateId) ?? []), row]);
      if (!firstNumber.has(row.aggregateId)) firstNumber.set(row.aggregateId, change.SequenceNumber);
    }
    const { published, failed } = await relay(hints);
    report(box, published, failed, runtime);
    // Records come in the stream's order, so the first failed aggregate in order of arrival has the lowest number.
    const checkpoint = [...firstNumber].find(([aggregate]) => failed.has(aggregate))?.[1];
    return { batchItemFailures: checkpoint === undefined ? [] : [{ itemIdentifier: checkpoint }] };
  });
}

const MAX_SWEPT_PER_BUCKET = 500;
const MILLIS_PER_SECOND = 1_000;

/**
 * Lambda handler on a schedule: publishes what the stream missed (an outage, or a record given up), and reports the age of the
 * oldest row that waits.
 * @param grace rows younger than this are left to the stream. @default 1 minute
 */
export function sweepOutbox(box: Outbox, grace: Duration = minutes(1), runtime: Runtime = lambda) {
  const table = tableOf(box, runtime);
  const relay = outboxRelay(box, table, runtime);
  const { now } = runtime;
  return middy(async (): Promise<{ published: number }> => {
    const waiting = (await Promise.all(bucketNames().map((bucket) => oldest(runtime, table, bucket)))).flat();
    const ages = waiting.map(({ createdAt }) => now() - Date.parse(createdAt));
    const due = waiting.filter((_, i) => (ages[i] ?? 0) >= toMillis(grace));
    const { published, failed } = await relay(new Map(due.map(({ aggregateId }) => [aggregateId, []])));
    report(box, published, failed, runtime);
    const oldestSeconds = Math.max(0, ...ages) / MILLIS_PER_SECOND;
    const metrics = { [OUTBOX_METRIC.oldestUnpublished]: { unit: 'Seconds', values: [oldestSeconds] } } as const;
    emitMetrics({ dimensions: { outbox: box.name }, metrics }, runtime);
    return { published };
  });
}

const bucketNames = (): string[] => Array.from({ length: OUTBOX_TABLE.unpublishedBuckets }, (_, i) => String(i));

async function oldest(
  { aws, id }: Runtime,
  table: string,
  bucket: string,
): Promise<{ aggregateId: string; createdAt: string }[]> {
  const { name, partitionKey } = OUTBOX_TABLE.unpublishedIndex;
  const { Items } = await dynamodbOver(aws, id)('Query', {
    TableName: table,
    IndexName: name,
    KeyConditionExpression: '#bucket = :bucket',
    ExpressionAttributeNames: { '#bucket': partitionKey },
    ExpressionAttributeValues: { ':bucket': bucket },
    Limit: MAX_SWEPT_PER_BUCKET,
  });
  return (Items ?? []) as { aggregateId: string; createdAt: string }[];
}

function report(box: Outbox, published: number, failed: ReadonlyMap<string, string>, runtime: Runtime): void {
  const log = logger({ outbox: box.name }, runtime.write);
  for (const [aggregate, reason] of failed) log('error', 'events wait in the outbox', { aggregate, reason });
  const metrics = { [OUTBOX_METRIC.published]: { unit: 'Count', values: [published] } } as const;
  emitMetrics({ dimensions: { outbox: box.name }, metrics }, runtime);
}
