import { jsonBody } from '../endpoint-request.ts';
import type { ServiceRequest } from '../service.ts';
import type { Demand } from './demand.ts';

/** What a DynamoDB or DynamoDB Streams call needs, table by table. */
export function dynamodbDemands(request: ServiceRequest, account: string): readonly Demand[] {
  const operation = request.operation ?? '';
  const body = jsonBody(request);
  const tableArn = (name: unknown) =>
    String(name).startsWith('arn:') ? String(name) : `arn:aws:dynamodb:${request.region}:${account}:table/${name}`;
  const need = (action: string, resource: string): Demand => ({ action: `dynamodb:${action}`, resources: [resource] });

  if (operation === 'TransactWriteItems' || operation === 'TransactGetItems') {
    return records(body.TransactItems).flatMap((item) =>
      Object.entries(item).map(([kind, part]) =>
        need(TRANSACTION_ACTIONS[kind] ?? kind, tableArn((part as { TableName?: unknown }).TableName)),
      ),
    );
  }
  if (operation === 'BatchGetItem' || operation === 'BatchWriteItem') {
    return Object.keys((body.RequestItems ?? {}) as object).map((table) => need(operation, tableArn(table)));
  }
  if (operation === 'GetRecords') return [need(operation, streamOfIterator(body.ShardIterator))];
  if (typeof body.StreamArn === 'string') return [need(operation, body.StreamArn)];
  if (typeof body.ResourceArn === 'string') return [need(operation, body.ResourceArn)];
  if (body.TableName === undefined) return [need(operation, '*')];
  const table = tableArn(body.TableName);
  return [need(operation, typeof body.IndexName === 'string' ? `${table}/index/${body.IndexName}` : table)];
}

/** There is no permission named after the transaction: each part needs its own. */
const TRANSACTION_ACTIONS: Readonly<Record<string, string>> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
  Get: 'GetItem',
};

/** The engine's shard iterators start with the stream's ARN (see dynamodb/streams.ts), as those of AWS do. */
function streamOfIterator(iterator: unknown): string {
  const text = String(iterator ?? '');
  const bar = text.indexOf('|');
  return bar === -1 ? '*' : text.slice(0, bar);
}

function records(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value : [];
}
