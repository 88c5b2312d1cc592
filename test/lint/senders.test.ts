import { describe, expect, it } from 'vitest';
import { allowing, arnOf, foundBy } from './template-of.ts';

describe('who sends is let in', () => {
  const [service, other] = ['events.amazonaws.com', 's3.amazonaws.com'];
  const RULE = 'Messaging-ClosedToSender';
  it.each<[string, string, string, (to: object) => object]>([
    ['AWS::SQS::Queue', 'AWS::SQS::QueuePolicy', 'sqs:SendMessage', (to) => ({ Queues: [to] })],
    ['AWS::SQS::Queue', 'AWS::SQS::QueueInlinePolicy', 'sqs:SendMessage', (to) => ({ Queue: to })],
    ['AWS::SNS::Topic', 'AWS::SNS::TopicPolicy', 'sns:Publish', (to) => ({ Topics: [to] })],
    ['AWS::SNS::Topic', 'AWS::SNS::TopicInlinePolicy', 'sns:Publish', (to) => ({ TopicArn: to })],
  ])('to %s by %s', (store, policy, action, of) => {
    const ref = { Ref: 'To' };
    const found = (by: string, does = action) =>
      foundBy(RULE, {
        To: [store],
        Rule: [
          'AWS::Events::Rule',
          { EventPattern: {}, Targets: [{ Arn: store === 'AWS::SNS::Topic' ? ref : arnOf('To') }] },
        ],
        Policy: [policy, { ...of(ref), ...allowing(does, { Principal: { Service: by } }) }],
      }).length;
    expect([found(service), found(other), found(service, 'sqs:DeleteMessage')]).toEqual([0, 1, 1]);
  });
});

describe('a role encrypts', () => {
  const WANTED = ['kms:GenerateDataKey', 'kms:Decrypt'];
  const names = (AWS: unknown) => ({
    Statement: [{ Effect: 'Allow', Action: 'kms:*', Principal: { AWS }, Resource: '*' }],
  });
  const found = (KeyPolicy: object, own: object = {}) =>
    foundBy('Messaging-KeyClosedToSender', {
      Key: ['AWS::KMS::Key', { KeyPolicy }],
      To: ['AWS::SQS::Queue', { KmsMasterKeyId: arnOf('Key') }],
      Role: ['AWS::IAM::Role', { Policies: [own] }],
      Other: ['AWS::IAM::Role'],
      By: ['AWS::Scheduler::Schedule', { Target: { Arn: arnOf('To'), RoleArn: arnOf('Role') } }],
    }).length;
  const account = { 'Fn::Sub': `arn:\${AWS::Partition}:iam::\${AWS::AccountId}:root` };

  it.each<[string, object, object, number]>([
    ['by the key that names it', names(arnOf('Role')), {}, 0],
    ['by the key that may name it', names({ Ref: 'P' }), {}, 0],
    [
      'by its own policy, where the key trusts the account',
      names(account),
      allowing(WANTED, { Resource: arnOf('Key') }),
      0,
    ],
    ['by its own policy, on everything', names(account), allowing('kms:*', { Resource: '*' }), 0],
    ['by nobody: the account alone is not enough', names(account), {}, 1],
    ['by nobody: the key names another', names(arnOf('Other')), {}, 1],
    ['by nobody: it may do one of two', names(account), allowing(WANTED.slice(1), { Resource: '*' }), 1],
    ['by nobody: it may on something else', names(account), allowing(WANTED, { Resource: arnOf('To') }), 1],
  ])('%s', (_, policy, own, count) => {
    expect(found(policy, own)).toBe(count);
  });
});
