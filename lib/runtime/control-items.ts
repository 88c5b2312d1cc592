import type { Subscription } from '../contracts/subscription.ts';
import { INBOX_TABLE } from '../contracts/tables.ts';
import { isAwsError } from './aws/call.ts';
import { type Dynamodb, dynamodbOver, readItems } from './aws/dynamodb.ts';
import { givenUpKeys, wasGivenUp } from './given-up.ts';
import type { Message } from './message.ts';
import type { Runtime } from './runtime.ts';

/**
 * What a consumer must know before it starts on a batch, kept in the inbox table so that it survives cold starts and is the same
 * for all instances: whether its breaker is open, which keys are parked, what was given up of records that come again. One read for
 * all of it.
 */
export interface ControlState {
  /** Epoch milliseconds until which nothing is to be tried; undefined: closed. */
  readonly openUntil: number | undefined;
  /** Whether failures are counted at present: a success then clears them. */
  readonly failing: boolean;
  readonly parkedKeys: ReadonlySet<string>;
  /** Of aggregated records: whether an event was given up when its record came before. */
  readonly wasGivenUp: (message: Message) => boolean;
}

const { partitionKey: PK } = INBOX_TABLE;

export const breakerKey = (s: Pick<Subscription, 'name'>): string => `breaker!${s.name}`;
export const parkedKeysKey = (s: Pick<Subscription, 'name'>): string => `parked!${s.name}`;
/** The number stands before the key: a key may hold any text, also one that looks like a number. */
export const parkedLotKey = (s: Pick<Subscription, 'name'>, key: string): string => `${parkedKeysKey(s)}!lot!${key}`;
export const parkedMessageKey = (s: Pick<Subscription, 'name'>, key: string, number: number): string =>
  `${parkedKeysKey(s)}!${number}!${key}`;

/** Nothing is open, parked or given up. */
export const NO_CONTROL: ControlState = {
  openUntil: undefined,
  failing: false,
  parkedKeys: new Set(),
  wasGivenUp: () => false,
};

/** Reads what there is to know before a batch; a subscription that has nothing to ask for does not pay for asking. */
export async function readControl(
  dynamodb: Dynamodb,
  table: string,
  s: Subscription,
  messages: readonly Message[],
): Promise<ControlState> {
  const keys = [
    ...(s.breaker === undefined ? [] : [breakerKey(s)]),
    ...(s.failedKey === 'park' ? [parkedKeysKey(s)] : []),
    ...givenUpKeys(s, messages),
  ];
  if (keys.length === 0) return NO_CONTROL;
  const items = await readItems(
    dynamodb,
    table,
    keys.map((key) => ({ [PK]: key })),
  );
  const found = new Map(items.map((item) => [item[PK] as string, item]));
  return {
    failing: found.has(breakerKey(s)),
    openUntil: found.get(breakerKey(s))?.openUntil as number | undefined,
    parkedKeys: (found.get(parkedKeysKey(s))?.keys as Set<string> | undefined) ?? new Set(),
    wasGivenUp: (message) => wasGivenUp(s, message, found),
  };
}

/** How often a message was tried and failed: what counts as an attempt, however often it was received. */
export function attemptCounter(table: string, keepSeconds: number, { aws, id, now }: Runtime) {
  const dynamodb = dynamodbOver(aws, id);
  return async function countAttempt(key: string): Promise<number> {
    const { Attributes } = await dynamodb('UpdateItem', {
      TableName: table,
      Key: { [PK]: `attempts!${key}` },
      // A set and not a number: a call whose answer was lost is made again, and must not count twice.
      UpdateExpression: 'SET expiresAt = :expiresAt ADD attempts :attempt',
      ExpressionAttributeValues: { ':attempt': new Set([id()]), ':expiresAt': Math.floor(now() / 1_000) + keepSeconds },
      ReturnValues: 'UPDATED_NEW',
    });
    return (Attributes?.attempts as Set<string> | undefined)?.size ?? 1;
  };
}

/** Whether a conditional write was refused, alone or in a transaction. */
export const wasRefused = (error: unknown): boolean =>
  isAwsError(error, 'ConditionalCheckFailedException') || isAwsError(error, 'TransactionCanceledException');
