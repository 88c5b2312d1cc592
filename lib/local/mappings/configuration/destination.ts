import { randomUUID } from 'node:crypto';
import { parseArn } from '../../../formats/arn.ts';
import type { AwsCalls } from '../../call.ts';

/**
 * Whether a stream's mapping can send failed records to this ARN: a standard queue, a standard topic or a bucket.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 */
export function isFailureDestination(arn: string): boolean {
  const { service, resource = '' } = parseArn(arn) ?? {};
  return service === 's3' || ((service === 'sqs' || service === 'sns') && !resource.endsWith('.fifo'));
}

export interface DestinationMessage {
  readonly body: string;
  /** Message attributes of queues and topics: text as String, numbers as Number. */
  readonly attributes?: Readonly<Record<string, string | number>>;
  /** Group of a FIFO queue; a random deduplication id goes with it unless the sender names none. */
  readonly groupId?: string;
  /** Whether the sender leaves deduplication to the contents, which a FIFO queue must be set to. */
  readonly byContent?: boolean;
  /** Object key, for buckets. */
  readonly key?: string;
}

/**
 * Sends text to a queue, topic, function (as an event) or bucket.
 * @throws AwsCallError when the destination refuses it
 */
export async function sendTo(
  arn: string,
  message: DestinationMessage,
  context: { calls: AwsCalls; accountId: string },
): Promise<void> {
  const { calls, accountId } = context;
  const { service, resource: name = '' } = parseArn(arn) ?? {};
  const fifo = name.endsWith('.fifo');
  const groupId = message.groupId ?? 'default';
  if (service === 'sqs') {
    const entries = attributesOf(message).map(({ name: key, ...value }) => [key, value]);
    await calls.json('sqs', 'SendMessage', {
      QueueUrl: `http://127.0.0.1/${accountId}/${name}`,
      MessageBody: message.body,
      ...(entries.length > 0 ? { MessageAttributes: Object.fromEntries(entries) } : {}),
      ...(fifo ? { MessageGroupId: groupId } : {}),
      ...(fifo && message.byContent !== true ? { MessageDeduplicationId: randomUUID() } : {}),
    });
  } else if (service === 'sns') {
    await calls.query('sns', 'Publish', '2010-03-31', {
      TopicArn: arn,
      Message: message.body,
      ...Object.fromEntries(
        attributesOf(message).flatMap(({ name: key, DataType, StringValue }, index) => {
          const entry = `MessageAttributes.entry.${index + 1}`;
          return [
            [`${entry}.Name`, key],
            [`${entry}.Value.DataType`, DataType],
            [`${entry}.Value.StringValue`, StringValue],
          ];
        }),
      ),
      ...(fifo ? { MessageGroupId: groupId, MessageDeduplicationId: randomUUID() } : {}),
    });
  } else if (service === 'lambda') {
    const path = `/2015-03-31/functions/${encodeURIComponent(arn)}/invocations`;
    await calls.rest('lambda', 'POST', path, message.body, { 'x-amz-invocation-type': 'Event' });
  } else if (service === 's3') {
    const path = `/${name}/${(message.key ?? randomUUID()).split('/').map(encodeURIComponent).join('/')}`;
    await calls.rest('s3', 'PUT', path, message.body, { 'content-type': 'application/json' });
  } else {
    throw new Error(`${arn} is no destination the engine can send to (queue, topic, function or bucket)`);
  }
}

function attributesOf({ attributes = {} }: DestinationMessage): {
  name: string;
  DataType: string;
  StringValue: string;
}[] {
  return Object.entries(attributes).map(([name, value]) => ({
    name,
    DataType: typeof value === 'number' ? 'Number' : 'String',
    StringValue: String(value),
  }));
}
