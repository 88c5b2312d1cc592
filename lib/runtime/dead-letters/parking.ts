import { MAX_REASON_CHARACTERS, type MessageAttributes } from '../../contracts/agreed/dead-letter.ts';
import { INBOX_TABLE } from '../../contracts/agreed/tables.ts';
import { DYNAMODB, SQS } from '../../contracts/declaring/limits.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { dynamodbOver } from '../aws/dynamodb.ts';
import { parkedKeysKey, parkedLotKey, parkedMessageKey, wasRefused } from '../control/control-items.ts';
import { stepBack } from '../invocation/patience.ts';
import type { Runtime } from '../invocation/runtime.ts';
import type { Message } from '../messages/message.ts';
import { type Fitted, fitted, type Room } from '../messages/wrapped-message.ts';
import { keptMessages, type ParkedItem } from './kept-messages.ts';

/**
 * Sequenced dead letters: on an ordered channel a failed message is set aside together with everything that follows it under the
 * same key, and other keys flow. What is parked lies in the inbox table, numbered in the order it came:
 * ```
 *  parked!SUBSCRIPTION              keys: {K, ...}                which keys are parked; read once per batch
 *  parked!SUBSCRIPTION!lot!K        last: 3, resumed: 0           how many lie there, how many were done since
 *  parked!SUBSCRIPTION!1!K          body, attributes, reason      the message that failed
 *  parked!SUBSCRIPTION!2!K ...      body, attributes              what came after it
 * ```
 * A long K is hashed in these keys (`control-items.ts`). What is no text, or larger than an item, lies there as a `WrappedMessage`, which refers to the bucket where even that is too large.
 */
export interface ParkedMessage extends ParkedItem {
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly parkedAt: string;
  /** Why it failed: when it came, or when it was resumed. What only follows a failed message has none. */
  readonly reason?: string;
  /** How often an operator has given it another body. */
  readonly edits?: number;
  /** As it came, when it was edited since. */
  readonly original?: Fitted;
}

/** How a key stands: messages `resumed + 1` to `last` lie there. */
export interface ParkedLot {
  readonly last: number;
  readonly resumed: number;
  /** What operators have done to its messages, the oldest first. */
  readonly changes?: readonly ParkedChange[];
}

/** What an operator has done to the first message of a parked key. */
export interface ParkedChange {
  readonly what: 'skipped' | 'dropped' | 'edited';
  readonly number: number;
  readonly eventId?: string | undefined;
  /** Why the message had failed. */
  readonly reason?: string | undefined;
  readonly by: string;
  /** ISO 8601. */
  readonly at: string;
}

const { partitionKey: PK } = INBOX_TABLE;

export interface Parking {
  /**
   * Sets a message aside behind those of its key.
   * @param reason given: the message failed, and its key becomes parked with it
   * @returns false when the key is not parked (any more) and no reason was given: then the message is to be handled
   */
  park(key: string, message: Message, reason?: string): Promise<boolean>;
}

/** An item has 400 KB for all that is in it: room for keys, times, names of members and the reason is left. */
const OTHER_BYTES = 16_384;
export const ITEM_ROOM: Room = {
  maxBytes: DYNAMODB.maxItemBytes - OTHER_BYTES,
  maxAttributes: SQS.maxAttributes,
  takes: (text) => text.isWellFormed(),
};

/** @param runtime of an invocation: all keys of a subscription meet in its one item, and the store is asked again while there is time */
export function tableParking(table: string, s: Pick<Subscription, 'name'>, runtime: Runtime): Parking {
  const { aws, id, now } = runtime;
  const kept = keptMessages(s, runtime);
  const dynamodb = dynamodbOver(aws, id);
  const keysItem = { [PK]: parkedKeysKey(s) };

  return {
    async park(key, message, reason) {
      const lot = parkedLotKey(s, key);
      for (let beaten = 0; ; beaten++) {
        if (beaten > 0) await stepBack(beaten, runtime);
        const { Item } = await dynamodb('GetItem', { TableName: table, Key: { [PK]: lot }, ConsistentRead: true });
        const last = Number(Item?.last ?? 0);
        // A message delivered again after its parking was acknowledged too late: it lies there already.
        if (last > 0 && (Item?.newest as string | undefined) === message.id) return true;
        const item = { number: last + 1, messageId: message.id };
        const { body, attributes } = await fitted(message, ITEM_ROOM, {}, (whole) => kept.keep(whole, item));
        try {
          await dynamodb('TransactWriteItems', {
            TransactItems: [
              {
                Update: {
                  TableName: table,
                  Key: keysItem,
                  ...(reason === undefined
                    ? { UpdateExpression: 'SET touchedAt = :now', ConditionExpression: 'contains(#keys, :key)' }
                    : { UpdateExpression: 'SET touchedAt = :now ADD #keys :keys' }),
                  ExpressionAttributeNames: { '#keys': 'keys' },
                  ExpressionAttributeValues: {
                    ':now': now(),
                    ...(reason === undefined ? { ':key': key } : { ':keys': new Set([key]) }),
                  },
                },
              },
              {
                Update: {
                  TableName: table,
                  Key: { [PK]: lot },
                  UpdateExpression:
                    'SET #key = :key, #last = :next, newest = :id, resumed = if_not_exists(resumed, :zero)',
                  ConditionExpression: last === 0 ? 'attribute_not_exists(#last)' : '#last = :last',
                  ExpressionAttributeNames: { '#key': 'key', '#last': 'last' },
                  ExpressionAttributeValues: {
                    ':key': key,
                    ':next': last + 1,
                    ':id': message.id,
                    ':zero': 0,
                    ...(last === 0 ? {} : { ':last': last }),
                  },
                },
              },
              {
                Put: {
                  TableName: table,
                  Item: {
                    [PK]: parkedMessageKey(s, key, last + 1),
                    ...{ ...item, body, attributes },
                    parkedAt: new Date(now()).toISOString(),
                    ...(reason === undefined ? {} : { reason: reason.slice(0, MAX_REASON_CHARACTERS) }),
                  },
                },
              },
            ],
          });
          return true;
        } catch (error) {
          if (!wasRefused(error)) throw error;
          if (reason === undefined && !(await isParked(key))) return false;
          // Otherwise another instance parked under this key meanwhile: take the next number.
        }
      }
    },
  };

  async function isParked(key: string): Promise<boolean> {
    const { Item } = await dynamodb('GetItem', { TableName: table, Key: keysItem, ConsistentRead: true });
    return (Item?.keys as Set<string> | undefined)?.has(key) ?? false;
  }
}
