import { INBOX_TABLE } from '../../contracts/agreed/tables.ts';
import { toMillis } from '../../contracts/declaring/duration.ts';
import type { BreakerPolicy, Subscription } from '../../contracts/subscriptions/subscription.ts';
import { dynamodbOver } from '../aws/dynamodb.ts';
import type { Runtime } from '../invocation/runtime.ts';
import { breakerKey, type ControlState, wasRefused } from './control-items.ts';

/**
 * Circuit breaker of a subscription, as a table item:
 * ```
 *  closed ──(failures in a row >= threshold)──▶ open until T ──(T passed: one message is tried)──▶ closed
 *     ▲                                            ▲                     │
 *     └─────────── success clears the count        └── still down: T = twice the cool-down, up to a cap
 * ```
 * While it is open the event source mapping is disabled, so that no message is received and none pays with a receive count;
 * the controller (`breaker-controller.ts`) does that and enables it again when T has passed.
 */
export interface Breaker {
  /** Whether to try all, one message, or none. */
  admit(state: ControlState): 'all' | 'one' | 'none';
  /** A dependency was down. @returns whether the breaker is open now */
  failed(dependency: string): Promise<boolean>;
  /** A message was done. */
  succeeded(): Promise<void>;
}

const { partitionKey: PK } = INBOX_TABLE;

/** The cool-down after opening for the n-th time in a row, milliseconds. */
export function coolDownMillis({ coolDown, maxCoolDown }: BreakerPolicy, opened: number): number {
  return Math.min(toMillis(maxCoolDown), toMillis(coolDown) * 2 ** Math.max(0, opened - 1));
}

export function tableBreaker(
  table: string,
  s: Subscription,
  policy: BreakerPolicy,
  { aws, id, now }: Runtime,
): Breaker {
  const dynamodb = dynamodbOver(aws, id);
  const Key = { [PK]: breakerKey(s) };
  return {
    admit: ({ openUntil }) => (openUntil === undefined ? 'all' : now() < openUntil ? 'none' : 'one'),

    async failed(dependency) {
      const { Attributes } = await dynamodb('UpdateItem', {
        TableName: table,
        Key,
        UpdateExpression: 'SET dependency = :dependency ADD failures :one',
        ExpressionAttributeValues: { ':dependency': dependency, ':one': 1 },
        ReturnValues: 'ALL_NEW',
      });
      const opened = Number(Attributes?.opened ?? 0);
      const openUntil = Attributes?.openUntil as number | undefined;
      if (openUntil !== undefined && now() < openUntil) return true;
      if (openUntil === undefined && Number(Attributes?.failures) < policy.failures) return false;
      // Conditional on what was read: of several instances that see the threshold passed, one opens.
      try {
        await dynamodb('UpdateItem', {
          TableName: table,
          Key,
          UpdateExpression: 'SET openUntil = :until, opened = :opened',
          ConditionExpression: openUntil === undefined ? 'attribute_not_exists(openUntil)' : 'openUntil = :before',
          ExpressionAttributeValues: {
            ':until': now() + coolDownMillis(policy, opened + 1),
            ':opened': opened + 1,
            ...(openUntil === undefined ? {} : { ':before': openUntil }),
          },
        });
      } catch (error) {
        if (!wasRefused(error)) throw error;
      }
      return true;
    },

    async succeeded() {
      await dynamodb('DeleteItem', { TableName: table, Key });
    },
  };
}
