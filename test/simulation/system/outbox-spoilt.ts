import { createHash } from 'node:crypto';
import { OUTBOX_TABLE } from '../../../lib/contracts/agreed/tables.ts';
import { EPOCH, type World } from '../../../lib/testing/world/world.ts';
import { USED_AGAIN_MILLIS } from '../scenario/events.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { OUTBOX_TABLE_NAME } from './names.ts';
import type { ObservedServices } from './observed-services.ts';

export const STUCK = 'stuck-';
/** Older than anything else: whoever reads rows in their order meets them first. */
const CREATED_AT = new Date(EPOCH - 3_600_000).toISOString();

/** Bodies that nothing can be made of, or that no channel takes. */
const BODIES = ['no json', '{}', 'null', '{"id":"stuck","type":"sim.never-declared"}'] as const;

/** What time and strangers do to the outbox's table: rows expire, and rows come that can never be published. */
export function spoilOutbox(world: World, { events, stuckRows }: Scenario, { dynamodb }: ObservedServices): void {
  if (events.some(({ believes }) => believes === 'nothing')) {
    world.after(USED_AGAIN_MILLIS - 1_000, dynamodb.expire);
  }
  const buckets = [...new Set(events.map(({ key }) => bucketOf(key)))];
  for (let i = 0; i < stuckRows; i++) {
    const Item = {
      aggregateId: { S: `${STUCK}${i}` },
      sequence: { N: '1' },
      body: { S: BODIES[i % BODIES.length] },
      createdAt: { S: CREATED_AT },
      unpublished: { S: buckets[i % buckets.length] ?? '0' },
    };
    world.after(0, () => dynamodb.call('PutItem', { TableName: OUTBOX_TABLE_NAME, Item }));
  }
}

/** The bucket of the index that the outbox's writer puts an aggregate's rows into. */
const bucketOf = (aggregate: string): string =>
  String((createHash('sha256').update(aggregate).digest()[0] ?? 0) % OUTBOX_TABLE.unpublishedBuckets);
