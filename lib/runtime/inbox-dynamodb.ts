import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, GetCommand, PutCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { DYNAMODB } from '../contracts/limits.ts';
import { INBOX_TABLE } from '../contracts/tables.ts';
import { dynamodb } from './clients.ts';
import { type Inbox, type InboxKey, type InboxRecord, type Write, WriteRefused } from './inbox.ts';

const { partitionKey: PK, expiry: EXPIRY } = INBOX_TABLE;
const MILLIS_PER_SECOND = 1_000;

/**
 * The inbox in a DynamoDB table. Every step is one request.
 *
 * A lease, in time:
 * ```
 *  put (no record, or lease run out) ──▶ leased ──▶ renew, renew ... ──▶ done (kept for the deduplication window)
 *                                          │  only the owner may                  ▲
 *                                          ├── handler failed: delete             │
 *                                          └── holder died: lease runs out ──▶ next owner
 * ```
 * @param keepSeconds the deduplication window; DynamoDB deletes records after it
 */
export function dynamodbInbox(table: string, keepSeconds: number, now: () => number): Inbox {
  const expiresAt = () => Math.floor(now() / MILLIS_PER_SECOND) + keepSeconds;

  const done = ({ key, fingerprint }: InboxKey) => ({
    TableName: table,
    Item: { [PK]: key, state: 'done', fingerprint, doneAt: new Date(now()).toISOString(), [EXPIRY]: expiresAt() },
  });

  return {
    async find(key) {
      const { Item } = await dynamodb().send(
        new GetCommand({ TableName: table, Key: { [PK]: key }, ConsistentRead: true }),
      );
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
        await dynamodb().send(new TransactWriteCommand({ TransactItems: [record, ...writes] }));
        return undefined;
      } catch (error) {
        if (!(error instanceof TransactionCanceledException)) throw error;
        const reasons = error.CancellationReasons ?? [];
        const before = reasons[0];
        if (before?.Code === 'ConditionalCheckFailed' && before.Item !== undefined) {
          return unmarshall(before.Item) as InboxRecord;
        }
        const refused = reasons.flatMap(({ Code }, i) => (Code === 'ConditionalCheckFailed' && i > 0 ? [i - 1] : []));
        if (refused.length > 0) throw new WriteRefused(refused, { cause: error });
        throw error;
      }
    },

    async lease({ key, fingerprint }, owner, until) {
      try {
        await dynamodb().send(
          new PutCommand({
            TableName: table,
            Item: { [PK]: key, state: 'leased', fingerprint, owner, leaseUntil: until, [EXPIRY]: expiresAt() },
            ConditionExpression: `attribute_not_exists(${PK}) OR (#state = :leased AND leaseUntil < :now)`,
            ExpressionAttributeNames: { '#state': 'state' },
            ExpressionAttributeValues: { ':leased': 'leased', ':now': now() },
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        );
        return undefined;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException && error.Item !== undefined) {
          return unmarshall(error.Item) as InboxRecord;
        }
        throw error;
      }
    },

    renew: (key, owner, until) =>
      ifStillOwner(
        new UpdateCommand({
          TableName: table,
          Key: { [PK]: key },
          UpdateExpression: 'SET leaseUntil = :until',
          ...ownedBy(owner, { ':until': until }),
        }),
      ),

    complete: (key, owner) => ifStillOwner(new PutCommand({ ...done(key), ...ownedBy(owner) })),

    async release(key, owner) {
      await ifStillOwner(new DeleteCommand({ TableName: table, Key: { [PK]: key }, ...ownedBy(owner) }));
    },
  };
}

/** The fence: a write by a holder that has lost its lease does nothing. */
const ownedBy = (owner: string, values: Record<string, unknown> = {}) => ({
  ConditionExpression: '#owner = :owner AND #state = :leased',
  ExpressionAttributeNames: { '#owner': 'owner', '#state': 'state' },
  ExpressionAttributeValues: { ':owner': owner, ':leased': 'leased', ...values },
});

async function ifStillOwner(command: PutCommand | UpdateCommand | DeleteCommand): Promise<boolean> {
  try {
    await dynamodb().send(command as PutCommand);
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
