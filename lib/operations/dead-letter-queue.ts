import {
  ChangeMessageVisibilityBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { DEAD_LETTER_ATTRIBUTE, type DeadLetter } from '../contracts/dead-letter.ts';
import { notTakenBySqs } from '../runtime/answers.ts';

/** A message in a dead-letter queue. */
export interface DeadMessage {
  readonly body: string;
  /** undefined: it came by the queue's own redrive or from Lambda, without a reason of ours. */
  readonly letter: DeadLetter | undefined;
}

/** Long enough to read all, and gone by itself when the tool dies. */
const LOOK_SECONDS = 120;
/** A receive asks all of SQS's servers only when it may wait. */
const WAIT_SECONDS = 1;
const BATCH = 10;

/**
 * Looks at the messages of a dead-letter queue and puts them back: nothing is consumed. A FIFO queue shows at most ten messages of a
 * group while they are in flight, so of each group the first ten are seen.
 * @param atMost stops after about so many. @default 1,000
 */
export async function lookAtDeadLetters(sqs: SQSClient, queueUrl: string, atMost = 1_000): Promise<DeadMessage[]> {
  const seen = new Map<string, Message>();
  while (seen.size < atMost) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: BATCH,
        MessageAttributeNames: ['All'],
        VisibilityTimeout: LOOK_SECONDS,
        WaitTimeSeconds: WAIT_SECONDS,
      }),
    );
    const before = seen.size;
    for (const message of Messages) seen.set(message.MessageId ?? '', message);
    // Nothing new: the end, or messages that have become visible again meanwhile.
    if (seen.size === before) break;
  }
  const messages = [...seen.values()];
  for (let i = 0; i < messages.length; i += BATCH) {
    const batch = messages.slice(i, i + BATCH);
    await putBack(sqs, queueUrl, batch);
  }
  return messages.map(({ Body = '', MessageAttributes }) => ({
    body: Body,
    letter: parse(MessageAttributes?.[DEAD_LETTER_ATTRIBUTE]?.StringValue),
  }));
}

/** What SQS does not take back after a second try comes back by itself, after `LOOK_SECONDS`. */
async function putBack(sqs: SQSClient, QueueUrl: string, messages: readonly Message[], again = true): Promise<void> {
  const Entries = messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle, VisibilityTimeout: 0 }));
  const answer = await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
  const hidden = notTakenBySqs(messages, answer);
  if (again && hidden.length > 0)
    await putBack(
      sqs,
      QueueUrl,
      hidden.map(({ entry }) => entry),
      false,
    );
}

const parse = (json: string | undefined): DeadLetter | undefined => (json === undefined ? undefined : JSON.parse(json));
