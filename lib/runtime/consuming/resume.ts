import { INBOX_TABLE } from '../../contracts/agreed/tables.ts';
import { dynamodbOver } from '../aws/dynamodb.ts';
import { parkedKeysKey, parkedLotKey, parkedMessageKey, wasRefused } from '../control/control-items.ts';
import type { ParkedItem } from '../dead-letters/kept-messages.ts';
import type { ParkedLot, ParkedMessage } from '../dead-letters/parking.ts';
import { reserveMillis } from '../invocation/deadline.ts';
import { toError } from '../invocation/outcomes.ts';
import { stepBack } from '../invocation/patience.ts';
import { errorFields } from '../invocation/telemetry.ts';
import { wasBusy } from '../invocation/transient.ts';
import type { Message } from '../messages/message.ts';
import { STORE_BUSY } from '../settling/hand-back.ts';
import { handleMessage, type Invocation } from './handle-message.ts';
import type { Resumed, ResumeRequest } from './resume-request.ts';

const { partitionKey: PK } = INBOX_TABLE;

/**
 * Handles what is parked under a key, in the order it came, and releases the key when nothing is left. Messages that arrive
 * meanwhile are parked behind and are handled in the same go. Stops at the first failure.
 */
export async function resumeKey({ key }: ResumeRequest['resume'], invocation: Invocation): Promise<Resumed> {
  const progress = { resumed: 0 };
  try {
    return await resumeInOrder(key, invocation, progress);
  } catch (thrown) {
    const error = toError(thrown);
    if (!wasBusy(error)) throw error;
    invocation.log('warn', STORE_BUSY, errorFields(error));
    return { ...progress, released: false, busy: error.message };
  }
}

