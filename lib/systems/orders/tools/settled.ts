import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { INBOX_TABLE, OUTBOX_TABLE } from '../../../contracts/agreed/tables.ts';
import { messagesIn } from '../../../operations/dead-letters/dead-letter-queue.ts';
import { type Outputs, output } from '../../../operations/deployed/deployment.ts';
import { readLog } from '../../../operations/traffic/read-log.ts';
import { salesTotals } from '../contract.ts';
import type { Clients } from './clients.ts';
import { QUEUES } from './mishaps.ts';

/** What still has to be done, in words; empty when the system has come to rest. */
export async function stillToDo(clients: Clients, outputs: Outputs): Promise<string[]> {
  const unpublished = await countUnpublished(clients, output(outputs, 'OutboxTable'));
  if (unpublished > 0) return [`${unpublished} events to publish`];
  const queues = await Promise.all(QUEUES.map((queue) => waitingIn(clients, output(outputs, `${queue}Queue`), queue)));
  const waiting = queues.flat();
  if (waiting.length > 0) return waiting;
  return lagOfTotals(clients, outputs);
}

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
  return counts.reduce((sum, count) => sum + count, 0);
}

async function waitingIn({ sqs }: Clients, url: string, name: string): Promise<string[]> {
  const depth = await messagesIn(sqs, url);
  return depth === 0 ? [] : [`${depth} messages in ${name.toLowerCase()}`];
}

async function lagOfTotals({ dynamodb, kinesis }: Clients, outputs: Outputs): Promise<string[]> {
  const records = await readLog(kinesis, output(outputs, 'OrderLog'));
  const shards = Map.groupBy(records, ({ shard }) => shard);
  const lags = await Promise.all(
    [...shards].map(async ([shard, inShard]) => {
      const Key = { [INBOX_TABLE.partitionKey]: `${salesTotals.name}@${shard}` };
      const { Item } = await dynamodb.send(
        new GetCommand({ TableName: output(outputs, 'InboxTable'), Key, ConsistentRead: true }),
      );
      const position = BigInt(((Item?.position as string | undefined) ?? '0').split('.')[0] ?? '0');
      return inShard.filter(({ sequenceNumber }) => BigInt(sequenceNumber) > position).length;
    }),
  );
  const lag = lags.reduce((sum, count) => sum + count, 0);
  return lag === 0 ? [] : [`${lag} records to count`];
}
