import { isObject, listAt, objectAt, textAt } from '../json.ts';

/**
 * The partition key values that (a part of) a DynamoDB request touches, for `dynamodb:LeadingKeys`; undefined when it names none,
 * as a Scan does.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
 */
export function leadingKeys(part: unknown, partitionKey: string): readonly string[] | undefined {
  const items = [
    ...['Key', 'Item'].flatMap((name) => (isObject(part) && isObject(part[name]) ? [part[name]] : [])),
    ...listAt(part, 'Keys'),
    ...listAt(part, 'Requests').flatMap((request) => [
      objectAt(objectAt(request, 'PutRequest'), 'Item'),
      objectAt(objectAt(request, 'DeleteRequest'), 'Key'),
    ]),
  ];
  const found = items.flatMap((item) => scalarOf(objectAt(item, partitionKey)));
  const queried = queriedValue(part, partitionKey);
  const values = queried === undefined ? found : [...found, queried];
  return values.length === 0 ? undefined : values;
}

function scalarOf(attribute: unknown): string[] {
  const value = textAt(attribute, 'S') ?? textAt(attribute, 'N') ?? textAt(attribute, 'B');
  return value === undefined ? [] : [value];
}

/** The value that a Query compares the partition key with: it must be an equality. */
function queriedValue(part: unknown, partitionKey: string): string | undefined {
  const names = objectAt(part, 'ExpressionAttributeNames');
  for (const [, name = '', value = ''] of (textAt(part, 'KeyConditionExpression') ?? '').matchAll(
    /([#\w.-]+)\s*=\s*(:\w+)/g,
  )) {
    if ((textAt(names, name) ?? name) !== partitionKey) continue;
    return scalarOf(objectAt(objectAt(part, 'ExpressionAttributeValues'), value))[0];
  }
  return undefined;
}