async function resumeInOrder(key: string, invocation: Invocation, progress: { resumed: number }): Promise<Resumed> {
  const { consumer, context } = invocation;
  const { subscription, table, parking, kept, runtime } = consumer;
  if (parking === undefined || table === undefined) {
    throw new Error(`subscription '${subscription.name}' parks nothing: it is declared without failedKey: 'park'`);
  }
  const dynamodb = dynamodbOver(runtime.aws, runtime.id);
  const lot = parkedLotKey(subscription, key);
  const rowOf = (number: number) => ({ [PK]: parkedMessageKey(subscription, key, number) });
  const reserve = reserveMillis(subscription);
  /** How often another resumption, or a message that was parked, was faster. */
  let beaten = 0;
  /** The lot stood here when its next message was not there. */
  let missing: number | undefined;
  for (;;) {
    const { Item } = await dynamodb('GetItem', { TableName: table, Key: { [PK]: lot }, ConsistentRead: true });
    if (Item === undefined) {
      // Another resumption of the key has done the rest meanwhile.
      if (progress.resumed > 0) return { ...progress, released: true };
      throw new Error(`nothing is parked under key '${key}' of subscription '${subscription.name}'`);
    }
    const { last, resumed: before } = Item as unknown as ParkedLot;
    if (before === last) {
      if (await release(last)) return { ...progress, released: true };
      if (!(await hasTimeAgain())) return { ...progress, released: false };
      continue;
    }
    if (context.getRemainingTimeInMillis() <= reserve) return { ...progress, released: false };
    const row = await dynamodb('GetItem', { TableName: table, Key: rowOf(before + 1), ConsistentRead: true });
    if (row.Item === undefined) {
      // Another resumption of the key has done this message meanwhile, and the lot tells where it is now; or there is none, and never will be.
      if (missing === before) await step(before);
      missing = before;
      if (!(await hasTimeAgain())) return { ...progress, released: false };
      continue;
    }
    const message = messageOf(row.Item as unknown as ParkedMessage, key);
    const { triesOf } = await consumer.readControl([message]);
    const outcome = await handleMessage(message, { ...invocation, triesOf });
    if (outcome.kind === 'held') return { ...progress, released: false };
    if (outcome.kind === 'deferred' && outcome.error !== undefined) throw outcome.error;
    const decided = outcome.kind === 'done' || outcome.kind === 'duplicate' || outcome.kind === 'rejected';
    const counted = triesOf(message).noted || ('attempts' in outcome && outcome.attempts !== undefined);
    if (decided && counted) await consumer.tries?.forget(message);
    if (outcome.kind !== 'done' && outcome.kind !== 'duplicate') {
      const error = 'error' in outcome ? outcome.error : undefined;
      const reason = outcome.kind === 'rejected' ? outcome.reason : outcome.kind;
      await noteReason(before + 1, reason);
      return { ...progress, released: false, failed: { number: before + 1, reason, message: error?.message ?? '' } };
    }
    if (await step(before)) {
      const { body, original } = row.Item as unknown as ParkedMessage;
      const item = { number: before + 1, messageId: message.id };
      await forget(body, item);
      if (original !== undefined) await forget(original.body, item);
      progress.resumed += 1;
    }
  }

  /** Steps back before it reads again. */
  async function hasTimeAgain(): Promise<boolean> {
    beaten += 1;
    await stepBack(beaten, runtime);
    return context.getRemainingTimeInMillis() > reserve;
  }

  /** The object of a message that was too large for its item. What is left behind when this fails costs a little, and no message. */
  async function forget(body: string, item: ParkedItem): Promise<void> {
    await kept
      .forget(body, item)
      .catch((error: Error) =>
        invocation.log('warn', 'the object of a parked message could not be deleted', errorFields(error)),
      );
  }

  /** @returns false when another resumption of the key was faster: it has counted this message, and may be further by now */
  async function step(before: number): Promise<boolean> {
    try {
      await dynamodb('TransactWriteItems', {
        TransactItems: [
          {
            Update: {
              TableName: table,
              Key: { [PK]: lot },
              UpdateExpression: 'SET resumed = :next',
              ConditionExpression: 'resumed = :before',
              ExpressionAttributeValues: { ':next': before + 1, ':before': before },
            },
          },
          { Delete: { TableName: table, Key: rowOf(before + 1) } },
        ],
      });
      return true;
    } catch (error) {
      if (wasRefused(error)) return false;
      throw error;
    }
  }

  /** For whoever looks at what is parked. */
  async function noteReason(number: number, reason: string): Promise<void> {
    try {
      await dynamodb('UpdateItem', {
        TableName: table,
        Key: rowOf(number),
        UpdateExpression: 'SET reason = :reason',
        ConditionExpression: 'attribute_exists(body)',
        ExpressionAttributeValues: { ':reason': reason },
      });
    } catch (error) {
      // Somebody else resumes the key as well, and was luckier with this message.
      if (!wasRefused(error)) throw error;
    }
  }

  /** @returns false when something was parked behind meanwhile */
  async function release(last: number): Promise<boolean> {
    try {
      await dynamodb('TransactWriteItems', {
        TransactItems: [
          {
            Delete: {
              TableName: table,
              Key: { [PK]: lot },
              ConditionExpression: '#last = :last',
              ExpressionAttributeNames: { '#last': 'last' },
              ExpressionAttributeValues: { ':last': last },
            },
          },
          {
            Update: {
              TableName: table,
              Key: { [PK]: parkedKeysKey(subscription) },
              UpdateExpression: 'DELETE #keys :keys',
              ExpressionAttributeNames: { '#keys': 'keys' },
              ExpressionAttributeValues: { ':keys': new Set([key]) },
            },
          },
        ],
      });
      return true;
    } catch (error) {
      if (wasRefused(error)) return false;
      throw error;
    }
  }
}

const messageOf = (parked: ParkedMessage, key: string): Message => ({
  id: parked.messageId,
  body: parked.body,
  unit: key,
  source: 'parked',
  receives: undefined,
  firstReceived: Date.parse(parked.parkedAt),
  attributes: parked.attributes,
});
