import { isAwsError } from '../../../lib/runtime/aws/calls/call.ts';
import { dynamodbOver } from '../../../lib/runtime/aws/dynamodb.ts';
import { consume, type HandlerContext } from '../../../lib/runtime/consuming/consume.ts';
import type { HandlerResult } from '../../../lib/runtime/inbox/once.ts';
import { requiredEnv } from '../../../lib/runtime/invocation/environment.ts';
import { patientCall } from '../../../lib/runtime/invocation/patience.ts';
import type { Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import {
  deliverReminder,
  REMINDERS_ENV,
  ReminderDue,
  type ReminderDueData,
} from '../../../lib/systems/reminders/contract.ts';
import { expiryOf } from '../../../lib/systems/reminders/stored.ts';

const KEPT_DAYS = 90;

/** Puts reminders that are due into the inbox of their users' app. */
export function delivering(runtime: Runtime) {
  const table = requiredEnv(REMINDERS_ENV.notificationsTable, 'which table keeps the notifications', runtime.env);
  const dynamodb = dynamodbOver(patientCall(runtime), runtime.id);

  /** The first one to write the event's notification wins; everybody else finds the work done. */
  async function notify(
    { userId, reminderId, version, dueAt, text }: ReminderDueData,
    { idempotencyKey }: HandlerContext,
  ): Promise<HandlerResult> {
    try {
      await dynamodb('PutItem', {
        TableName: table,
        Item: {
          userId,
          // Of a user by time; and an event that was told twice would be two of them, for the reconciliation to see.
          notificationId: `${dueAt}#${idempotencyKey}`,
          ...{ reminderId, version, dueAt, text },
          notifiedAt: new Date(runtime.now()).toISOString(),
          expiresAt: expiryOf(runtime.now(), KEPT_DAYS),
        },
        ConditionExpression: 'attribute_not_exists(userId)',
      });
    } catch (error) {
      if (isAwsError(error, 'ConditionalCheckFailedException')) return 'duplicate';
      throw error;
    }
  }

  return consume(deliverReminder, { [ReminderDue.type]: notify }, { runtime });
}
