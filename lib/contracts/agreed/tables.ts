/** Key and attribute names of the tables that the runtime writes and the constructs create: said once, used by both. */

export const INBOX_TABLE = { partitionKey: 'pk', expiry: 'expiresAt' } as const;

export const OUTBOX_TABLE = {
  /** The aggregate's id (`aggregate` alone is a reserved word of DynamoDB). */
  partitionKey: 'aggregateId',
  /** The event's sequence within the aggregate, from 1. */
  sortKey: 'sequence',
  /** Row 0 is the aggregate's head: `newest` is the sequence of its newest event, for ever. Only writers change it. */
  headSequence: 0,
  /** Row -1 is the relay's cursor: `published` up to there. A row of its own, so that relay and writers never meet. Until 2026 it was in row 0. */
  cursorSequence: -1,
  expiry: 'expiresAt',
  /** Sparse index over rows not published yet: rows leave it when the attribute is removed. */
  unpublishedIndex: { name: 'unpublished', partitionKey: 'unpublished', sortKey: 'createdAt' },
  /** Rows are spread over this many index partitions so that the index is no hot key. */
  unpublishedBuckets: 8,
} as const;
