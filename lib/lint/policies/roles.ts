import { textOf } from '../reading/intrinsics.ts';
import { listOf, recordOf } from '../reading/json.ts';
import type { Resource, Resources } from '../reading/resources.ts';

/** Managed policies of AWS that say nothing about queues, topics and keys. */
const BASIC =
  /:aws:policy\/(service-role\/AWSLambda(Basic|VPCAccess|SQSQueue)\w*|AWSXRayDaemonWriteAccess|CloudWatchLambdaInsights\w*)$/;

/**
 * The policies of a role that are in these templates.
 * @returns undefined when it may have others: a role of elsewhere, or managed policies that are not here
 */
export function policiesOf(role: Resource | undefined, resources: Resources): readonly unknown[] | undefined {
  if (role?.type !== 'AWS::IAM::Role') return undefined;
  const managed = listOf(role.properties.ManagedPolicyArns).map((arn) => ({
    here: resources.target(arn, role),
    text: textOf(arn) ?? '',
  }));
  if (managed.some(({ here, text }) => here === undefined && !BASIC.test(text))) return undefined;
  const apart = resources
    .of('AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::RolePolicy')
    .filter(
      (policy) =>
        managed.some(({ here }) => here === policy) ||
        [...listOf(policy.properties.Roles), ...listOf(policy.properties.RoleName)].some(
          (one) => (resources.target(one, policy) ?? resources.named('AWS::IAM::Role', one, policy)) === role,
        ),
    );
  return [...listOf(role.properties.Policies).map(recordOf), ...apart.map(({ properties }) => properties)].map(
    ({ PolicyDocument: document }) => document,
  );
}
