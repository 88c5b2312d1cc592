import type { Examples } from '../example.ts';
import { arn, consume, deadLetters, fifoWork, queue, read, work } from '../plain.ts';
import { mayReceive, pipe } from '../plain-relations.ts';

const WEEK_SECONDS = 604_800;

export const QUEUE_EXAMPLES: Examples = {
  'Messaging-QueueWithoutDeadLetters': [
    {
      bad: (s) => {
        work(s);
        consume(s, queue(s, 'inbox').attrArn);
      },
      // Nothing here consumes the other: it is another app's, or for people to look at.
      good: (s) => {
        work(s);
        queue(s, 'inbox');
      },
      path: 'inbox',
      property: 'RedrivePolicy',
      value: 'none',
      fix: 'deadLetterQueue: { queue: deadLetters, maxReceiveCount: 5 }',
    },
    {
      // Containers poll it.
      bad: (s) => mayReceive(s, queue(s, 'inbox')),
      good: (s) => {
        queue(s, 'inbox');
        mayReceive(s, work(s).queue);
      },
      path: 'inbox',
      property: 'RedrivePolicy',
      value: 'none',
      fix: 'deadLetterQueue: { queue: deadLetters, maxReceiveCount: 5 }',
    },
    {
      bad: (s) => pipe(s, queue(s, 'inbox').attrArn),
      // What a pipe gives up is where its failures end, also when a function looks at it.
      good: (s) => {
        const given = deadLetters(s, 'given');
        pipe(s, read(s).stream.attrArn, {
          kinesisStreamParameters: { startingPosition: 'TRIM_HORIZON', deadLetterConfig: { arn: given.attrArn } },
        });
        consume(s, given.attrArn);
      },
      path: 'inbox',
      property: 'RedrivePolicy',
      value: 'none',
      fix: 'deadLetterQueue: { queue: deadLetters, maxReceiveCount: 5 }',
    },
  ],
  'Messaging-ReceiveCountOutOfRange': [
    {
      bad: (s) => work(s, { queue: { redrivePolicy: { deadLetterTargetArn: arn('sqs', 'work-dead') } } }),
      good: (s) =>
        work(s, { queue: { redrivePolicy: { deadLetterTargetArn: arn('sqs', 'work-dead'), maxReceiveCount: 1 } } }),
      path: 'work',
      property: 'RedrivePolicy.maxReceiveCount',
      value: 'none',
      fix: 'maxReceiveCount: 5',
    },
    {
      bad: (s) =>
        work(s, { queue: { redrivePolicy: { deadLetterTargetArn: arn('sqs', 'work-dead'), maxReceiveCount: 1_001 } } }),
      good: (s) =>
        work(s, { queue: { redrivePolicy: { deadLetterTargetArn: arn('sqs', 'work-dead'), maxReceiveCount: 1_000 } } }),
      path: 'work',
      property: 'RedrivePolicy.maxReceiveCount',
      value: '1001',
      fix: 'maxReceiveCount: 5',
    },
  ],
  'Messaging-DeadLettersExpireEarly': [
    {
      bad: (s) =>
        work(s, {
          deadLetters: { messageRetentionPeriod: WEEK_SECONDS },
          queue: { messageRetentionPeriod: WEEK_SECONDS },
        }),
      good: (s) =>
        work(s, {
          deadLetters: { messageRetentionPeriod: WEEK_SECONDS + 1 },
          queue: { messageRetentionPeriod: WEEK_SECONDS },
        }),
      path: 'work-dead',
      property: 'MessageRetentionPeriod',
      value: "604800 s; that of its source 'work' is 604800 s",
      fix: 'retentionPeriod: Duration.days(14)',
    },
    {
      // Dead letters of a FIFO queue start their retention anew.
      bad: (s) => work(s, { deadLetters: { messageRetentionPeriod: 60 } }),
      good: (s) => fifoWork(s, { deadLetters: { messageRetentionPeriod: 60 } }),
      path: 'work-dead',
      property: 'MessageRetentionPeriod',
      value: "60 s; that of its source 'work' is 345600 s",
      fix: 'retentionPeriod: Duration.days(14)',
    },
  ],
  'Messaging-DeadLettersOfOtherKind': [
    {
      bad: (s) => fifoWork(s, { deadLetters: { fifoQueue: undefined, queueName: 'work-dead' } }),
      good: (s) => fifoWork(s),
      path: 'work',
      property: 'RedrivePolicy.deadLetterTargetArn',
      value: "'work-dead', which is standard, of a FIFO queue",
      fix: 'fifo: true',
    },
    {
      bad: (s) => work(s, { deadLetters: { fifoQueue: true, queueName: 'work-dead.fifo' } }),
      good: (s) => work(s),
      path: 'work',
      property: 'RedrivePolicy.deadLetterTargetArn',
      value: "'work-dead.fifo', which is FIFO, of a standard queue",
      fix: 'without fifo',
    },
  ],
  'Messaging-FifoDeadLettersRefused': [
    {
      bad: (s) => {
        const dead = deadLetters(s, 'dead', { fifoQueue: true, queueName: 'dead.fifo' });
        read(s, { mapping: { destinationConfig: { onFailure: { destination: dead.attrArn } } } });
      },
      good: (s) => {
        read(s);
        fifoWork(s);
      },
      path: 'dead',
      property: 'FifoQueue',
      value: "true, for 'Shop/log-mapping'",
      fix: 'Give them a standard queue of their own',
    },
  ],
  'Messaging-DeadLettersInACircle': [
    {
      bad: (s) =>
        work(s, { deadLetters: { redrivePolicy: { deadLetterTargetArn: arn('sqs', 'work'), maxReceiveCount: 5 } } }),
      good: (s) => work(s),
      path: 'work-dead',
      property: 'RedrivePolicy.deadLetterTargetArn',
      value: "'work', whose own dead letters lead back here",
      fix: 'Take the redrive policy off',
    },
  ],
  'Messaging-ExpiresBeforeDeadLetters': [
    {
      bad: (s) => work(s, { queue: { messageRetentionPeriod: 299 } }),
      good: (s) => work(s, { queue: { messageRetentionPeriod: 300 } }),
      path: 'work',
      property: 'MessageRetentionPeriod',
      value: '299 s; 5 receives of 60 s take longer',
      fix: 'Raise retentionPeriod',
    },
  ],
  'Messaging-RequestResponseOverQueues': [
    {
      bad: (s) => {
        const dead = deadLetters(s, 'dead');
        const redrivePolicy = { deadLetterTargetArn: dead.attrArn, maxReceiveCount: 5 };
        queue(s, 'quote-requests', { redrivePolicy });
        queue(s, 'quote-replies', { redrivePolicy });
      },
      good: (s) => {
        const redrivePolicy = { deadLetterTargetArn: deadLetters(s, 'dead').attrArn, maxReceiveCount: 5 };
        queue(s, 'quote-requests', { redrivePolicy });
        queue(s, 'survey-replies', { redrivePolicy });
      },
      path: 'quote-replies',
      property: 'QueueName',
      value: "'quote-replies' beside 'quote-requests'",
      fix: 'Call the function or its URL',
    },
  ],
};
