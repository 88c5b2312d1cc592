import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IStream, IStreamConsumer } from 'aws-cdk-lib/aws-kinesis';
import type { EventSourceMappingOptions, IEventSource, IEventSourceDlq } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';

/** What feeds a function, once it is bound to one. */
export type MappedSource = IEventSource & { readonly eventSourceMappingId: string };

type Options = Omit<EventSourceMappingOptions, 'eventSourceArn'>;

/**
 * A queue that feeds a function, which may do what the mapping does and set visibilities, as the runtime does. The CDK's own
 * SqsEventSource also grants GetQueueUrl, which nobody asks for.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
 */
export const queueSource = ({ queueArn }: IQueue, options: Options): MappedSource =>
  mappedSource(
    queueArn,
    ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'],
    options,
  );

/**
 * A Kinesis stream that feeds a function, which may do what a polling mapping does. The CDK's own KinesisEventSource also grants what
 * only consumers with enhanced fan-out do, and ListStreams, which takes no stream.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html
 */
export const logSource = ({ streamArn }: IStream, options: Options): MappedSource =>
  mappedSource(streamArn, READ_STREAM, options);

/**
 * A consumer of a Kinesis stream with enhanced fan-out that feeds a function. Lambda asks for the permissions on the stream as well as for
 * the subscription to its shards. https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html
 */
export const enhancedLogSource = (consumer: IStreamConsumer, options: Options): MappedSource =>
  mappedSource(consumer.streamConsumerArn, ['kinesis:SubscribeToShard'], options, [
    { actions: READ_STREAM, resource: consumer.stream.streamArn },
  ]);

const READ_STREAM = ['DescribeStream', 'DescribeStreamSummary', 'GetRecords', 'GetShardIterator', 'ListShards'].map(
  (action) => `kinesis:${action}`,
);

function mappedSource(
  eventSourceArn: string,
  actions: string[],
  options: Options,
  more: readonly { readonly actions: string[]; readonly resource: string }[] = [],
): MappedSource {
  let mappingId: string | undefined;
  return {
    bind(fn) {
      for (const one of [{ actions, resource: eventSourceArn }, ...more])
        fn.addToRolePolicy(new PolicyStatement({ actions: [...one.actions], resources: [one.resource] }));
      mappingId = fn.addEventSourceMapping('Source', { eventSourceArn, ...options }).eventSourceMappingId;
    },
    get eventSourceMappingId() {
      if (mappingId === undefined)
        throw new Error('this event source feeds no function yet; call addEventSource first');
      return mappingId;
    },
  };
}

/** Where a mapping sends what it gives up: a queue that the function may send to anyway. */
export const failuresTo = (queue: IQueue): IEventSourceDlq => ({ bind: () => ({ destination: queue.queueArn }) });
