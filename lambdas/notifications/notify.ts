import { envelope } from '../../lib/contracts/events/envelope.ts';
import { isAwsError } from '../../lib/runtime/aws/calls/call.ts';
import { itemInTheWay } from '../../lib/runtime/aws/dynamodb.ts';
import { fingerprintOf } from '../../lib/runtime/inbox/once.ts';
import { requiredEnv } from '../../lib/runtime/invocation/environment.ts';
import { dynamodb } from '../../lib/runtime/invocation/runtime.ts';
import { logger } from '../../lib/runtime/invocation/telemetry.ts';
import { answered } from '../../lib/runtime/publishing/function-url.ts';
import { type Publish, publisher } from '../../lib/runtime/publishing/publish.ts';
import {
  CHANNELS,
  laneOf,
  NOTIFICATIONS_ENV,
  type NotificationData,
  NotificationRequested,
  SENDERS,
} from '../../lib/systems/notifications/contract.ts';
import { decide, eventIdOf, Refused, type Reply } from '../../lib/systems/notifications/request.ts';

const table = requiredEnv(NOTIFICATIONS_ENV.requestsTable, 'which table keeps the requests');
const log = logger({ function: 'notify' });

/** By queue. */
const publish = Object.fromEntries(
  CHANNELS.flatMap((channel) => Object.values(SENDERS[channel]).map(({ to }) => [to.name, publisher(to)])),
) as Readonly<Record<string, Publish>>;

/** As long as a message can live, and with it the records of what was sent. */
const KEPT_SECONDS = 86_400;
const MILLIS_PER_SECOND = 1_000;

/** Invoked through the Lambda API with the request as payload, or through the function URL with it as body. */
export const handler = answered('notify', notify, ({ status }) => (status === 'accepted' ? 202 : 422));

async function notify(input: unknown): Promise<Reply> {
  try {
    const { data, traceparent } = decide(input);
    return { status: 'accepted', notificationId: data.notificationId, duplicate: await accept(data, traceparent) };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    log('warn', 'refused', { reason: error.reason });
    return { status: 'refused', reason: error.reason, message: error.message };
  }
}

/**
 * Sent first and noted second: should the function end in between, the caller has no answer and asks again, and the second event has the id of the first.
 * @returns whether the same was accepted before
 * @throws Refused when its id was used for something else
 */
async function accept(data: NotificationData, traceparent: string | undefined): Promise<boolean> {
  const { notificationId, channel, priority } = data;
  const fingerprint = fingerprintOf({ type: NotificationRequested.type, data });
  const { Item } = await dynamodb('GetItem', { TableName: table, Key: { notificationId }, ConsistentRead: true });
  if (Item !== undefined) return isSame(data, fingerprint, Item);
  const time = new Date();
  await publish[SENDERS[channel][laneOf(priority)].to.name]?.([
    envelope(NotificationRequested, data, { id: eventIdOf(data), source: '/notifications/notify', time, traceparent }),
  ]);
  try {
    await dynamodb('PutItem', {
      TableName: table,
      Item: { notificationId, fingerprint, expiresAt: Math.floor(time.getTime() / MILLIS_PER_SECOND) + KEPT_SECONDS },
      ConditionExpression: 'attribute_not_exists(notificationId)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    return false;
  } catch (error) {
    if (!isAwsError(error, 'ConditionalCheckFailedException')) throw error;
    return isSame(data, fingerprint, itemInTheWay(error) ?? {});
  }
}

function isSame({ notificationId }: NotificationData, fingerprint: string, before: Record<string, unknown>): true {
  if (before.fingerprint === fingerprint) return true;
  throw new Refused('conflicting-notification', `'${notificationId}' was used before with other contents`);
}
