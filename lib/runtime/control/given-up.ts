import { INBOX_TABLE } from '../../contracts/agreed/tables.ts';
import type { Subscription } from '../../contracts/subscriptions/subscription.ts';
import { dynamodbOver } from '../aws/dynamodb.ts';
import type { Runtime } from '../invocation/runtime.ts';
import type { Message } from '../messages/message.ts';

/**
 * Which events of aggregated records were given up or parked. A record is acknowledged as a whole: while one of its events is to be
 * tried again, all of them are delivered again, and an event that was given up must then neither be handled after its successors
 * nor be given up twice. One item a record, in the inbox table:
 * ```
 *  given-up!SUBSCRIPTION!SEQUENCE-NUMBER    parts: {'0', '7', ...}    undelivered    expiresAt
 * ```
 * `undelivered`: the dead letter of one of its events could not be sent, and that event's tries (`tries.ts`) tell why it was given up.
 */
export interface GivenUp {
  /** Notes an event as settled, whatever becomes of the rest of its record. */
  note(message: Message): Promise<void>;
  /** Notes that the dead letter of an event has yet to be sent. */
  noteUndelivered(message: Message): Promise<void>;
}

type Part = NonNullable<Message['within']>;

const { partitionKey: PK, expiry } = INBOX_TABLE;

const keyOf = (s: Pick<Subscription, 'name'>, { sequenceNumber }: Part): string =>
  `given-up!${s.name}!${sequenceNumber}`;

/** Keys of the items that tell about the aggregated records among these messages: none without such records. */
export const givenUpKeys = (s: Pick<Subscription, 'name'>, messages: readonly Message[]): readonly string[] => [
  ...new Set(messages.flatMap(({ within }) => (within === undefined ? [] : keyOf(s, within)))),
];

/** Whether the items that were read say that a message was given up before. */
export function wasGivenUp(
  s: Pick<Subscription, 'name'>,
  { within }: Message,
  items: ReadonlyMap<string, Readonly<Record<string, unknown>>>,
): boolean {
  if (within === undefined) return false;
  return (items.get(keyOf(s, within))?.parts as Set<string> | undefined)?.has(String(within.part)) ?? false;
}

/** Whether the items that were read say that a dead letter of one of these records has yet to be sent. */
export const hasUndelivered = (
  s: Pick<Subscription, 'name'>,
  messages: readonly Message[],
  items: ReadonlyMap<string, Readonly<Record<string, unknown>>>,
): boolean => givenUpKeys(s, messages).some((key) => items.get(key)?.undelivered === true);

/** @param keepSeconds at least as long as a record may be delivered again */
export function tableGivenUp(
  table: string,
  s: Pick<Subscription, 'name'>,
  keepSeconds: number,
  { aws, id, now }: Runtime,
): GivenUp {
  const dynamodb = dynamodbOver(aws, id);
  const update = async ({ within }: Message, expression: string, values: object): Promise<void> => {
    if (within === undefined) return;
    await dynamodb('UpdateItem', {
      TableName: table,
      Key: { [PK]: keyOf(s, within) },
      UpdateExpression: `SET ${expiry} = :expiresAt${expression}`,
      ExpressionAttributeValues: { ...values, ':expiresAt': Math.floor(now() / MILLIS_PER_SECOND) + keepSeconds },
    });
  };
  return {
    note: (message) => update(message, ' ADD parts :parts', { ':parts': new Set([String(message.within?.part)]) }),
    noteUndelivered: (message) => update(message, ', undelivered = :true', { ':true': true }),
  };
}

const MILLIS_PER_SECOND = 1_000;
