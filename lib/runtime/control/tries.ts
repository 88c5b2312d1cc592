import { MAX_REASON_CHARACTERS } from '../../contracts/agreed/dead-letter.ts';
import { INBOX_TABLE } from '../../contracts/agreed/tables.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { isAwsError } from '../aws/calls/call.ts';
import { dynamodbOver } from '../aws/dynamodb.ts';
import type { Runtime } from '../invocation/runtime.ts';
import type { Message } from '../messages/message.ts';

/**
 * How often a message's handler was tried and failed: what counts as an attempt, however often the message was received. Copies of an event are messages of
 * their own and have their own tries, and so has a message that was redriven: it has a new id. One item a message that failed, in the inbox table:
 * ```
 *  attempts!SUBSCRIPTION#MESSAGE    attempts: {CALL, ...}    startedUntil, alone    watched    undelivered: {reason, message, attempts}    precedes    expiresAt
 * ```
 * `startedUntil` stands while a message that comes suspiciously often is under way. Found standing when the message comes again, it tells that the function
 * ended under it; with `alone`, that nothing else was under way, so that this message has ended it. `watched` stands on a record that is to be marked the next time
 * too, whichever instance it comes to. `undelivered` stands while the dead-letter queue refuses the
 * message: only its dead letter is tried again. `precedes` stands on the record with which a stream's batch comes again, when others behind it have tries: of a
 * stream's batch, only the first is asked for. The item goes with the decision about the message.
 */
export interface Tries {
  /** Counts a failed try. @returns failed tries so far */
  failed(message: Message): Promise<number>;
  /** The function ended under the message. @param seen the mark that tells so. @returns failed tries so far; undefined when somebody has counted it already */
  crashed(message: Message, seen: number): Promise<number | undefined>;
  /** Marks a message as under way. @param until epoch milliseconds when this invocation is over in any case */
  starts(message: Message, until: number, alone: boolean): Promise<void>;
  /** The message was given up, but its dead letter could not be sent. */
  undelivered(message: Message, why: Undelivered): Promise<void>;
  /** A stream's batch will begin with it, and others behind it have tries. */
  precedes(message: Message): Promise<void>;
  /** Nothing came of it, and the function lives. @param stillWatched its handler was not reached: it is to be marked again the next time */
  ended(message: Message, stillWatched?: boolean): Promise<void>;
  /** The message is decided: it is done, or in the dead letters, and has all its tries should it be sent again. */
  forget(message: Message): Promise<void>;
}

/** Why a message was given up whose dead letter has yet to be sent. */
export interface Undelivered {
  readonly reason: string;
  readonly message: string;
  readonly attempts: number;
}

/** What is known of a message's tries before it is handled. */
export interface KnownTries {
  readonly failed: number;
  /** Epoch milliseconds. */
  readonly startedUntil?: number;
  readonly alone?: boolean;
  readonly watched?: boolean;
  readonly undelivered?: Undelivered;
  /** Whether there is an item that has to go with the decision. */
  readonly noted: boolean;
}

export const NO_TRIES: KnownTries = { failed: 0, noted: false };

const { partitionKey: PK, expiry } = INBOX_TABLE;

export const triesKey = (s: Pick<Subscription, 'name'>, { id }: Pick<Message, 'id'>): string =>
  `attempts!${s.name}#${id}`;

/** What an item says; undefined: there is none. */
export function knownTries(item: Readonly<Record<string, unknown>> | undefined): KnownTries {
  if (item === undefined) return NO_TRIES;
  return {
    failed: sizeOf(item.attempts),
    noted: true,
    ...(typeof item.startedUntil === 'number' ? { startedUntil: item.startedUntil, alone: item.alone === true } : {}),
    ...(item.watched === undefined ? {} : { watched: true }),
    ...(item.undelivered === undefined ? {} : { undelivered: item.undelivered as Undelivered }),
  };
}

const sizeOf = (attempts: unknown): number => (attempts as Set<string> | undefined)?.size ?? 0;

const MILLIS_PER_SECOND = 1_000;

/** @param keepSeconds as long as a message can live */
export function tableTries(
  table: string,
  s: Pick<Subscription, 'name'>,
  keepSeconds: number,
  { aws, id, now }: Runtime,
): Tries {
  const dynamodb = dynamodbOver(aws, id);
  const keyOf = (message: Message) => ({ TableName: table, Key: { [PK]: triesKey(s, message) } });
  const expiresAt = () => Math.floor(now() / MILLIS_PER_SECOND) + keepSeconds;

  async function count(message: Message, seen?: number): Promise<number> {
    const { Attributes } = await dynamodb('UpdateItem', {
      ...keyOf(message),
      // A set and not a number: a call whose answer was lost is made again, and must not count twice.
      UpdateExpression: `SET ${expiry} = :expiresAt REMOVE startedUntil, alone, watched ADD attempts :attempt`,
      ...(seen === undefined ? {} : { ConditionExpression: 'startedUntil = :seen' }),
      ExpressionAttributeValues: {
        ':attempt': new Set([id()]),
        ':expiresAt': expiresAt(),
        ...(seen === undefined ? {} : { ':seen': seen }),
      },
      ReturnValues: 'ALL_NEW',
    });
    return Math.max(1, sizeOf(Attributes?.attempts));
  }

  return {
    failed: (message) => count(message),

    async crashed(message, seen) {
      try {
        return await count(message, seen);
      } catch (error) {
        if (isAwsError(error, 'ConditionalCheckFailedException')) return undefined;
        throw error;
      }
    },

    async starts(message, until, alone) {
      await dynamodb('UpdateItem', {
        ...keyOf(message),
        UpdateExpression: `SET startedUntil = :until, alone = :alone, ${expiry} = :expiresAt`,
        ExpressionAttributeValues: { ':until': until, ':alone': alone, ':expiresAt': expiresAt() },
      });
    },

    async undelivered(message, why) {
      await dynamodb('UpdateItem', {
        ...keyOf(message),
        UpdateExpression: `SET undelivered = :why, ${expiry} = :expiresAt REMOVE startedUntil, alone`,
        ExpressionAttributeValues: {
          ':why': { ...why, message: why.message.slice(0, MAX_REASON_CHARACTERS) },
          ':expiresAt': expiresAt(),
        },
      });
    },

    async precedes(message) {
      await dynamodb('UpdateItem', {
        ...keyOf(message),
        UpdateExpression: `SET precedes = :true, ${expiry} = :expiresAt`,
        ExpressionAttributeValues: { ':true': true, ':expiresAt': expiresAt() },
      });
    },

    async ended(message, stillWatched = false) {
      const ConditionExpression = `attribute_exists(${PK})`;
      const change = stillWatched
        ? {
            UpdateExpression: 'SET watched = :true REMOVE startedUntil, alone',
            ExpressionAttributeValues: { ':true': true },
          }
        : { UpdateExpression: 'REMOVE startedUntil, alone, watched' };
      try {
        await dynamodb('UpdateItem', { ...keyOf(message), ...change, ConditionExpression });
      } catch (error) {
        // Decided meanwhile by somebody else: an item made now would never go.
        if (!isAwsError(error, 'ConditionalCheckFailedException')) throw error;
      }
    },

    async forget(message) {
      await dynamodb('DeleteItem', keyOf(message));
    },
  };
}
