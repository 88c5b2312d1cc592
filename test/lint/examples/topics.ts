import { CfnRule } from 'aws-cdk-lib/aws-events';
import type { Examples } from '../example.ts';
import { customerKey, fanOut, queue } from '../plain.ts';

const FIFO_QUEUE = { fifoQueue: true, queueName: 'work.fifo' } as const;
const FIFO_DEAD = { fifoQueue: true, queueName: 'work-dead.fifo' } as const;
const FIFO_TOPIC = { fifoTopic: true, topicName: 'topic.fifo' } as const;
const FIFO_UNDELIVERED = { fifoQueue: true, queueName: 'undelivered.fifo' } as const;

export const TOPIC_EXAMPLES: Examples = {
  'Messaging-SubscriptionWithoutDeadLetters': [
    {
      bad: (s) => fanOut(s, { subscription: { redrivePolicy: undefined } }),
      good: (s) => fanOut(s),
      path: 'subscription',
      property: 'RedrivePolicy',
      value: 'none, of a subscription by sqs',
      fix: 'deadLetterQueue: queue in the subscription',
    },
    {
      // Listed by the topic itself.
      bad: (s) => fanOut(s, { topic: { subscription: [{ protocol: 'https', endpoint: 'https://example.com/hook' }] } }),
      good: (s) => fanOut(s, { topic: { subscription: [{ protocol: 'email', endpoint: 'ops@example.com' }] } }),
      path: 'topic',
      property: 'RedrivePolicy',
      value: 'none, of a subscription by https',
      fix: 'deadLetterQueue: queue in the subscription',
    },
  ],
  'Messaging-QueueClosedToTopic': [
    {
      bad: (s) => fanOut(s, { letIn: 's3.amazonaws.com' }),
      good: (s) => fanOut(s),
      path: 'subscription',
      property: 'Endpoint',
      value: "'work', without a queue policy that allows sqs:SendMessage to sns.amazonaws.com",
      fix: 'topic.addSubscription(new SqsSubscription(queue))',
    },
    {
      bad: (s) => fanOut(s, { letIn: 'events.amazonaws.com' }),
      // Closed to a rule: a mistake of another name.
      good: (s) => {
        fanOut(s);
        const targets = [{ id: 'one', arn: queue(s, 'matched').attrArn }];
        new CfnRule(s, 'rule', { eventPattern: { source: ['shop'] }, targets });
      },
      path: 'subscription',
      property: 'Endpoint',
      value: "'work', without a queue policy that allows sqs:SendMessage to sns.amazonaws.com",
      fix: 'topic.addSubscription(new SqsSubscription(queue))',
    },
  ],
  'Messaging-QueueKeyClosedToTopic': [
    {
      bad: (s) => fanOut(s, { work: { queue: { sqsManagedSseEnabled: undefined, kmsMasterKeyId: 'alias/aws/sqs' } } }),
      good: (s) => fanOut(s),
      path: 'work',
      property: 'KmsMasterKeyId',
      value: 'alias/aws/sqs',
      fix: 'QueueEncryption.SQS_MANAGED',
    },
    {
      bad: (s) => fanOut(s, { work: { queue: { kmsMasterKeyId: customerKey(s, 's3.amazonaws.com').attrArn } } }),
      good: (s) => fanOut(s, { work: { queue: { kmsMasterKeyId: customerKey(s, 'sns.amazonaws.com').attrArn } } }),
      path: 'work',
      property: 'KmsMasterKeyId',
      value: "key 'Shop/key', whose policy does not name sns.amazonaws.com",
      fix: 'kms:GenerateDataKey* and kms:Decrypt to sns.amazonaws.com',
    },
  ],
  'Messaging-FifoQueueOnStandardTopic': [
    {
      bad: (s) => fanOut(s, { work: { queue: FIFO_QUEUE, deadLetters: FIFO_DEAD } }),
      good: (s) =>
        fanOut(s, {
          work: { queue: FIFO_QUEUE, deadLetters: FIFO_DEAD },
          topic: FIFO_TOPIC,
          deadLetters: FIFO_UNDELIVERED,
        }),
      path: 'subscription',
      property: 'TopicArn',
      value: "standard topic 'topic' to FIFO queue 'work.fifo'",
      fix: 'Make the topic with fifo: true',
    },
  ],
  'Messaging-SubscriptionDeadLettersOfOtherKind': [
    {
      bad: (s) => fanOut(s, { topic: FIFO_TOPIC }),
      good: (s) => fanOut(s, { topic: FIFO_TOPIC, deadLetters: FIFO_UNDELIVERED }),
      path: 'subscription',
      property: 'RedrivePolicy.deadLetterTargetArn',
      value: "'undelivered', which is standard, for FIFO topic 'topic.fifo'",
      fix: 'Make a queue with fifo: true',
    },
    {
      bad: (s) => fanOut(s, { deadLetters: FIFO_UNDELIVERED }),
      good: (s) => fanOut(s),
      path: 'subscription',
      property: 'RedrivePolicy.deadLetterTargetArn',
      value: "'undelivered.fifo', which is FIFO, for standard topic 'topic'",
      fix: 'Make a queue without fifo',
    },
  ],
  'Messaging-FilterPolicyTooLarge': [
    {
      bad: (s) =>
        fanOut(s, { subscription: { filterPolicy: { a: ['1'], b: ['1'], c: ['1'], d: ['1'], e: ['1'], f: ['1'] } } }),
      good: (s) => fanOut(s, { subscription: { filterPolicy: { a: ['1'], b: ['1'], c: ['1'], d: ['1'], e: ['1'] } } }),
      path: 'subscription',
      property: 'FilterPolicy',
      value: '6 keys, 1 combinations: ["a","b","c","d","e","f"]',
      fix: 'one attribute',
    },
    {
      bad: (s) => fanOut(s, { subscription: { filterPolicy: { a: values(16), b: values(10) } } }),
      good: (s) => fanOut(s, { subscription: { filterPolicy: { a: values(15), b: values(10) } } }),
      path: 'subscription',
      property: 'FilterPolicy',
      value: '2 keys, 160 combinations: ["a","b"]',
      fix: 'one attribute',
    },
  ],
};

function values(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i));
}
