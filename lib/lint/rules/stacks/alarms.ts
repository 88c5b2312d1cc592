import type { Graph } from '../../graph/graph.ts';
import { FUNCTION_LAG, type Metric } from '../../graph/graph-alarms.ts';
import type { Topic } from '../../graph/graph-topics.ts';
import { offence, type Rule } from '../../graph/rule.ts';
import { allowsService } from '../../policies/policies.ts';
import { recordOf } from '../../reading/json.ts';

const DOCS = 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring';
const SNS_DOCS = 'https://docs.aws.amazon.com/sns/latest/dg';

const PUBLISHER = 'cloudwatch.amazonaws.com';
const ENCRYPT = ['kms:GenerateDataKey', 'kms:Decrypt'];

/** The dimension without which a service's metrics do not exist, and the attribute of the resource that goes there. */
const DIMENSIONS: Readonly<
  Record<string, { readonly name: string; readonly attribute: string; readonly refIsName: boolean }>
> = {
  'AWS/SQS': { name: 'QueueName', attribute: 'queue.queueName', refIsName: false },
  'AWS/SNS': { name: 'TopicName', attribute: 'topic.topicName', refIsName: false },
  'AWS/Kinesis': { name: 'StreamName', attribute: 'stream.streamName', refIsName: true },
};

/** Why a metric has no data, ever. */
function neverMatches({ namespace, name, dimensions }: Metric): string | undefined {
  const names = dimensions.map((dimension) => dimension.name);
  const needed = DIMENSIONS[String(namespace)];
  if (needed !== undefined) {
    const found = dimensions.find((dimension) => dimension.name === needed.name);
    if (found === undefined)
      return `${namespace} ${name} without the dimension ${needed.name} (has: ${names.join(', ') || 'none'})`;
    const isUrl = !needed.refIsName && recordOf(found.value).Ref !== undefined && found.resource !== undefined;
    return isUrl ? `${needed.name} is a Ref, which is the URL or ARN and not the name` : undefined;
  }
  return namespace === 'AWS/Lambda' && name === FUNCTION_LAG && !names.includes('FunctionName')
    ? `${namespace} ${name} without the dimension FunctionName (has: ${names.join(', ') || 'none'})`
    : undefined;
}

/** Topics that alarms tell. */
const toldTopics = ({ alarms, topics }: Graph): readonly Topic[] => {
  const targets = new Set(alarms.flatMap(({ actions }) => actions.map(({ resource }) => resource)));
  return topics.filter(({ resource }) => targets.has(resource));
};

/** Whether an alarm can go off and be heard. */
export const ALARM_RULES: readonly Rule[] = [
  {
    id: 'Messaging-AlarmWithoutAction',
    severity: 'error',
    mistake: 'an alarm tells nobody',
    why: 'It goes off in a console that nobody has open.',
    source: `${DOCS}/AlarmThatSendsEmail.html`,
    check: ({ alarms }) =>
      alarms
        .filter(({ actions, enabled, inComposite }) => !inComposite && (actions.length === 0 || !enabled))
        .map((alarm) =>
          offence(
            alarm,
            alarm.enabled ? 'AlarmActions' : 'ActionsEnabled',
            alarm.enabled ? 'none' : 'false',
            'Write alarm.addAlarmAction(new SnsAction(topic)), or make it part of a composite alarm that acts.',
          ),
        ),
  },
  {
    id: 'Messaging-AlarmTopicKeyClosed',
    severity: 'error',
    mistake: 'alarms tell a topic whose key CloudWatch may not use',
    why: 'The action fails without a word to anybody: the alarm goes off and no message arrives. The policy of the key that AWS manages for SNS cannot be changed.',
    source: `${SNS_DOCS}/sns-key-management.html`,
    check: (graph) =>
      toldTopics(graph).flatMap((topic) => {
        const { key } = topic;
        const closed =
          key.kind === 'aws' ||
          (key.kind === 'customer' && !allowsService(key.key.properties.KeyPolicy, PUBLISHER, ENCRYPT));
        if (!closed) return [];
        return [
          {
            at: topic.resource,
            property: 'KmsMasterKeyId',
            value: key.kind === 'aws' ? key.alias : `key '${key.key.path}', whose policy does not name ${PUBLISHER}`,
            fix: `Take a customer key and let ${PUBLISHER} use it: key.addToResourcePolicy(...) with kms:GenerateDataKey* and kms:Decrypt.`,
          },
        ];
      }),
  },
  {
    id: 'Messaging-AlarmTopicPolicyClosed',
    severity: 'error',
    mistake: 'alarms tell a topic whose policy does not let CloudWatch publish',
    why: 'A topic with a policy of its own (enforceSSL makes one) no longer lets in everybody of the account: the action fails without a word.',
    source: `${SNS_DOCS}/sns-access-policy-use-cases.html`,
    check: (graph) =>
      toldTopics(graph)
        .filter(
          ({ policies }) =>
            policies.length > 0 &&
            !policies.some(({ properties }) => allowsService(properties.PolicyDocument, PUBLISHER, ['sns:Publish'])),
        )
        .map(({ resource, policies }) => ({
          at: resource,
          property: 'PolicyDocument',
          value: `'${policies[0]?.path}' allows nothing to ${PUBLISHER}`,
          fix: `Write topic.addToResourcePolicy(...) that allows sns:Publish to ${PUBLISHER}, with aws:SourceAccount as condition.`,
        })),
  },
  {
    id: 'Messaging-AlarmNeverMatches',
    severity: 'error',
    mistake: 'an alarm watches a metric that does not exist',
    why: 'Metrics are found by all of their dimensions. An alarm on a combination that nobody writes waits for ever with insufficient data.',
    source: `${DOCS}/cloudwatch_concepts.html`,
    check: ({ alarms }) =>
      alarms.flatMap((alarm) => {
        const reasons = alarm.metrics.flatMap((metric) => neverMatches(metric) ?? []);
        if (reasons.length === 0) return [];
        return [
          offence(
            alarm,
            'Dimensions',
            [...new Set(reasons)].join('; '),
            `Take the metric from the resource, e.g. queue.metricApproximateNumberOfMessagesVisible(), or write the name: ${Object.values(
              DIMENSIONS,
            )
              .map(({ name, attribute }) => `${name}: ${attribute}`)
              .join(', ')}.`,
          ),
        ];
      }),
  },
];
