import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { INBOX_TABLE, OUTBOX_TABLE } from '../../contracts/agreed/tables.ts';
import type { SystemContract } from '../../contracts/system.ts';
import { messagesIn } from '../dead-letters/dead-letter-queue.ts';
import type { Clients } from '../deployed/clients.ts';
import { readLog } from '../traffic/read-log.ts';
import type { World } from './system.ts';

/**
 * What still has to be done in a deployed system, in words; empty when it has come to rest. Outboxes, queues and the positions of aggregations are looked
 * at. Other consumers of logs and streams keep no position that can be read: whoever runs the engine waits until nothing is called any more.
 */
export async function stillToDo(contract: SystemContract, world: World): Promise<string[]> {
  const { clients, deployed } = world;
  const rows = await Promise.all(deployed.outboxTables.map((table) => countUnpublished(clients, table)));
  const unpublished = sumOf(rows);
  if (unpublished > 0) return [`${unpublished} events to publish`];
  const waiting = await Promise.all(
    deployed.queues.map(async ({ url, name }) => {
      const depth = await messagesIn(clients.sqs, url);
      return depth === 0 ? [] : [`${depth} messages in ${name}`];
    }),
  );
  if (waiting.flat().length > 0) return waiting.flat();
  return (await Promise.all(aggregationsOf(contract, world).map((one) => lagOf(one, world)))).flat();
}

interface Aggregation {
  readonly subscription: string;
  /** Name of the stream. */
  readonly log: string;
}

const aggregationsOf = ({ subscriptions }: SystemContract, { stackName, deployed }: World): Aggregation[] =>
  subscriptions.flatMap(({ name, to, guarantee }) =>
    guarantee === 'exactly-once-aggregation' && deployed.consumers.includes(name)
      ? deployed.logs
          .filter((log) => log.name === `${stackName}-${to.name}`)
          .map((log) => ({ subscription: name, log: log.name }))
      : [],
  );

async function countUnpublished({ dynamodb }: Clients, table: string): Promise<number> {
  const { name, partitionKey } = OUTBOX_TABLE.unpublishedIndex;
  const counts = await Promise.all(
    Array.from({ length: OUTBOX_TABLE.unpublishedBuckets }, async (_, bucket) => {
      const query = {
        TableName: table,
        IndexName: name,
        KeyConditionExpression: '#bucket = :bucket',
        ExpressionAttributeNames: { '#bucket': partitionKey },
        ExpressionAttributeValues: { ':bucket': String(bucket) },
        Select: 'COUNT' as const,
      };
      return (await dynamodb.send(new QueryCommand(query))).Count ?? 0;
    }),
  );
  return sumOf(counts);
}

async function lagOf({ subscription, log }: Aggregation, { clients, deployed }: World): Promise<string[]> {
  const shards = Map.groupBy(await readLog(clients.kinesis, log), ({ shard }) => shard);
  const lags = await Promise.all(
    [...shards].map(async ([shard, records]) => {
      const position = await positionOf(clients, deployed.inboxTables, `${subscription}@${shard}`);
      return records.filter(({ sequenceNumber }) => BigInt(sequenceNumber) > position).length;
    }),
  );
  const lag = sumOf(lags);
  return lag === 0 ? [] : [`${lag} records for ${subscription}`];
}

async function positionOf({ dynamodb }: Clients, tables: readonly string[], key: string): Promise<bigint> {
  for (const TableName of tables) {
    const get = new GetCommand({ TableName, Key: { [INBOX_TABLE.partitionKey]: key }, ConsistentRead: true });
    const { Item } = await dynamodb.send(get);
    if (Item?.position !== undefined) return BigInt(String(Item.position).split('.')[0] ?? '0');
  }
  return 0n;
}

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
