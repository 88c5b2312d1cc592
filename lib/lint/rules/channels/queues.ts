import type { Graph } from '../../graph/graph.ts';
import type { Queue } from '../../graph/graph-stores.ts';
import type { Rule } from '../../graph/rule.ts';
import { allowsOn } from '../../policies/policies.ts';
import { listOf, recordOf } from '../../reading/json.ts';
import { below, inSeconds, quoted } from '../../reading/text.ts';

const DOCS = 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide';
const MAX_RECEIVE_COUNT = 1_000;

/** The dead-letter queue of a queue, when it is in the tree. */
const deadLettersOf = ({ redrive }: Queue, { queues }: Graph): Queue | undefined =>
  queues.find(({ resource }) => resource === redrive?.target);

/** Queues with their dead-letter queues. */
const pairs = (graph: Graph): readonly (readonly [queue: Queue, deadLetters: Queue])[] =>
  graph.queues.flatMap((queue) => {
    const deadLetters = deadLettersOf(queue, graph);
    return deadLetters === undefined ? [] : [[queue, deadLetters] as const];
  });

/** The queues that a queue's dead letters go through, and the dead letters of those, as long as there are new ones. */
function wayOf(queue: Queue, graph: Graph): readonly Queue[] {
  const way: Queue[] = [];
  for (
    let next = deadLettersOf(queue, graph);
    next !== undefined && !way.includes(next);
    next = deadLettersOf(next, graph)
  )
    way.push(next);
  return way;
}

/** The first queue of each circle. */
const circles = (graph: Graph): readonly Queue[] => {
  const order = (queue: Queue) => graph.queues.indexOf(queue);
  return graph.queues.filter((queue) => {
    const way = wayOf(queue, graph);
    return way.includes(queue) && way.every((other) => order(queue) <= order(other));
  });
};

/**
 * Whether anybody in these templates takes messages off a queue: a mapping or a pipe, or a role that may receive them (containers, instances).
 * What nobody here consumes is a last stop, an audit copy or a way to another app, where dead letters are nobody's or that app's concern.
 */
const isConsumed = ({ resource: queue }: Queue, { mappings, resources }: Graph): boolean =>
  mappings.some((mapping) => mapping.queue?.resource === queue) ||
  resources
    .of('AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::RolePolicy', 'AWS::IAM::Role')
    .some((policy) =>
      [policy.properties, ...listOf(policy.properties.Policies).map(recordOf)].some(({ PolicyDocument: document }) =>
        allowsOn(document, ['sqs:ReceiveMessage'], (arn) => resources.target(arn, policy) === queue),
      ),
    );

/** What gives up to standard queues only. */
const STANDARD_ONLY = [
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Function',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Events::Rule',
  'AWS::Scheduler::Schedule',
];

/** What a queue that carries answers is called, and how the other half of the pair is. */
const ANSWERS = /[-_.]?(repl(y|ies)|responses?|answers?)(\.fifo)?$/i;
const ASKS = /[-_.]?(requests?|commands?|queries|calls?)(\.fifo)?$/i;

const lastName = (queue: Queue): string => {
  const parts = queue.name.split('/').filter((part) => !['Resource', 'Queue'].includes(part));
  return parts.at(-1) ?? queue.name;
};

