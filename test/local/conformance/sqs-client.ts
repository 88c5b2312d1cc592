import type { Message, SendMessageCommandInput, SQSClient } from '@aws-sdk/client-sqs';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { ACCOUNT, REGION } from '../engine/support.ts';
import { until } from './app.ts';

type More = Omit<Partial<SendMessageCommandInput>, 'QueueUrl' | 'MessageBody'>;

/** Sends one message; answers its id. */
export async function send(sqs: SQSClient, QueueUrl: string, body: unknown, more: More = {}): Promise<string> {
  const MessageBody = typeof body === 'string' ? body : JSON.stringify(body);
  const { MessageId = '' } = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }));
  return MessageId;
}

/** To a FIFO queue; the body is the deduplication id unless another is given. */
export const sendFifo = (sqs: SQSClient, url: string, group: string, body: string, id = body): Promise<string> =>
  send(sqs, url, body, { MessageGroupId: group, MessageDeduplicationId: id });

export async function createQueue(
  sqs: SQSClient,
  name: string,
  attributes: Record<string, string> = {},
): Promise<string> {
  const Attributes = { ...(name.endsWith('.fifo') && { FifoQueue: 'true' }), ...attributes };
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  return QueueUrl;
}

export const queueArn = (url: string): string => `arn:aws:sqs:${REGION}:${ACCOUNT}:${url.split('/').at(-1)}`;

/** What one receive brings, with all attributes. */
export async function receive(
  sqs: SQSClient,
  QueueUrl: string,
  { max = 10, wait = 0, visibility }: { max?: number; wait?: number; visibility?: number } = {},
): Promise<Message[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: max,
      WaitTimeSeconds: wait,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
      ...(visibility === undefined ? {} : { VisibilityTimeout: visibility }),
    }),
  );
  return Messages;
}

/** Takes messages off a queue until there are `count`. */
export async function take(sqs: SQSClient, QueueUrl: string, count: number): Promise<Message[]> {
  const taken: Message[] = [];
  await until(`${count} messages in ${QueueUrl}`, async () => {
    for (const message of await receive(sqs, QueueUrl, { wait: 2 })) {
      taken.push(message);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
    }
    return taken.length >= count;
  });
  return taken;
}

export async function attributes(sqs: SQSClient, QueueUrl: string): Promise<Record<string, string>> {
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  return Attributes;
}

/** Messages that are visible, hidden or delayed. */
export async function depth(sqs: SQSClient, url: string): Promise<number> {
  const all = await attributes(sqs, url);
  return (['', 'NotVisible', 'Delayed'] as const).reduce(
    (sum, kind) => sum + Number(all[`ApproximateNumberOfMessages${kind}`]),
    0,
  );
}

export const bodies = (messages: readonly Message[]): (string | undefined)[] => messages.map(({ Body }) => Body);
