import { parseArn } from '../../formats/arn.ts';
import type { Demand } from './demand.ts';

/**
 * What a call needs of the customer key that its resource is encrypted with, by action; the caller's own permissions count.
 * Queues: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
 * Topics: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
 * Streams: https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html
 * Tables: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
 * Buckets: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
 */
const KEY_ACTIONS: Readonly<Record<string, readonly string[]>> = {
  'sqs:SendMessage': ['GenerateDataKey', 'Decrypt'],
  'sqs:ReceiveMessage': ['Decrypt'],
  'sns:Publish': ['GenerateDataKey', 'Decrypt'],
  'kinesis:PutRecord': ['GenerateDataKey'],
  'kinesis:PutRecords': ['GenerateDataKey'],
  'kinesis:GetRecords': ['Decrypt'],
  'kinesis:SubscribeToShard': ['Decrypt'],
  's3:PutObject': ['GenerateDataKey'],
  's3:GetObject': ['Decrypt'],
};

/** DynamoDB opens the table's key in the name of whoever reads or writes its items, or the stream of them. */
const TABLE_DATA =
  /^dynamodb:(BatchGetItem|BatchWriteItem|ConditionCheckItem|DeleteItem|GetItem|GetRecords|PutItem|Query|Scan|UpdateItem)$/;

/** Permissions on the key of the resource that a demand is about. */
export function keyDemands({ action }: Demand, keyArn: string): readonly Demand[] {
  const actions = KEY_ACTIONS[action] ?? (TABLE_DATA.test(action) ? ['Decrypt'] : []);
  const [service = '', region = ''] = [action.split(':')[0], parseArn(keyArn)?.region];
  const values = { 'kms:viaservice': `${service}.${region}.amazonaws.com` };
  return actions.map((name) => ({ action: `kms:${name}`, resources: [keyArn], values }));
}
