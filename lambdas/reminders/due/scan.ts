import { dynamodbOver } from '../../../lib/runtime/aws/dynamodb.ts';
import { consume } from '../../../lib/runtime/consuming/consume.ts';
import { requiredEnv } from '../../../lib/runtime/invocation/environment.ts';
import { patientCall } from '../../../lib/runtime/invocation/patience.ts';
import type { Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import { count, emitMetrics, errorFields, type Log } from '../../../lib/runtime/invocation/telemetry.ts';
import {
  REMINDERS_ENV,
  REMINDERS_METRIC,
  REMINDERS_WORK,
  ScanDue,
  takeDue,
} from '../../../lib/systems/reminders/contract.ts';
import { REMINDERS_TABLE, type StoredReminder } from '../../../lib/systems/reminders/stored.ts';
import { telling } from './tell.ts';

/** Reminders that are read at once. */
const PAGE = 200;
/** Of these, how many are told at once. */
const PARALLEL = 16;
/** A page more is read while so much time is left: far more than one takes, and the rest is the next tick's. */
const RESERVE_MILLIS = 20_000;
const MILLIS_PER_SECOND = 1_000;

/** Takes what is due in a bucket, page by page, the longest due first. */
export function takingDue(runtime: Runtime) {
  const table = requiredEnv(REMINDERS_ENV.remindersTable, 'which table keeps the reminders', runtime.env);
  const dynamodb = dynamodbOver(patientCall(runtime), runtime.id);
  const tell = telling(table, runtime);
  const { name, partitionKey, sortKey } = REMINDERS_TABLE.dueIndex;

  async function scan(bucket: string, remainingMillis: () => number, log: Log): Promise<void> {
    const now = runtime.now();
    const totals = { told: 0, moved: 0, failed: 0 };
    let overdue: number | undefined;
    let from: Record<string, unknown> | undefined;
    do {
      const page = await dynamodb('Query', {
        TableName: table,
        IndexName: name,
        KeyConditionExpression: '#bucket = :bucket AND #dueAt <= :now',
        ExpressionAttributeNames: { '#bucket': partitionKey, '#dueAt': sortKey },
        ExpressionAttributeValues: { ':bucket': bucket, ':now': new Date(now).toISOString() },
        Limit: PAGE,
        ExclusiveStartKey: from,
      });
      const due = (page.Items ?? []) as StoredReminder[];
      overdue ??= due[0]?.dueAt === undefined ? 0 : (now - Date.parse(due[0].dueAt)) / MILLIS_PER_SECOND;
      await inParallel(due, PARALLEL, async (reminder) => {
        try {
          const { told, moved } = await tell(reminder, now);
          totals.told += told;
          totals.moved += moved ? 1 : 0;
        } catch (error) {
          // One that cannot be told holds nobody up; it stays due, and the alarm of what is overdue tells of it.
          totals.failed += 1;
          log('error', 'a reminder could not be told', {
            ...{ userId: reminder.userId, reminderId: reminder.reminderId, dueAt: reminder.dueAt },
            ...errorFields(error instanceof Error ? error : new Error(String(error))),
          });
        }
      });
      from = page.LastEvaluatedKey;
    } while (from !== undefined && remainingMillis() > RESERVE_MILLIS);
    emitMetrics(
      {
        dimensions: { work: REMINDERS_WORK },
        metrics: {
          [REMINDERS_METRIC.overdue]: { unit: 'Seconds', values: [overdue ?? 0] },
          [REMINDERS_METRIC.failed]: count(totals.failed),
        },
      },
      runtime,
    );
    log('info', from === undefined ? 'scanned' : 'scanned, and more is due', { bucket, ...totals });
  }

  return consume(
    takeDue,
    { [ScanDue.type]: ({ bucket }, { remainingMillis, log }) => scan(String(bucket), remainingMillis, log) },
    { runtime },
  );
}

async function inParallel<T>(items: readonly T[], parallel: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}
