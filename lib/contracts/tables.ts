/** Key and attribute names of the tables that the runtime writes and the constructs create: said once, used by both. */

export const INBOX_TABLE = { partitionKey: 'pk', expiry: 'expiresAt' } as const;

export const OUTBOX_TABLE = {
  /** The aggregate's id (`aggregate` alone is a reserved word of DynamoDB). */
  partitionKey: 'aggregateId',
  /** The event's sequence within the aggregate, from 1; row 0 is the relay's cursor. */
  sortKey: 'sequence',
  cursorSequence: 0,
  expiry: 'expiresAt',
  /** Sparse index over rows not published yet: rows leave it when the attribute is removed. */
  unpublishedIndex: { name: 'unpublished', partitionKey: 'unpublished', sortKey: 'createdAt' },
  /** Rows are spread over this many index partitions so that the index is no hot key. */
  unpublishedBuckets: 8,
} as const;
