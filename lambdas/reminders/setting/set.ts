import { isAwsError } from '../../../lib/runtime/aws/calls/call.ts';
import { type Dynamodb, dynamodbOver } from '../../../lib/runtime/aws/dynamodb.ts';
import { fingerprintOf } from '../../../lib/runtime/inbox/once.ts';
import { requiredEnv } from '../../../lib/runtime/invocation/environment.ts';
import { patientCall, stepBack } from '../../../lib/runtime/invocation/patience.ts';
import type { Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import { logger } from '../../../lib/runtime/invocation/telemetry.ts';
import { REMINDERS_ENV } from '../../../lib/systems/reminders/contract.ts';
import {
  firstDue,
  Refused,
  type ReminderRequest,
  type Reply,
  readRequest,
} from '../../../lib/systems/reminders/request.ts';
import { bucketOf, expiryOf, type StoredReminder } from '../../../lib/systems/reminders/stored.ts';

/** Tries when a tick, or another request, changes the same reminder at the same time. */
const MAX_TRIES = 5;

/** Sets, changes and cancels reminders. */
export function settingReminders(runtime: Runtime): (input: unknown) => Promise<Reply> {
  const table = requiredEnv(REMINDERS_ENV.remindersTable, 'which table keeps the reminders', runtime.env);
  const dynamodb = dynamodbOver(patientCall(runtime), runtime.id);
  const log = logger({ function: 'set-reminder' }, runtime.write);
  return async (input) => {
    try {
      const request = readRequest(input);
      for (let attempt = 1; ; attempt++) {
        try {
          return await commit(request, { table, dynamodb, now: runtime.now() });
        } catch (error) {
          if (!isAwsError(error, 'ConditionalCheckFailedException') || attempt === MAX_TRIES) throw error;
          await stepBack(attempt, runtime);
        }
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      log('warn', 'refused', { reason: error.reason });
      return { status: 'refused', reason: error.reason, message: error.message };
    }
  };
}

interface Place {
  readonly table: string;
  readonly dynamodb: Dynamodb;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The same version again is answered as before and changes nothing: also when its time has passed meanwhile. */
async function commit(request: ReminderRequest, place: Place): Promise<Reply> {
  const { table, dynamodb, now } = place;
  const { traceparent: _, ...asked } = request;
  const fingerprint = fingerprintOf({ type: 'reminder-request', data: asked });
  const { userId, reminderId, version } = request;
  const Key = { userId, reminderId };
  const { Item } = await dynamodb('GetItem', { TableName: table, Key, ConsistentRead: true });
  const stored = Item as StoredReminder | undefined;
  if (stored?.version === version && stored.fingerprint === fingerprint) return accepted(stored, true);
  checkOrder(request, stored);
  const item = itemOf(request, { stored, fingerprint, now });
  await dynamodb('PutItem', {
    TableName: table,
    Item: item,
    // A tick may tell it meanwhile: then it is read again, and the answer says so.
    ConditionExpression: stored === undefined ? 'attribute_not_exists(userId)' : 'version = :version AND told = :told',
    ...(stored && { ExpressionAttributeValues: { ':version': stored.version, ':told': stored.told } }),
  });
  return accepted(item, false);
}

function checkOrder({ action, reminderId, version }: ReminderRequest, stored: StoredReminder | undefined): void {
  if (stored?.version === version)
    throw new Refused('conflicting-version', `version ${version} of '${reminderId}' was something else before`);
  if (stored !== undefined && stored.version > version)
    throw new Refused('stale-version', `'${reminderId}' has version ${stored.version} already, after ${version}`);
  if (action === 'set') return;
  if (stored === undefined) throw new Refused('unknown-reminder', `there is no reminder '${reminderId}' to cancel`);
  if (stored.bucket === undefined)
    throw new Refused('nothing-due', `'${reminderId}' was told or cancelled before; there is nothing left to cancel`);
}

function itemOf(
  request: ReminderRequest,
  before: { readonly stored: StoredReminder | undefined; readonly fingerprint: string; readonly now: number },
): StoredReminder {
  const { stored, fingerprint, now } = before;
  const { userId, reminderId, version } = request;
  const kept = {
    ...{ userId, reminderId, version, fingerprint, told: stored?.told ?? 0 },
    ...(stored?.toldUntil === undefined ? {} : { toldBefore: stored.toldUntil, toldUntil: stored.toldUntil }),
  };
  if (request.action === 'cancel') return { ...kept, expiresAt: expiryOf(now) };
  const { text, when } = request;
  const dueAt = new Date(firstDue(when, now)).toISOString();
  return {
    ...kept,
    ...{ text, firstDue: dueAt, dueAt, bucket: bucketOf(request) },
    ...('daily' in when && { daily: when.daily }),
  };
}

const accepted = (
  { userId, reminderId, version, firstDue, toldBefore }: StoredReminder,
  duplicate: boolean,
): Reply => ({
  status: 'accepted',
  ...{ userId, reminderId, version, duplicate },
  dueAt: firstDue ?? null,
  toldBefore: toldBefore ?? null,
});
