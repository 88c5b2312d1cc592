import { OUTBOX_TABLE } from '../../contracts/agreed/tables.ts';
import type { Dynamodb } from '../aws/dynamodb.ts';
import type { Write } from '../inbox/inbox.ts';

/**
 * Moves the head of an aggregate together with its new events: the transaction goes through only when `after` is its newest sequence.
 * @param seen what the head said a moment ago, when that is not `after` and the rows have shown that it is behind
 */
export function moveHead(
  table: string,
  aggregate: string,
  { after, to, seen }: { readonly after: number; readonly to: number; readonly seen?: Head },
): Write {
  const expected = seen === undefined ? after : (seen.newest ?? 0);
  // Row 0 of a new aggregate is not there at all. One without `newest` is the cursor of an aggregate from before there were heads.
  const unknown = seen === undefined ? OUTBOX_TABLE.partitionKey : 'newest';
  return {
    Update: {
      TableName: table,
      Key: { [OUTBOX_TABLE.partitionKey]: aggregate, [OUTBOX_TABLE.sortKey]: OUTBOX_TABLE.headSequence },
      UpdateExpression: 'SET newest = :to',
      ConditionExpression: expected === 0 ? `attribute_not_exists(${unknown})` : 'newest = :expected',
      ExpressionAttributeValues: expected === 0 ? { ':to': to } : { ':to': to, ':expected': expected },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  };
}

/** Row 0 of an aggregate. */
export interface Head {
  /** Sequence of its newest event; undefined when the rows are from before there were heads. */
  readonly newest?: number;
  /** The relay's cursor, which stood here until there were heads. */
  readonly published?: number;
}

/**
 * The newest sequence of an aggregate whose head refused `after`. Versions without heads leave heads behind, or none: then the rows and
 * the cursor tell.
 */
export async function newestOf(
  dynamodb: Dynamodb,
  table: string,
  aggregate: string,
  after: number,
  { newest = 0, published = 0 }: Head,
): Promise<number> {
  if (newest > after || published > after) return Math.max(newest, published);
  const { Items } = await dynamodb('Query', {
    TableName: table,
    KeyConditionExpression: 'aggregateId = :aggregate AND #sequence > :head',
    ExpressionAttributeNames: { '#sequence': OUTBOX_TABLE.sortKey },
    ExpressionAttributeValues: { ':aggregate': aggregate, ':head': OUTBOX_TABLE.headSequence },
    ConsistentRead: true,
    ScanIndexForward: false,
    Limit: 1,
  });
  const row = Items?.[0]?.[OUTBOX_TABLE.sortKey] as number | undefined;
  return Math.max(newest, published, row ?? 0);
}
