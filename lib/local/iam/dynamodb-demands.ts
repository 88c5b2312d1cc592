import { parseArn } from '../../formats/arn.ts';
import { jsonBody } from '../endpoint-request.ts';
import { isObject, type JsonObject, listAt, objectAt, textAt } from '../json.ts';
import type { ServiceRequest } from '../service.ts';
import { type Demand, type DemandContext, present } from './demand.ts';
import { leadingKeys } from './leading-keys.ts';

/** What a DynamoDB or DynamoDB Streams call needs, table by table. */
export function dynamodbDemands(request: ServiceRequest, context: DemandContext): readonly Demand[] {
  const operation = request.operation ?? '';
  const body = jsonBody(request) as JsonObject;
  const tableArn = (name: unknown) =>
    String(name).startsWith('arn:')
      ? String(name)
      : `arn:aws:dynamodb:${request.region}:${context.account}:table/${name}`;
  const need = (action: string, resource: string, part: unknown = {}, more: Demand['values'] = {}): Demand => ({
    action: `dynamodb:${action}`,
    resources: [resource],
    values: { ...valuesOf(part, resource, context), ...more },
  });

  if (operation === 'TransactWriteItems' || operation === 'TransactGetItems') {
    return listAt(body, 'TransactItems').flatMap((item) =>
      Object.entries(isObject(item) ? item : {}).map(([kind, part]) =>
        need(TRANSACTION_ACTIONS[kind] ?? kind, tableArn(textAt(part, 'TableName')), part, {
          'dynamodb:enclosingoperation': operation,
        }),
      ),
    );
  }
  if (operation === 'BatchGetItem' || operation === 'BatchWriteItem') {
    return Object.entries(objectAt(body, 'RequestItems')).map(([table, part]) =>
      need(operation, tableArn(table), Array.isArray(part) ? { Requests: part } : part),
    );
  }
  if (operation === 'GetRecords') return [need(operation, streamOfIterator(body.ShardIterator))];
  if (typeof body.StreamArn === 'string') return [need(operation, body.StreamArn)];
  if (typeof body.ResourceArn === 'string') return [need(operation, body.ResourceArn)];
  if (body.TableName === undefined) return [need(operation, '*')];
  const table = tableArn(body.TableName);
  return [need(operation, typeof body.IndexName === 'string' ? `${table}/index/${body.IndexName}` : table, body)];
}

/** There is no permission named after the transaction: each part needs its own. */
const TRANSACTION_ACTIONS: Readonly<Record<string, string>> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
  Get: 'GetItem',
};

function valuesOf(part: unknown, resource: string, { partitionKeyOf }: DemandContext): Demand['values'] {
  const key = partitionKeyOf(parseArn(resource)?.resource.split('/')[1] ?? '');
  return present({
    'dynamodb:leadingkeys': key === undefined ? undefined : leadingKeys(part, key),
    'dynamodb:returnvalues': textAt(part, 'ReturnValues'),
    'dynamodb:select': textAt(part, 'Select'),
  });
}

/** The engine's shard iterators start with the stream's ARN (see dynamodb/streams.ts), as those of AWS do. */
function streamOfIterator(iterator: unknown): string {
  const text = String(iterator ?? '');
  const bar = text.indexOf('|');
  return bar === -1 ? '*' : text.slice(0, bar);
}
