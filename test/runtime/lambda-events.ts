import type { Context, KinesisStreamEvent, SQSEvent } from 'aws-lambda';

/** What Lambda hands to functions, as far as the runtime reads it. */

export const lambdaContext = (remainingMillis: () => number = () => 30_000): Context =>
  ({ awsRequestId: 'request-1', functionName: 'tested', getRemainingTimeInMillis: remainingMillis }) as Context;

export const QUEUE_ARN = 'arn:aws:sqs:us-east-1:000000000000:work';
export const FIFO_QUEUE_ARN = `${QUEUE_ARN}.fifo`;
export const STREAM_ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/log';

export interface SentMessage {
  readonly body: string;
  readonly id?: string;
  readonly group?: string;
  readonly receives?: number;
  readonly receiptHandle?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** @param tenants groups are the tenants of a standard queue instead of FIFO groups */
export const sqsEvent = (messages: readonly SentMessage[], tenants = false): SQSEvent => ({
  Records: messages.map(({ body, id, group, receives = 1, receiptHandle = 'handle', attributes = {} }, i) => ({
    messageId: id ?? `message-${i}`,
    receiptHandle,
    body,
    attributes: {
      ApproximateReceiveCount: String(receives),
      SentTimestamp: '1763625600000',
      SenderId: 'sender',
      ApproximateFirstReceiveTimestamp: '1763625600100',
      ...(group === undefined ? {} : { MessageGroupId: group, MessageDeduplicationId: String(i) }),
    },
    messageAttributes: {
      ...Object.fromEntries(
        Object.entries(attributes).map(([name, stringValue]) => [
          name,
          { dataType: 'String', stringValue, stringListValues: [], binaryListValues: [] },
        ]),
      ),
      picture: { dataType: 'Binary', binaryValue: 'AQI=', stringListValues: [], binaryListValues: [] },
    },
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: group === undefined || tenants ? QUEUE_ARN : FIFO_QUEUE_ARN,
    awsRegion: 'us-east-1',
  })),
});

export interface LogEntry {
  /** Bytes: an aggregated record. */
  readonly body: string | Buffer;
  readonly sequenceNumber: string;
  readonly partitionKey?: string;
}

export const kinesisEvent = (entries: readonly LogEntry[], shard = 'shardId-000000000000'): KinesisStreamEvent => ({
  Records: entries.map(({ body, sequenceNumber, partitionKey = 'key' }) => ({
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey,
      sequenceNumber,
      data: (typeof body === 'string' ? Buffer.from(body) : body).toString('base64'),
      approximateArrivalTimestamp: 1_763_625_600.25,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `${shard}:${sequenceNumber}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: 'arn:aws:iam::000000000000:role/consumer',
    awsRegion: 'us-east-1',
    eventSourceARN: STREAM_ARN,
  })),
});
