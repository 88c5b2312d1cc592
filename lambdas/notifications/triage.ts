import { isAwsError } from '../../lib/runtime/aws/calls/call.ts';
import { consume } from '../../lib/runtime/consuming/consume.ts';
import { requiredEnv } from '../../lib/runtime/invocation/environment.ts';
import { dynamodb } from '../../lib/runtime/invocation/runtime.ts';
import { NOTIFICATIONS_ENV, NotificationUndeliverable, triage } from '../../lib/systems/notifications/contract.ts';

const table = requiredEnv(NOTIFICATIONS_ENV.undeliverableTable, 'which table keeps what is undeliverable');

/** Records what nobody will ever deliver, and why: the first word counts. Nobody tries it again. */
export const handler = consume(triage, {
  [NotificationUndeliverable.type]: async ({ notificationId, tenant, user, channel, reason }, { event }) => {
    try {
      await dynamodb('PutItem', {
        TableName: table,
        Item: { notificationId, tenant, user, channel, reason, foundAt: event.time },
        ConditionExpression: 'attribute_not_exists(notificationId)',
      });
      return undefined;
    } catch (error) {
      if (isAwsError(error, 'ConditionalCheckFailedException')) return 'duplicate';
      throw error;
    }
  },
});
