import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IStream, IStreamConsumer } from 'aws-cdk-lib/aws-kinesis';
import {
  EventSourceMapping,
  type EventSourceMappingOptions,
  type IEventSource,
  type IEventSourceDlq,
} from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource, type DynamoEventSourceProps } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { acknowledgeDeadLetters, acknowledgeWildcard } from '../stages/acknowledge.ts';
import { idInName } from '../stages/logical-ids.ts';

/** What feeds a function, once it is bound to one. */
export type MappedSource = IEventSource & { readonly mapping: EventSourceMapping };

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

/**
 * The stream of a table that feeds a function: the CDK's own source. Of what it grants, ListStreams can be granted on everything only.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
 */
export function tableSource(table: ITable, options: DynamoEventSourceProps): MappedSource {
  const source = new DynamoEventSource(table, options);
  let mapping: EventSourceMapping | undefined;
  return {
    bind(fn) {
      source.bind(fn);
      // The CDK's source tells its mapping's id only.
      mapping = fn.node.children.findLast((child) => child instanceof EventSourceMapping);
      if (mapping !== undefined) idInName(mapping, 'source');
      if (fn.role !== undefined) acknowledgeWildcard(fn.role, '*', LIST_STREAMS);
    },
    get mapping() {
      return bound(mapping);
    },
  };
}

const LIST_STREAMS =
  "dynamodb:ListStreams takes no resource, and Lambda asks for it of a function that reads a table's stream";

function mappedSource(
  eventSourceArn: string,
  actions: string[],
  options: Options,
  more: readonly { readonly actions: string[]; readonly resource: string }[] = [],
): MappedSource {
  let mapping: EventSourceMapping | undefined;
  return {
    bind(fn) {
      for (const one of [{ actions, resource: eventSourceArn }, ...more])
        fn.addToRolePolicy(new PolicyStatement({ actions: [...one.actions], resources: [one.resource] }));
      mapping = fn.addEventSourceMapping('Source', { eventSourceArn, ...options });
    },
    get mapping() {
      return bound(mapping);
    },
  };
}

function bound(mapping: EventSourceMapping | undefined): EventSourceMapping {
  if (mapping === undefined) throw new Error('this event source feeds no function yet; call addEventSource first');
  return mapping;
}

/** Where a mapping sends what it gives up: a queue that the function may send to anyway. */
export function failuresTo(queue: IQueue): IEventSourceDlq {
  acknowledgeDeadLetters(queue, 'an event source mapping');
  return { bind: () => ({ destination: queue.queueArn }) };
}
