import { unmarshall } from '@aws-sdk/util-dynamodb';
import middy from '@middy/core';
import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { ENV } from '../../contracts/agreed/environment.ts';
import { OUTBOX_METRIC } from '../../contracts/agreed/metrics.ts';
import { OUTBOX_TABLE } from '../../contracts/agreed/tables.ts';
import type { Outbox } from '../../contracts/channels/outbox.ts';
import { type Duration, minutes, toMillis } from '../../contracts/declaring/duration.ts';
import { readNumber } from '../aws/calls/numbers.ts';
import { answering, NO_EARLY_TIMEOUT } from '../invocation/deadline.ts';
import { requiredEnv } from '../invocation/environment.ts';
import { lambda, type Runtime } from '../invocation/runtime.ts';
import { count, emitMetrics, logger } from '../invocation/telemetry.ts';
import type { OutboxRow } from './outbox.ts';
import { NO_TIME, outboxRelay } from './relay.ts';
import { beginSweep, type IndexRow } from './sweep.ts';

/** No turn begins with less time than this: to publish what is in work, move cursors and answer. */
const RESERVE_MILLIS = 10_000;
const RESERVE_SHARE = 1 / 3;
/** Lines about aggregates that wait; the rest is told as a number. */
const MAX_TOLD = 100;
const MILLIS_PER_SECOND = 1_000;

const tableOf = (box: Outbox, { env }: Runtime): string =>
  requiredEnv(ENV.outboxTable, `which table is outbox '${box.name}'`, env);

/** Whether another turn may begin; asked first at the beginning. */
function turnsOf(context: Pick<Context, 'getRemainingTimeInMillis'>): () => boolean {
  const reserve = Math.min(RESERVE_MILLIS, context.getRemainingTimeInMillis() * RESERVE_SHARE);
  return () => context.getRemainingTimeInMillis() > reserve;
}

type Image = Parameters<typeof unmarshall>[0];

/**
 * Lambda handler on the outbox table's stream: publishes rows as they are committed. What hangs stops in time: an event that is sent all the same is sent
 * again with the same id, and a cursor only moves on from where it was read (`outbox-cursor.ts`).
 * @throws MissingEnvironment while the function initialises, when it was deployed without its table or a channel
 */
export function relayOutbox(box: Outbox, runtime: Runtime = lambda) {
  const table = tableOf(box, runtime);
  outboxRelay(box, table, runtime); // Says at once what is missing.
  return middy(async (event: DynamoDBStreamEvent, context: Context): Promise<DynamoDBBatchResponse> => {
    const hints = new Map<string, OutboxRow[]>();
    const firstNumber = new Map<string, string>();
    for (const { dynamodb: change } of event.Records) {
      const image = change?.NewImage;
      const aggregate = image?.[OUTBOX_TABLE.partitionKey]?.S;
      if (change?.SequenceNumber === undefined || image?.unpublished === undefined || aggregate === undefined) continue;
      hints.set(aggregate, [...(hints.get(aggregate) ?? []), ...rowIn(image as Image)]);
      if (!firstNumber.has(aggregate)) firstNumber.set(aggregate, change.SequenceNumber);
    }
    const { published, failed } = await answering(runtime, context, (limited) =>
      outboxRelay(box, table, limited)(hints, { hasTime: turnsOf(context) }),
    );
    report(box, published, failed, runtime);
    // Records come in the stream's order, so the first failed aggregate in order of arrival has the lowest number.
    const checkpoint = [...firstNumber].find(([aggregate]) => failed.has(aggregate))?.[1];
    return { batchItemFailures: checkpoint === undefined ? [] : [{ itemIdentifier: checkpoint }] };
  }, NO_EARLY_TIMEOUT);
}

/** The row of a record, or none when it cannot be read: then the table is asked. */
function rowIn(image: Image): OutboxRow[] {
  try {
    return [unmarshall(image, { wrapNumbers: readNumber as never }) as OutboxRow];
  } catch {
    return [];
  }
}

/**
 * Lambda handler on a schedule: publishes what the stream missed (an outage, or a record given up), and reports the age of the
 * oldest row that waits. It goes through all rows that wait, page by page, while there is time; a sweep that ran out of time is taken up
 * where it stopped, so rows that cannot go never hide those behind them.
 * @param grace rows younger than this are left to the stream. @default 1 minute
 */
export function sweepOutbox(box: Outbox, grace: Duration = minutes(1), runtime: Runtime = lambda) {
  const table = tableOf(box, runtime);
  outboxRelay(box, table, runtime); // Says at once what is missing.
  const { now } = runtime;
  // A time that nobody can read is no reason to wait.
  const isYoung = ({ createdAt }: IndexRow): boolean => now() - Date.parse(createdAt) < toMillis(grace);

  return middy(
    (_event: unknown, context: Context): Promise<{ published: number }> =>
      answering(runtime, context, (limited) => sweep(limited, context)),
    NO_EARLY_TIMEOUT,
  );

  async function sweep(limited: Runtime, context: Context): Promise<{ published: number }> {
    const relay = outboxRelay(box, table, limited);
    const hasTime = turnsOf(context);
    const failed = new Map<string, string>();
    const tried = new Set<string>();
    let published = 0;
    const rowsThatWait = await beginSweep(table, limited);
    for (let rows = await rowsThatWait.next(); rows.length > 0; rows = hasTime() ? await rowsThatWait.next() : []) {
      const due = rows.filter((row) => !isYoung(row) && !tried.has(row.aggregateId));
      const byAggregate = Map.groupBy(due, ({ aggregateId }) => aggregateId);
      const turn = await relay(new Map([...byAggregate.keys()].map((aggregate) => [aggregate, []])), {
        hasTime,
        inIndex: new Map([...byAggregate].map(([aggregate, own]) => [aggregate, own.map(({ sequence }) => sequence)])),
      });
      published += turn.published;
      const untried = new Set<string>();
      for (const aggregate of byAggregate.keys()) {
        const reason = turn.failed.get(aggregate);
        if (reason === NO_TIME) untried.add(aggregate);
        else tried.add(aggregate);
        if (reason !== undefined && reason !== NO_TIME) failed.set(aggregate, reason);
      }
      rowsThatWait.passed(untried);
    }
    await rowsThatWait.close();
    report(box, published, failed, runtime);
    const oldest = await rowsThatWait.oldest();
    const metrics = {
      [OUTBOX_METRIC.oldestUnpublished]: {
        unit: 'Seconds',
        values: [oldest === undefined ? 0 : Math.max(0, now() - oldest) / MILLIS_PER_SECOND],
      },
      [OUTBOX_METRIC.blockedAggregates]: count(failed.size),
    } as const;
    emitMetrics({ dimensions: { outbox: box.name }, metrics }, runtime);
    return { published };
  }
}

function report(box: Outbox, published: number, failed: ReadonlyMap<string, string>, runtime: Runtime): void {
  const log = logger({ outbox: box.name }, runtime.write);
  for (const [aggregate, reason] of [...failed].slice(0, MAX_TOLD)) {
    log('error', 'events wait in the outbox', { aggregate, reason });
  }
  if (failed.size > MAX_TOLD)
    log('error', 'events of more aggregates wait in the outbox', { more: failed.size - MAX_TOLD });
  const metrics = { [OUTBOX_METRIC.published]: { unit: 'Count', values: [published] } } as const;
  emitMetrics({ dimensions: { outbox: box.name }, metrics }, runtime);
}
