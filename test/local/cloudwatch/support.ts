import { CloudWatchClient, DescribeAlarmsCommand, type MetricAlarm } from '@aws-sdk/client-cloudwatch';
import { onTestFinished } from 'vitest';
import type { Engine } from '../../../lib/local/engine.ts';
import type { Json, JsonObject } from '../../../lib/local/json.ts';
import { ACCOUNT, letIn, REGION } from '../engine/support.ts';

type Configuration = NonNullable<ConstructorParameters<typeof CloudWatchClient>[0]>;

/** A stock client at the engine. @param protocol the JavaScript SDK's own is JSON 1.0 */
export function cloudwatchClient({ url }: Engine, protocol?: Configuration['protocol']): CloudWatchClient {
  const client = new CloudWatchClient({
    endpoint: url,
    region: REGION,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    ...(protocol === undefined ? {} : { protocol }),
  });
  onTestFinished(() => client.destroy());
  return client;
}

/** The one metric alarm of an engine, as DescribeAlarms shows it. */
export async function theAlarm(client: CloudWatchClient, name?: string): Promise<MetricAlarm> {
  const input = name === undefined ? {} : { AlarmNames: [name] };
  const { MetricAlarms: [alarm] = [] } = await client.send(new DescribeAlarmsCommand(input));
  if (alarm === undefined) throw new Error(`There is no alarm ${name ?? ''}`);
  return alarm;
}

export const topicArn = (name: string): string => `arn:aws:sns:${REGION}:${ACCOUNT}:${name}`;

/** A topic and a queue that gets what is published, by the ids `<id>` and `<id>Inbox`. */
export function topicWithInbox(id: string): JsonObject {
  return {
    [id]: { Type: 'AWS::SNS::Topic', Properties: { TopicName: id.toLowerCase() } },
    [`${id}Inbox`]: { Type: 'AWS::SQS::Queue', Properties: {} },
    ...letIn(`${id}Inbox`, 'queue', 'sns.amazonaws.com'),
    [`${id}Subscription`]: {
      Type: 'AWS::SNS::Subscription',
      Properties: {
        TopicArn: { Ref: id },
        Protocol: 'sqs',
        Endpoint: { 'Fn::GetAtt': [`${id}Inbox`, 'Arn'] },
        RawMessageDelivery: true,
      },
    },
  };
}

/** An alarm on a queue's metric: one of one minute above zero, missing data not breaching. */
export function queueAlarm(id: string, queueId: string, properties: JsonObject = {}): JsonObject {
  return {
    [id]: {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: {
        AlarmName: id,
        Namespace: 'AWS/SQS',
        MetricName: 'ApproximateNumberOfMessagesVisible',
        Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [queueId, 'QueueName'] } }],
        Statistic: 'Maximum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 0,
        ComparisonOperator: 'GreaterThanThreshold',
        TreatMissingData: 'notBreaching',
        ...properties,
      },
    },
  };
}

export const bodyOf = (message: Json | undefined): JsonObject =>
  JSON.parse(String((message as JsonObject | undefined)?.Body)) as JsonObject;
