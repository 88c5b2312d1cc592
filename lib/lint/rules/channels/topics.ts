import { offence, type Rule } from '../../graph/rule.ts';
import { isRecord, listOf, recordOf } from '../../reading/json.ts';
import { json } from '../../reading/text.ts';

const DOCS = 'https://docs.aws.amazon.com/sns/latest/dg';
/** Deliveries to machines; nobody expects dead letters of an e-mail. */
const MACHINES = ['sqs', 'lambda', 'http', 'https', 'firehose'];
const MAX_FILTER_KEYS = 5;
const MAX_FILTER_COMBINATIONS = 150;

/** Keys of a filter policy, and how many values each has; nested ones, of a policy on the body, count with their own. */
function filterSizes(policy: unknown): readonly number[] {
  return Object.entries(recordOf(policy)).flatMap(([key, value]) => {
    if (key === '$or') return listOf(value).flatMap(filterSizes);
    return isRecord(value) ? filterSizes(value) : [Math.max(1, listOf(value).length)];
  });
}

const kindOf = ({ fifo }: { readonly fifo: boolean }): string => (fifo ? 'FIFO' : 'standard');

export const TOPIC_RULES: readonly Rule[] = [
  {
    id: 'Messaging-SubscriptionWithoutDeadLetters',
    severity: 'error',
    mistake: 'a topic subscription has no dead-letter queue',
    why: 'What SNS cannot deliver (a queue deleted, a policy or key changed) is discarded without a word; client errors are not even retried.',
    source: `${DOCS}/sns-dead-letter-queues.html`,
    check: ({ subscriptions }) =>
      subscriptions
        .filter(({ protocol, hasDeadLetters }) => MACHINES.includes(protocol) && !hasDeadLetters)
        .map((subscription) =>
          offence(
            subscription,
            'RedrivePolicy',
            `none, of a subscription by ${subscription.protocol}`,
            'Write deadLetterQueue: queue in the subscription, e.g. new SqsSubscription(work, { deadLetterQueue: deadLetters }).',
          ),
        ),
  },
  {
    id: 'Messaging-FifoQueueOnStandardTopic',
    severity: 'error',
    mistake: 'a FIFO queue subscribes to a standard topic',
    why: 'SNS refuses the subscription: a standard topic keeps no order that the queue could go on with.',
    source: `${DOCS}/fifo-message-delivery.html`,
    check: ({ subscriptions }) =>
      subscriptions
        .filter(({ topic, queue }) => topic?.fifo === false && queue?.fifo === true)
        .map((subscription) =>
          offence(
            subscription,
            'TopicArn',
            `standard topic '${subscription.topic?.name}' to FIFO queue '${subscription.queue?.name}'`,
            'Make the topic with fifo: true and a name that ends in .fifo, or the queue without fifo.',
          ),
        ),
  },
  {
    id: 'Messaging-SubscriptionDeadLettersOfOtherKind',
    severity: 'error',
    mistake: 'the dead-letter queue of a topic subscription is not of the kind of the topic',
    why: 'SNS cannot put there what it could not deliver: a FIFO topic takes a FIFO queue for it, also for subscribers that are standard queues, and a standard topic a standard one.',
    source: `${DOCS}/sns-dead-letter-queues.html`,
    check: ({ subscriptions }) =>
      subscriptions.flatMap((subscription) => {
        const { topic, deadLetters } = subscription;
        if (topic === undefined || deadLetters === undefined || topic.fifo === deadLetters.fifo) return [];
        return [
          offence(
            subscription,
            'RedrivePolicy.deadLetterTargetArn',
            `'${deadLetters.name}', which is ${kindOf(deadLetters)}, for ${kindOf(topic)} topic '${topic.name}'`,
            topic.fifo
              ? 'Make a queue with fifo: true for the dead letters of the subscription.'
              : 'Make a queue without fifo for the dead letters of the subscription.',
          ),
        ];
      }),
  },
  {
    id: 'Messaging-FilterPolicyTooLarge',
    severity: 'error',
    mistake: 'a filter policy has more keys or combinations than SNS takes',
    why: `SNS refuses a policy of more than ${MAX_FILTER_KEYS} keys, or of more than ${MAX_FILTER_COMBINATIONS} combinations of their values.`,
    source: `${DOCS}/subscription-filter-policy-constraints.html`,
    check: ({ subscriptions }) =>
      subscriptions.flatMap((subscription) => {
        const sizes = filterSizes(subscription.filterPolicy);
        const combinations = sizes.reduce((product, size) => product * size, 1);
        if (sizes.length <= MAX_FILTER_KEYS && combinations <= MAX_FILTER_COMBINATIONS) return [];
        return [
          offence(
            subscription,
            'FilterPolicy',
            `${sizes.length} keys, ${combinations} combinations: ${json(Object.keys(recordOf(subscription.filterPolicy)))}`,
            'Put what subscribers choose by into one attribute (e.g. the event type), or subscribe a queue for each half.',
          ),
        ];
      }),
  },
];
