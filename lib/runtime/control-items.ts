import type { Subscription } from '../contracts/subscription.ts';
import { INBOX_TABLE } from '../contracts/tables.ts';
import { isAwsError } from './aws/call.ts';
import { type Dynamodb, dynamodbOver, readItems } from './aws/dynamodb.ts';
import type { Runtime } from './runtime.ts';

/**
 * What a consumer must know before it starts on a batch, kept in the inbox table so that it survives cold starts and is the same
 * for all instances: whether its breaker is open, and which keys are parked. One read for both.
 */
export interface ControlState {
  /** Epoch milliseconds until which nothing is to be tried; undefined: closed. */
  readonly openUntil: number | undefined;
  /** Whether failures are counted at present: a success then clears them. */
  readonly failing: boolean;
  readonly parkedKeys: ReadonlySet<string>;
}

const { partitionKey: PK } = INBOX_TABLE;

export const breakerKey = (s: Pick<Subscription, 'name'>): string => `breaker!${s.name}`;
export const parkedKeysKey = (s: Pick<Subscription, 'name'>): string => `parked!${s.name}`;

export async function readControl(dynamodb: Dynamodb, table: string, s: Subscription): Promise<ControlState> {
  const Keys = [{ [PK]: breakerKey(s) }, { [PK]: parkedKeysKey(s) }];
  const found = new Map((await readItems(dynamodb, table, Keys)).map((item) => [item[PK] as string, item]));
  const keys = found.get(parkedKeysKey(s))?.keys as Set<string> | undefined;
  return {
    failing: found.has(breakerKey(s)),
    openUntil: found.get(breakerKey(s))?.openUntil as number | undefined,
    parkedKeys: keys ?? new Set(),
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
