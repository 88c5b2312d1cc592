import type { DeleteCommandInput, PutCommandInput, UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import { INBOX_TABLE } from '../../contracts/agreed/tables.ts';
import { DYNAMODB } from '../../contracts/declaring/limits.ts';
import { isAwsError } from '../aws/calls/call.ts';
import { cancellationReasons, dynamodbOver, itemInTheWay } from '../aws/dynamodb.ts';
import type { Runtime } from '../invocation/runtime.ts';
import { type Inbox, type InboxKey, type InboxRecord, type StepResults, type Write, WriteRefused } from './inbox.ts';

const { partitionKey: PK, expiry: EXPIRY } = INBOX_TABLE;
const MILLIS_PER_SECOND = 1_000;

/**
 * The inbox in a DynamoDB table. Every step is one request.
 *
 * A lease, in time:
 * ```
 *  put (no record, or lease run out) ──▶ leased ──▶ renew, renew ... ──▶ done (kept for the deduplication window)
 *                                          │  only the owner may                  ▲
 *                                          ├── step done: keep its result         │
 *                                          ├── handler failed: delete, or - with  │
 *                                          │   results of steps - let it run out  │
 *                                          └── holder died: lease runs out ──▶ next owner
 * ```
 * @param keepSeconds the deduplication window; DynamoDB deletes records after it
 */
export function dynamodbInbox(table: string, keepSeconds: number, { aws, id, now }: Runtime): Inbox {
  const dynamodb = dynamodbOver(aws, id);
  const expiresAt = () => Math.floor(now() / MILLIS_PER_SECOND) + keepSeconds;

  const done = ({ key, fingerprint }: InboxKey) => ({
    TableName: table,
    Item: { [PK]: key, state: 'done', fingerprint, doneAt: new Date(now()).toISOString(), [EXPIRY]: expiresAt() },
  });

  /** @returns false when the owner has lost the lease: then nothing was written */
  async function ifStillOwner(write: () => Promise<unknown>): Promise<boolean> {
    try {
      await write();
      return true;
    } catch (error) {
      if (isAwsError(error, 'ConditionalCheckFailedException')) return false;
      throw error;
    }
  }

  return {
    async find(key) {
      const { Item } = await dynamodb('GetItem', { TableName: table, Key: { [PK]: key }, ConsistentRead: true });
      return Item as InboxRecord | undefined;
    },

    async commit(key, writes) {
      if (writes.length >= DYNAMODB.maxTransactionItems) {
        throw new RangeError(
          `an effect has ${writes.length} writes; with its inbox record a transaction takes ${DYNAMODB.maxTransactionItems}. Split it with part()`,
        );
      }
      const record: Write = {
        Put: {
          ...done(key),
          ConditionExpression: `attribute_not_exists(${PK})`,
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        },
      };
      try {
        await dynamodb('TransactWriteItems', { TransactItems: [record, ...writes] });
        return undefined;
      } catch (error) {
        const reasons = cancellationReasons(error);
        if (reasons === undefined) throw error;
        const before = reasons[0];
        if (before?.Code === 'ConditionalCheckFailed' && before.Item !== undefined) {
          return before.Item as unknown as InboxRecord;
        }
        const refused = reasons.flatMap(({ Code }, i) => (Code === 'ConditionalCheckFailed' && i > 0 ? [i - 1] : []));
        if (refused.length > 0) throw new WriteRefused(refused, { cause: error });
        throw error;
      }
    },

    async lease({ key, fingerprint }, owner, until) {
      try {
        // An update, not a put: what the steps of earlier holders came to stays.
        const { Attributes } = await dynamodb('UpdateItem', {
          TableName: table,
          Key: { [PK]: key },
          UpdateExpression: `SET #state = :leased, fingerprint = :fingerprint, #owner = :owner, leaseUntil = :until, ${EXPIRY} = :expiresAt`,
          ConditionExpression: `attribute_not_exists(${PK}) OR (#state = :leased AND leaseUntil < :now AND fingerprint = :fingerprint)`,
          ExpressionAttributeNames: { '#state': 'state', '#owner': 'owner' },
          ExpressionAttributeValues: {
            ':leased': 'leased',
            ':fingerprint': fingerprint,
            ':owner': owner,
            ':until': until,
            ':expiresAt': expiresAt(),
            ':now': now(),
          },
          ReturnValues: 'ALL_NEW',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        });
        return { taken: true, steps: stepsOf(Attributes) };
      } catch (error) {
        if (!isAwsError(error, 'ConditionalCheckFailedException')) throw error;
        const before = itemInTheWay(error);
        // Our own write, tried again because its answer was lost, finds itself.
        if (before === undefined || before.owner === owner) return { taken: true, steps: stepsOf(before) };
        return { taken: false, record: before as unknown as InboxRecord };
      }
    },

    renew: (key, owner, until) =>
      ifStillOwner(() =>
        dynamodb('UpdateItem', {
          TableName: table,
          Key: { [PK]: key },
          UpdateExpression: 'SET leaseUntil = :until',
          ...ownedBy(owner, { ':until': until }),
        } satisfies UpdateCommandInput),
      ),

    complete: (key, owner) =>
      ifStillOwner(() => dynamodb('PutItem', { ...done(key), ...ownedBy(owner) } satisfies PutCommandInput)),

    keepStep: (key, owner, step, result) =>
      ifStillOwner(() => {
        const owned = ownedBy(owner, { ':result': result });
        return dynamodb('UpdateItem', {
          TableName: table,
          Key: { [PK]: key },
          UpdateExpression: 'SET #step = :result',
          ...owned,
          ExpressionAttributeNames: { ...owned.ExpressionAttributeNames, '#step': `${STEP_PREFIX}${step}` },
        } satisfies UpdateCommandInput);
      }),

    async release(key, owner, keepSteps) {
      if (keepSteps) {
        await this.renew(key, owner, 0);
        return;
      }
      const remove = { TableName: table, Key: { [PK]: key }, ...ownedBy(owner) } satisfies DeleteCommandInput;
      await ifStillOwner(() => dynamodb('DeleteItem', remove));
    },
  };
}

/** Attributes of a lease that hold what its steps came to. */
const STEP_PREFIX = 'step:';

const stepsOf = (item: Record<string, unknown> | undefined): StepResults =>
  Object.fromEntries(
    Object.entries(item ?? {}).flatMap(([name, value]) =>
      name.startsWith(STEP_PREFIX) ? [[name.slice(STEP_PREFIX.length), String(value)]] : [],
    ),
  );

/** The fence: a write by a holder that has lost its lease does nothing. */
const ownedBy = (owner: string, values: Record<string, unknown> = {}) => ({
  ConditionExpression: '#owner = :owner AND #state = :leased',
  ExpressionAttributeNames: { '#owner': 'owner', '#state': 'state' },
  ExpressionAttributeValues: { ':owner': owner, ':leased': 'leased', ...values },
});
