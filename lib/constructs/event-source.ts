import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
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
  mappedSource(
    streamArn,
    ['DescribeStream', 'DescribeStreamSummary', 'GetRecords', 'GetShardIterator', 'ListShards'].map(
      (action) => `kinesis:${action}`,
    ),
    options,
  );

function mappedSource(eventSourceArn: string, actions: string[], options: Options): MappedSource {
  let mappingId: string | undefined;
  return {
    bind(fn) {
      fn.addToRolePolicy(new PolicyStatement({ actions, resources: [eventSourceArn] }));
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
