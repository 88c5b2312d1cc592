import { describe, expect, it } from 'vitest';
import { createAwsCalls } from '../../lib/local/call.ts';
import { readActions } from '../../lib/local/cloudwatch/alarm/read-alarm.ts';
import { isTarget } from '../../lib/local/events/targets.ts';
import { createIam, rolePrincipal } from '../../lib/local/iam.ts';
import { sourceKind } from '../../lib/local/mappings/configuration/config.ts';
import { isFailureDestination, sendTo } from '../../lib/local/mappings/configuration/destination.ts';

const ACCOUNT = '000000000000';

/** Templates for China and GovCloud write the partition out. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
describe.each([
  ['aws', 'eu-west-1'],
  ['aws-cn', 'cn-north-1'],
  ['aws-us-gov', 'us-gov-west-1'],
])('ARNs of partition %s', (partition, region) => {
  const arnOf = (service: string, resource: string) => `arn:${partition}:${service}:${region}:${ACCOUNT}:${resource}`;
  const bucket = `arn:${partition}:s3:::bucket`;

  it('rules and schedules send to functions, queues and topics', () => {
    const targets = [arnOf('lambda', 'function:f'), arnOf('sqs', 'work'), arnOf('sns', 'topic')];
    expect(targets.map(isTarget)).toEqual([true, true, true]);
    expect([arnOf('kinesis', 'stream/log'), bucket, 'work'].map(isTarget)).toEqual([false, false, false]);
  });

  it('records that a mapping gives up go to standard queues, standard topics and buckets', () => {
    expect([arnOf('sqs', 'dead'), arnOf('sns', 'dead'), bucket].map(isFailureDestination)).toEqual([true, true, true]);
    const others = [arnOf('sqs', 'dead.fifo'), arnOf('sns', 'dead.fifo'), arnOf('lambda', 'function:f')];
    expect(others.map(isFailureDestination)).toEqual([false, false, false]);
  });

  it('what is sent goes to the service of the ARN', async () => {
    const asked: string[] = [];
    const none = createAwsCalls('http://127.0.0.1:1', region);
    const calls = {
      ...none,
      json: async (service: string, operation: string, { QueueUrl }: { QueueUrl?: unknown }) => {
        asked.push(`${service} ${operation} ${QueueUrl}`);
        return {};
      },
    };
    await sendTo(arnOf('sqs', 'dead'), { body: 'x' }, { calls, accountId: ACCOUNT });
    none.close();
    expect(asked).toEqual([`sqs SendMessage http://127.0.0.1/${ACCOUNT}/dead`]);
  });

  it('mappings read queues, logs and streams of tables', () => {
    const sources = [arnOf('sqs', 'work'), arnOf('kinesis', 'stream/log'), arnOf('dynamodb', 'table/t/stream/1')];
    expect(sources.map(sourceKind)).toEqual(['sqs', 'kinesis', 'dynamodb']);
  });

  it('alarms tell topics, and no subscription', () => {
    const topic = arnOf('sns', 'alarms');
    expect(readActions({ AlarmActions: [topic] }).on.ALARM).toEqual([topic]);
    expect(() => readActions({ AlarmActions: [`${topic}:1`] })).toThrow('it notifies SNS topics');
  });

  it.each([
    ['bucket', bucket, `${bucket}/key`],
    ['table', arnOf('dynamodb', 'table/t'), arnOf('dynamodb', 'table/t/index/i')],
    ['function', arnOf('lambda', 'function:f'), arnOf('lambda', 'function:f:live')],
  ])('the policy of a %s is for its parts too', (_, owner, part) => {
    const role = `arn:${partition}:iam::${ACCOUNT}:role/worker`;
    const iam = createIam({ account: ACCOUNT, region });
    iam.roles.put(role, 'policy', { Statement: { Effect: 'Allow', Action: '*', Resource: '*' } });
    const denial = { Effect: 'Deny', Principal: '*', Action: '*', Resource: '*' };
    iam.resources.put(owner, 'policy', { Statement: denial });
    const principal = rolePrincipal(role, 'run');
    expect(iam.wouldRefuse(principal, 's3:GetObject', part)?.message).toContain(
      `User: arn:${partition}:sts::${ACCOUNT}:assumed-role/worker/run is not authorized`,
    );
  });

  it('the root of the account in a policy stands for all of the account', () => {
    const role = `arn:${partition}:iam::${ACCOUNT}:role/worker`;
    const iam = createIam({ account: ACCOUNT, region });
    const queue = arnOf('dynamodb', 'table/t');
    iam.roles.put(role, 'policy', { Statement: { Effect: 'Allow', Action: 'sqs:*', Resource: '*' } });
    const everybody = { AWS: `arn:${partition}:iam::${ACCOUNT}:root` };
    iam.resources.put(queue, 'policy', {
      Statement: { Effect: 'Deny', Principal: everybody, Action: '*', Resource: '*' },
    });
    expect(iam.wouldRefuse(rolePrincipal(role, 'run'), 'sqs:SendMessage', queue)?.message).toContain('explicit deny');
  });
});
