import type { Channel } from '../contracts/channel.ts';
import { ATTRIBUTE, type Envelope } from '../contracts/envelope.ts';
import { KINESIS, SNS, SQS } from '../contracts/limits.ts';
import type { AwsCall } from './aws/call.ts';
import type { BatchLimits } from './batching.ts';
import type { Entry } from './entries.ts';

export type { Entry } from './entries.ts';

/** An entry that the service did not take, and what it said. */
export interface Unsent {
  readonly entry: Entry;
  readonly error: string;
  /** The service's error code, when there was an answer. */
  readonly code?: string | undefined;
}

/** How one kind of channel is sent to: its limits and one request. A sender returns what was refused; it throws when the request failed. */
export interface Sender {
  readonly limits: BatchLimits;
  readonly send: (aws: AwsCall, channel: Channel, address: string, entries: readonly Entry[]) => Promise<Unsent[]>;
}

const attributes = ({ envelope }: Entry) =>
  Object.fromEntries(
    [
      [ATTRIBUTE.type, envelope.type],
      [ATTRIBUTE.version, versionOf(envelope)],
      [ATTRIBUTE.traceparent, envelope.traceparent],
    ]
      // Foreign events need not have all of them, and an empty value would be refused.
      .filter(([, value]) => value !== undefined && value !== '')
      .map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
  );

const versionOf = ({ dataschema }: Pick<Envelope, 'dataschema'>): string =>
  dataschema.slice(dataschema.lastIndexOf(':') + 1);

/** FIFO: the group orders and the id deduplicates. Standard: the group is the tenant, and an id would be refused. */
const grouped = (channel: Channel, { group, deduplicationId }: Entry) => ({
  ...(group === undefined ? {} : { MessageGroupId: group }),
  ...(channel.order === 'per-key' ? { MessageDeduplicationId: deduplicationId } : {}),
});

/** Refused entries of a batch answer whose entries are named by their position. */
function refused(
  entries: readonly Entry[],
  failed: readonly { Id?: string | undefined; Code?: string | undefined; Message?: string | undefined }[] = [],
): Unsent[] {
  return failed.flatMap(({ Id, Code, Message }) => {
    const entry = entries[Number(Id)];
    return entry === undefined ? [] : [{ entry, error: `${Code}: ${Message ?? ''}`, code: Code }];
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
          ...grouped(channel, entry),
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
          ...grouped(channel, entry),
          ...(entry.delaySeconds === undefined ? {} : { DelaySeconds: entry.delaySeconds }),
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
        return [
          {
            entry,
            error: `${result?.ErrorCode ?? 'no answer'}: ${result?.ErrorMessage ?? ''}`,
            code: result?.ErrorCode,
          },
        ];
      });
    },
  },
};
