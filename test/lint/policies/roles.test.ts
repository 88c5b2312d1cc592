import { describe, expect, it } from 'vitest';
import { policiesOf } from '../../../lib/lint/policies/roles.ts';
import { allowing, graphOfWritten, type Written } from '../template-of.ts';

const MANAGED = 'arn:aws:iam::aws:policy';
const document = allowing('sqs:SendMessage', { Resource: '*' });
/** How many policies a role has; undefined when it may have others. */
const known = (role: object, more: Written = {}) => {
  const { resources } = graphOfWritten({
    ...more,
    Other: ['AWS::IAM::Role', { RoleName: 'other' }],
    Role: ['AWS::IAM::Role', { RoleName: 'worker', ...role }],
  });
  return policiesOf(
    resources.all.find(({ logicalId }) => logicalId === 'Role'),
    resources,
  )?.length;
};

describe('the policies of a role', () => {
  it.each([
    'service-role/AWSLambdaBasicExecutionRole',
    'service-role/AWSLambdaBasicDurableExecutionRolePolicy',
    'service-role/AWSLambdaVPCAccessExecutionRole',
    'service-role/AWSLambdaSQSQueueExecutionRole',
    'AWSXRayDaemonWriteAccess',
    'CloudWatchLambdaInsightsExecutionRolePolicy',
  ])('are known beside %s', (name) => {
    expect(known({ ManagedPolicyArns: [`${MANAGED}/${name}`], Policies: [document] })).toBe(1);
    const joined = { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:iam::aws:policy/${name}`]] };
    expect(known({ ManagedPolicyArns: [joined] })).toBe(0);
  });

  it.each([
    'AdministratorAccess',
    'AmazonSQSFullAccess',
    'service-role/AWSLambdaKinesisExecutionRole',
    'AWSXRayDaemonWriteAccessToo',
  ])('may be others beside %s', (name) => {
    expect(known({ ManagedPolicyArns: [`${MANAGED}/${name}`], Policies: [document] })).toBeUndefined();
  });

  it.each<[string, string, object]>([
    ['a policy', 'AWS::IAM::Policy', { ...document, Roles: [{ Ref: 'Role' }] }],
    ['a policy for its name', 'AWS::IAM::Policy', { ...document, Roles: ['worker'] }],
    ['a policy for several', 'AWS::IAM::Policy', { ...document, Roles: [{ Ref: 'Other' }, { Ref: 'Role' }] }],
    ['a managed policy', 'AWS::IAM::ManagedPolicy', { ...document, Roles: [{ Ref: 'Role' }] }],
    ['a policy of one role', 'AWS::IAM::RolePolicy', { ...document, RoleName: { Ref: 'Role' } }],
    ['a policy of one role by its name', 'AWS::IAM::RolePolicy', { ...document, RoleName: 'worker' }],
  ])('stand apart in %s', (_, type, properties) => {
    expect(known({}, { Apart: [type, properties] })).toBe(1);
    const ofAnother = JSON.parse(
      JSON.stringify(properties).replaceAll('worker', 'other').replaceAll('"Role"', '"Other"'),
    );
    expect(known({}, { Apart: [type, ofAnother] })).toBe(0);
  });

  it('are also those managed ones that it lists, and none of elsewhere', () => {
    const managed: Written = { Managed: ['AWS::IAM::ManagedPolicy', document] };
    expect(known({ ManagedPolicyArns: [{ Ref: 'Managed' }], Policies: [document] }, managed)).toBe(2);
    const { resources } = graphOfWritten(managed);
    expect([policiesOf(undefined, resources), policiesOf(resources.all[0], resources)]).toEqual([undefined, undefined]);
  });
});
