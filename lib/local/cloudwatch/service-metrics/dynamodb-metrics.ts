import type { CapacityMeter } from '../../dynamodb/capacity.ts';
import { isObject, listAt, objectAt, textAt } from '../../json.ts';
import type { ServiceResponse } from '../../service.ts';
import type { Dimensions, Metrics } from '../metrics/metrics.ts';
import type { Series } from '../metrics/series.ts';
import { inputOf, type RequestMeter } from './request-meter.ts';

const NAMESPACE = 'AWS/DynamoDB';
const WRITES = new Set(['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'TransactWriteItems']);
const READS = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan', 'TransactGetItems']);
const THROTTLES = new Set(['ProvisionedThroughputExceededException', 'ThrottlingException', 'RequestLimitExceeded']);

/**
 * Counts calls of DynamoDB under the names of AWS/DynamoDB.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
 */
export function createDynamodbMeter(metrics: Metrics): RequestMeter {
  const count = (name: string, dimensions: Dimensions, value = 1, unit = 'Count') =>
    metrics.series({ namespace: NAMESPACE, name, dimensions }, unit).add(value);

  return (request, response, durationMs) => {
    const Operation = request.operation ?? '';
    const isWrite = WRITES.has(Operation);
    if (!isWrite && !READS.has(Operation)) return;
    const tables = tablesOf(inputOf(request) ?? {});
    if (response.status === 200) {
      for (const TableName of tables)
        count('SuccessfulRequestLatency', { TableName, Operation }, durationMs, 'Milliseconds');
      if (Operation === 'BatchWriteItem') {
        for (const [TableName, requests] of unprocessedIn(response))
          count('WriteThrottleEvents', { TableName }, requests.length);
      }
      return;
    }
    const { code, reasons } = errorOf(response);
    if (code === 'ConditionalCheckFailedException' || reasons.includes('ConditionalCheckFailed'))
      for (const TableName of tables) count('ConditionalCheckFailedRequests', { TableName });
    if (code === 'TransactionConflictException' || reasons.includes('TransactionConflict'))
      for (const TableName of tables) count('TransactionConflict', { TableName });
    if (response.status >= 500) for (const TableName of tables) count('SystemErrors', { TableName, Operation });
    else if (THROTTLES.has(code) || reasons.includes('ThrottlingError')) {
      for (const TableName of tables) {
        count('ThrottledRequests', { TableName, Operation });
        count(isWrite ? 'WriteThrottleEvents' : 'ReadThrottleEvents', { TableName });
      }
    } else if (code !== 'ConditionalCheckFailedException' && !reasons.includes('ConditionalCheckFailed'))
      count('UserErrors', {});
  };
}

/** Consumed capacity, counted where the items are. */
export function createCapacityMeter(metrics: Metrics): CapacityMeter {
  const series = (name: string, TableName: string): Series =>
    metrics.series({ namespace: NAMESPACE, name, dimensions: { TableName } }, 'Count');
  return {
    read: (table, units) => series('ConsumedReadCapacityUnits', table).add(units),
    write: (table, units) => series('ConsumedWriteCapacityUnits', table).add(units),
  };
}

/** What of a batch was handed back: nearly always nothing, which is seen without a look inside. */
function unprocessedIn({ body }: ServiceResponse): readonly (readonly [table: string, requests: readonly unknown[]])[] {
  const text = String(body);
  if (text.includes('"UnprocessedItems":{}')) return [];
  return Object.entries(objectAt(JSON.parse(text), 'UnprocessedItems')).map(([name, requests]) => [
    name,
    Array.isArray(requests) ? requests : [],
  ]);
}

function tablesOf(input: Readonly<Record<string, unknown>>): string[] {
  if (typeof input.TableName === 'string') return [input.TableName.replace(/^arn:.*:table\//, '')];
  if (isObject(input.RequestItems)) return Object.keys(input.RequestItems);
  const parts = listAt(input, 'TransactItems').flatMap((item) => (isObject(item) ? Object.values(item) : []));
  return [...new Set(parts.map((part) => textAt(part, 'TableName') ?? ''))].filter((name) => name !== '');
}

function errorOf({ body }: ServiceResponse): { readonly code: string; readonly reasons: readonly string[] } {
  const error: unknown = JSON.parse(String(body) || '{}');
  const reasons = listAt(error, 'CancellationReasons').map((reason) => textAt(reason, 'Code') ?? 'None');
  return {
    code: (textAt(error, '__type') ?? textAt(objectAt(error, 'Error'), 'Code') ?? '').replace(/^.*#/, ''),
    reasons,
  };
}
