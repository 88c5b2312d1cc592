import {
  ChangeMessageVisibilityBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { DEAD_LETTER_ATTRIBUTE, type DeadLetter } from '../contracts/dead-letter.ts';

/** A message in a dead-letter queue. */
export interface DeadMessage {
  readonly body: string;
  /** undefined: it came by the queue's own redrive or from Lambda, without a reason of ours. */
  readonly letter: DeadLetter | undefined;
}

const LOOK_SECONDS = 30;

/** Looks at all messages of a dead-letter queue and puts them back: nothing is consumed. */
export async function lookAtDeadLetters(sqs: SQSClient, queueUrl: string): Promise<DeadMessage[]> {
  const seen = new Map<string, Message>();
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ['All'],
        VisibilityTimeout: LOOK_SECONDS,
        WaitTimeSeconds: 0,
      }),
    );
    if (Messages.length === 0) break;
    for (const message of Messages) seen.set(message.MessageId ?? '', message);
  }
  const messages = [...seen.values()];
  for (let i = 0; i < messages.length; i += 10) {
    await sqs.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: queueUrl,
        Entries: messages
          .slice(i, i + 10)
          .map(({ ReceiptHandle }, k) => ({ Id: String(k), ReceiptHandle, VisibilityTimeout: 0 })),
      }),
    );
  }
  return messages.map(({ Body = '', MessageAttributes }) => ({
    body: Body,
    letter: parse(MessageAttributes?.[DEAD_LETTER_ATTRIBUTE]?.StringValue),
  }));
}

const parse = (json: string | undefined): DeadLetter | undefined => (json === undefined ? undefined : JSON.parse(json));
