import type { Channel } from '../contracts/channel.ts';
import { ATTRIBUTE, type Envelope } from '../contracts/envelope.ts';
import { KINESIS, SNS, SQS } from '../contracts/limits.ts';
import type { AwsCall } from './aws/call.ts';
import type { BatchLimits } from './batching.ts';

/** One message ready to go. */
export interface Entry {
  readonly envelope: Envelope;
  readonly body: string;
  readonly bytes: number;
  /** Order is kept per key: message group or partition key. */
  readonly key: string;
  readonly deduplicationId: string;
}

/** An entry that the service did not take, and what it said. */
export interface Unsent {
  readonly entry: Entry;
  readonly error: string;
}

/** How one kind of channel is sent to: its limits and one request. A sender returns what was refused; it throws when the request failed. */
export interface Sender {
  readonly limits: BatchLimits;
  readonly send: (aws: AwsCall, channel: Channel, address: string, entries: readonly Entry[]) => Promise<Unsent[]>;
}

const attributes = ({ envelope }: Entry) => ({
  [ATTRIBUTE.type]: { DataType: 'String', StringValue: envelope.type },
  [ATTRIBUTE.version]: { DataType: 'String', StringValue: versionOf(envelope) },
  [ATTRIBUTE.traceparent]: { DataType: 'String', StringValue: envelope.traceparent },
});

const versionOf = (envelope: Envelope): string => envelope.dataschema.slice(envelope.dataschema.lastIndexOf(':') + 1);

const fifo = (channel: Channel, entry: Entry) =>
  channel.order === 'per-key' ? { MessageGroupId: entry.key, MessageDeduplicationId: entry.deduplicationId } : {};

/** Refused entries of a batch answer whose entries are named by their position. */
function refused(
  entries: readonly Entry[],
  failed: readonly { Id?: string | undefined; Code?: string | undefined; Message?: string | undefined }[] = [],
): Unsent[] {
  return failed.flatMap(({ Id, Code, Message }) => {
    const entry = entries[Number(Id)];
    return entry === undefined ? [] : [{ entry, error: `${Code}: ${Message ?? ''}` }];
  });
}

interface BatchAnswer {
  readonly Failed?: readonly { readonly Id?: string; readonly Code?: string; readonly Message?: string }[];
}

interface RecordsAnswer {
  readonly Records?: readonly {
    readonly SequenceNumber?: string;
    readonly ErrorCode?: string;
    readonly ErrorMessage?: string;
  }[];
}

export const SENDERS: Readonly<Record<Channel['kind'], Sender>> = {
  topic: {
    limits: SNS,
    async send(aws, channel, TopicArn, entries) {
      const { Failed } = (await aws('sns', 'PublishBatch', {
        TopicArn,
        PublishBatchRequestEntries: entries.map((entry, i) => ({
          Id: String(i),
          Message: entry.body,
          MessageAttributes: attributes(entry),
          ...fifo(channel, entry),
        })),
      })) as BatchAnswer;
      return refused(entries, Failed);
    },
  },
  queue: {
    limits: SQS,
    async send(aws, channel, QueueUrl, entries) {
      const { Failed } = (await aws('sqs', 'SendMessageBatch', {
        QueueUrl,
        Entries: entries.map((entry, i) => ({
          Id: String(i),
          MessageBody: entry.body,
          MessageAttributes: attributes(entry),
          ...fifo(channel, entry),
        })),
      })) as BatchAnswer;
      return refused(entries, Failed);
    },
  },
  log: {
    limits: KINESIS,
    async send(aws, _channel, StreamName, entries) {
      const { Records = [] } = (await aws('kinesis', 'PutRecords', {
        StreamName,
        Records: entries.map((entry) => ({
          Data: Buffer.from(entry.body).toString('base64'),
          PartitionKey: entry.key,
        })),
      })) as RecordsAnswer;
      return entries.flatMap((entry, i) => {
        const result = Records[i];
        if (result?.SequenceNumber !== undefined) return [];
        return [{ entry, error: `${result?.ErrorCode ?? 'no answer'}: ${result?.ErrorMessage ?? ''}` }];
      });
    },
  },
};
