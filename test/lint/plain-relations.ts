import { CfnPolicy } from 'aws-cdk-lib/aws-iam';
import { CfnKey } from 'aws-cdk-lib/aws-kms';
import { CfnPipe } from 'aws-cdk-lib/aws-pipes';
import { CfnTopic, CfnTopicPolicy } from 'aws-cdk-lib/aws-sns';
import { CfnQueue, CfnQueuePolicy } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

/** Plain resources that relate others: who may take and send, and innocent neighbours of those that are looked at. */

/** Lets a role take messages, as a service that polls does. */
export const mayReceive = (scope: Construct, { attrArn }: CfnQueue): CfnPolicy =>
  new CfnPolicy(scope, 'polls', {
    policyName: 'polls',
    roles: ['poller'],
    policyDocument: {
      Statement: [{ Effect: 'Allow', Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage'], Resource: attrArn }],
    },
  });

/** A pipe to a bus of elsewhere. */
export const pipe = (
  scope: Construct,
  source: string,
  sourceParameters?: CfnPipe.PipeSourceParametersProperty,
): CfnPipe =>
  new CfnPipe(scope, 'pipe', {
    ...{ name: 'pipe', source, roleArn: 'arn:aws:iam::111122223333:role/worker' },
    target: 'arn:aws:events:eu-west-1:111122223333:event-bus/elsewhere',
    ...(sourceParameters === undefined ? {} : { sourceParameters }),
  });

/** Services that deliver to queues and topics. */
const SERVICES = ['sns', 'events', 's3', 'cloudwatch', 'scheduler', 'pipes', 'lambda'].map(
  (name) => `${name}.amazonaws.com`,
);

/** A queue, a topic and a key that let every service in, and a queue whose consumer is fine: not to be mistaken for those that are looked at. */
export function neighbours(scope: Construct): void {
  const open = new CfnQueue(scope, 'neighbour', { queueName: 'neighbour', sqsManagedSseEnabled: true });
  const told = new CfnTopic(scope, 'neighbour-topic', { topicName: 'neighbour' });
  new CfnQueuePolicy(scope, 'neighbour-policy', {
    queues: [open.ref],
    policyDocument: allow(SERVICES, ['sqs:SendMessage'], open.attrArn),
  });
  new CfnTopicPolicy(scope, 'neighbour-topic-policy', {
    topics: [told.ref],
    policyDocument: allow(SERVICES, ['sns:Publish'], told.ref),
  });
  new CfnKey(scope, 'neighbour-key', { keyPolicy: allow(SERVICES, ['kms:GenerateDataKey*', 'kms:Decrypt'], '*') });
}

export const allow = (service: string | readonly string[], actions: readonly string[], resource: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: actions, Resource: resource }],
});