export const QUEUE_RULES: readonly Rule[] = [
  {
    id: 'Messaging-QueueWithoutDeadLetters',
    severity: 'error',
    mistake: 'a queue has no dead-letter queue',
    why: 'A message that always fails comes back until its retention ends and is then deleted; nobody sees it, and until then it takes the place of others.',
    source: `${DOCS}/sqs-dead-letter-queues.html`,
    check: (graph) =>
      graph.queues
        .filter((queue) => queue.redrive === undefined && queue.deadLettersOf.length === 0 && isConsumed(queue, graph))
        .map(({ resource }) => ({
          at: resource,
          property: 'RedrivePolicy',
          value: 'none',
          fix: 'Make a second queue of the same kind, kept 14 days, and pass it: deadLetterQueue: { queue: deadLetters, maxReceiveCount: 5 }.',
        })),
  },
  {
    id: 'Messaging-ReceiveCountOutOfRange',
    severity: 'error',
    mistake: 'the redrive policy has no usable receive count',
    why: `SQS takes a maxReceiveCount from 1 to ${MAX_RECEIVE_COUNT}; the deployment fails with another.`,
    source: `${DOCS}/sqs-configure-dead-letter-queue.html`,
    check: ({ queues }) =>
      queues.flatMap(({ resource, redrive }) => {
        const count = redrive?.maxReceiveCount;
        if (count === undefined || (count >= 1 && count <= MAX_RECEIVE_COUNT)) return [];
        return [
          {
            at: resource,
            property: 'RedrivePolicy.maxReceiveCount',
            value: Number.isNaN(count) ? 'none' : String(count),
            fix: 'Write deadLetterQueue: { queue, maxReceiveCount: 5 }: the tries that a message needs, and two more for crashes.',
          },
        ];
      }),
  },
  {
    id: 'Messaging-DeadLettersExpireEarly',
    severity: 'error',
    mistake: 'dead letters of a standard queue are not kept longer than its messages',
    why: 'A standard dead-letter queue counts age from the first enqueue, so that a message that waited long in its queue is deleted among the dead letters before anybody looks.',
    source: `${DOCS}/sqs-dead-letter-queues.html#understanding-message-retention-periods`,
    check: (graph) =>
      pairs(graph)
        .filter(
          ([queue, deadLetters]) =>
            !queue.fifo && below(deadLetters.retentionSeconds, (queue.retentionSeconds ?? Number.NaN) + 1),
        )
        .map(([queue, deadLetters]) => ({
          at: deadLetters.resource,
          property: 'MessageRetentionPeriod',
          value: `${inSeconds(deadLetters.retentionSeconds)}; that of its source '${queue.name}' is ${inSeconds(queue.retentionSeconds)}`,
          fix: 'Write retentionPeriod: Duration.days(14) on the dead-letter queue, and less than that on its source.',
        })),
  },
  {
    id: 'Messaging-DeadLettersOfOtherKind',
    severity: 'error',
    mistake: 'a FIFO queue has a standard dead-letter queue, or the other way round',
    why: 'SQS refuses the redrive policy: dead letters of a FIFO queue need a FIFO queue, those of a standard queue a standard one.',
    source: `${DOCS}/sqs-configure-dead-letter-queue.html`,
    check: (graph) =>
      pairs(graph)
        .filter(([queue, deadLetters]) => queue.fifo !== deadLetters.fifo)
        .map(([queue, deadLetters]) => ({
          at: queue.resource,
          property: 'RedrivePolicy.deadLetterTargetArn',
          value: `'${deadLetters.name}', which is ${deadLetters.fifo ? 'FIFO' : 'standard'}, of a ${queue.fifo ? 'FIFO' : 'standard'} queue`,
          fix: queue.fifo
            ? 'Make the dead-letter queue with fifo: true and a name that ends in .fifo.'
            : 'Make the dead-letter queue without fifo.',
        })),
  },
  {
    id: 'Messaging-FifoDeadLettersRefused',
    severity: 'error',
    mistake: 'a FIFO queue is to take what Lambda, EventBridge or Scheduler give up',
    why: 'They send to standard queues only: the deployment fails, or what they give up is lost.',
    source: 'https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html',
    check: ({ queues }) =>
      queues.flatMap(({ resource, fifo, deadLettersOf: sources }) => {
        const refused = sources.filter(({ type }) => STANDARD_ONLY.includes(type));
        if (!fifo || refused.length === 0) return [];
        return [
          {
            at: resource,
            property: 'FifoQueue',
            value: `true, for ${quoted(refused.map(({ path }) => path))}`,
            fix: 'Give them a standard queue of their own, with an alarm.',
          },
        ];
      }),
  },
  {
    id: 'Messaging-DeadLettersInACircle',
    severity: 'error',
    mistake: 'dead letters come back to the queue they left',
    why: 'Messages that always fail go round for ever, and none is ever counted as dead.',
    check: (graph) =>
      circles(graph).map((queue) => ({
        at: queue.resource,
        property: 'RedrivePolicy.deadLetterTargetArn',
        value: `'${deadLettersOf(queue, graph)?.name}', whose own dead letters lead back here`,
        fix: 'Take the redrive policy off the dead-letter queue; bring messages back with a redrive task when the fault is mended.',
      })),
  },
  {
    id: 'Messaging-ExpiresBeforeDeadLetters',
    severity: 'warning',
    mistake: 'a message may expire before it has failed often enough',
    why: 'A message that crashes its consumer waits a visibility timeout for each receive. When all receives together take longer than the retention, it is deleted without becoming a dead letter.',
    source: `${DOCS}/sqs-visibility-timeout.html`,
    check: ({ queues }) =>
      queues
        .filter(({ redrive, retentionSeconds, visibilitySeconds }) =>
          below(retentionSeconds, (redrive?.maxReceiveCount ?? Number.NaN) * (visibilitySeconds ?? Number.NaN)),
        )
        .map(({ resource, redrive, retentionSeconds, visibilitySeconds }) => ({
          at: resource,
          property: 'MessageRetentionPeriod',
          value: `${inSeconds(retentionSeconds)}; ${redrive?.maxReceiveCount} receives of ${inSeconds(visibilitySeconds)} take longer`,
          fix: 'Raise retentionPeriod, or lower maxReceiveCount or visibilityTimeout until their product is below it.',
        })),
  },
  {
    id: 'Messaging-RequestResponseOverQueues',
    severity: 'warning',
    mistake: 'a pair of queues looks like a request and its response',
    why: 'A caller that waits for an answer from a queue waits as long as the backlog, cannot tell slow from lost, and has to find its answer among those of others.',
    check: ({ queues }) =>
      queues.flatMap((queue) => {
        const stem = lastName(queue).replace(ANSWERS, '');
        if (stem === lastName(queue) || queue.deadLettersOf.length > 0) return [];
        const asked = queues.filter(
          (other) =>
            other !== queue &&
            other.deadLettersOf.length === 0 &&
            lastName(other)
              .replace(ASKS, '')
              .replace(/\.fifo$/, '') === stem,
        );
        if (asked.length === 0) return [];
        return [
          {
            at: queue.resource,
            property: 'QueueName',
            value: `'${queue.name}' beside ${quoted(asked.map(({ name }) => name))}`,
            fix: 'Call the function or its URL and take the answer from the call; or answer "accepted" with an id at once and let the caller ask for the state.',
          },
        ];
      }),
  },
];
