import type { Channel } from '../../contracts/channels/channel.ts';
import { KINESIS, SNS, SQS } from '../../contracts/declaring/limits.ts';
import { type NotTaken, notTakenByKinesis, notTakenBySns, notTakenBySqs } from '../aws/answers.ts';
import type { AwsCall } from '../aws/calls/call.ts';
import { attributesOf, type Entry } from '../messages/entries.ts';
import type { BatchLimits } from './batching.ts';

export type { Entry } from '../messages/entries.ts';

/** An entry that is not known to be sent, and what the service said. */
export type Unsent = NotTaken<Entry>;

/** How one kind of channel is sent to: its limits and one request. A sender returns what was not taken; it throws when the request failed. */
export interface Sender {
  readonly limits: BatchLimits;
  readonly send: (aws: AwsCall, channel: Channel, address: string, entries: readonly Entry[]) => Promise<Unsent[]>;
}

/** FIFO: the group orders and the id deduplicates. Standard: the group is the tenant, and an id would be refused. */
const grouped = (channel: Channel, { group, deduplicationId }: Entry) => ({
  ...(group === undefined ? {} : { MessageGroupId: group }),
  ...(channel.order === 'per-key' ? { MessageDeduplicationId: deduplicationId } : {}),
});

export const SENDERS: Readonly<Record<Channel['kind'], Sender>> = {
  topic: {
    limits: SNS,
    async send(aws, channel, TopicArn, entries) {
      const answer = await aws('sns', 'PublishBatch', {
        TopicArn,
        PublishBatchRequestEntries: entries.map((entry, i) => ({
          Id: String(i),
          Message: entry.body,
          MessageAttributes: attributesOf(entry.envelope),
          ...grouped(channel, entry),
        })),
      });
      return notTakenBySns(entries, answer);
    },
  },
  queue: {
    limits: SQS,
    async send(aws, channel, QueueUrl, entries) {
      const answer = await aws('sqs', 'SendMessageBatch', {
        QueueUrl,
        Entries: entries.map((entry, i) => ({
          Id: String(i),
          MessageBody: entry.body,
          MessageAttributes: attributesOf(entry.envelope),
          ...grouped(channel, entry),
          ...(entry.delaySeconds === undefined ? {} : { DelaySeconds: entry.delaySeconds }),
        })),
      });
      return notTakenBySqs(entries, answer);
    },
  },
  log: {
    limits: KINESIS,
    async send(aws, _channel, StreamName, entries) {
      const answer = await aws('kinesis', 'PutRecords', {
        StreamName,
        Records: entries.map((entry) => ({
          Data: Buffer.from(entry.body).toString('base64'),
          PartitionKey: entry.key,
        })),
      });
      return notTakenByKinesis(entries, answer);
    },
  },
};
