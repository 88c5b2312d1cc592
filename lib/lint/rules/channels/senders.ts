import type { Graph } from '../../graph/graph.ts';
import { type Offence, offence, type Rule } from '../../graph/rule.ts';
import { closedKeyOf, isLetIn, type Send, sendsOf } from '../../graph/sends.ts';

const SNS_DOCS = 'https://docs.aws.amazon.com/sns/latest/dg';
const SQS_DOCS = 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide';

/** What a topic delivers to a queue: it has rules of its own, which apps have acknowledged by their names. */
const isFanOut = ({ delivery, isDeadLetters, to }: Send): boolean =>
  delivery.kind === 'subscription' && !isDeadLetters && to.resource.type === 'AWS::SQS::Queue';

const isTopic = ({ to }: Send): boolean => to.resource.type === 'AWS::SNS::Topic';

/** What a delivery is called in a finding: `rule 'nightly'`, `dead letters of subscription 'Shop/News'`. */
const senderOf = ({ delivery: { kind, name }, isDeadLetters }: Send): string =>
  `${isDeadLetters ? 'dead letters of ' : ''}${kind} '${name}'`;

function closedPolicies(graph: Graph, which: (send: Send) => boolean): readonly Send[] {
  return sendsOf(graph).filter((send) => which(send) && !isLetIn(send, graph));
}

function closedKeys(graph: Graph, which: (send: Send) => boolean, value: (send: Send, key: string) => string) {
  return sendsOf(graph)
    .filter(which)
    .flatMap((send): Offence[] => {
      const closed = closedKeyOf(send, graph);
      if (closed === undefined) return [];
      const { service } = send.delivery;
      const without = isTopic(send) ? 'Leave the key out' : 'Write encryption: QueueEncryption.SQS_MANAGED';
      const fix =
        send.role === undefined
          ? `${without}; or take a customer key whose policy allows kms:GenerateDataKey* and kms:Decrypt to ${service}.`
          : `Write key.grantEncryptDecrypt(role) for the role that sends. Otherwise: ${without}.`;
      return [offence(send.to, 'KmsMasterKeyId', value(send, closed), fix)];
    });
}

/** Whether who sends to a queue or a topic may: by its policy, and by its key. */
export const SENDER_RULES: readonly Rule[] = [
  {
    id: 'Messaging-QueueClosedToTopic',
    severity: 'error',
    mistake: 'a queue that subscribes to a topic does not let SNS send to it',
    why: 'Every message of the subscription is lost: SNS counts it as a client error and does not try again.',
    source: `${SNS_DOCS}/subscribe-sqs-queue-to-sns-topic.html`,
    check: (graph) =>
      closedPolicies(graph, isFanOut).map(({ delivery, to }) =>
        offence(
          delivery,
          'Endpoint',
          `'${to.name}', without a queue policy that allows sqs:SendMessage to sns.amazonaws.com`,
          'Subscribe with topic.addSubscription(new SqsSubscription(queue)), which writes the policy; or add a CfnQueuePolicy with aws:SourceArn of the topic.',
        ),
      ),
  },
  {
    id: 'Messaging-QueueKeyClosedToTopic',
    severity: 'error',
    mistake: 'a queue that subscribes to a topic is encrypted with a key that SNS may not use',
    why: 'SNS cannot deliver: the policy of the key that AWS manages for SQS cannot be changed, and one of your own must let sns.amazonaws.com in.',
    source: `${SNS_DOCS}/sns-enable-encryption-for-topic-sqs-queue-subscriptions.html`,
    check: (graph) => closedKeys(graph, isFanOut, (_, key) => key),
  },
  {
    id: 'Messaging-ClosedToSender',
    severity: 'error',
    mistake: 'a queue or topic does not let in who is to send to it',
    why: 'Everything that is sent is refused and, for want of another place, lost: matched events, notifications, and the dead letters of who could not deliver.',
    source: `${SQS_DOCS}/sqs-basic-examples-of-sqs-policies.html`,
    check: (graph) =>
      closedPolicies(graph, (send) => !isFanOut(send)).map((send) =>
        offence(
          send.delivery,
          send.end.property,
          `'${send.to.name}', without a policy that allows ${isTopic(send) ? 'sns:Publish' : 'sqs:SendMessage'} to ${send.delivery.service}`,
          `Wire it with the CDK's own class for it (targets.SqsQueue, SqsDestination, SqsSubscription), which writes the policy; or add one that allows ${send.delivery.service}, with aws:SourceArn as condition.`,
        ),
      ),
  },
  {
    id: 'Messaging-KeyClosedToSender',
    severity: 'error',
    mistake: 'a queue or topic is encrypted with a key that who sends to it may not use',
    why: 'Nothing arrives. The policy of the key that AWS manages for SQS or SNS lets in roles of the account and no service, and cannot be changed; a key of your own must let the sender in.',
    source: `${SQS_DOCS}/sqs-key-management.html`,
    check: (graph) =>
      closedKeys(
        graph,
        (send) => !isFanOut(send),
        (send, key) => `${key}; ${senderOf(send)} sends here`,
      ),
  },
];
