import type { Iam } from '../iam.ts';

export const groupArn = (region: string, accountId: string, group: string): string =>
  `arn:aws:scheduler:${region}:${accountId}:schedule-group/${group}`;

/**
 * Why Scheduler may not send with a role, in AWS's words; undefined when it may. Its trust policy can ask for the schedule's group.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
 */
export function schedulerRoleProblem(iam: Iam, roleArn: string, group: string): string | undefined {
  const refused = iam.wouldRefuseRole(roleArn, 'scheduler.amazonaws.com', group);
  return (
    refused &&
    `The execution role you provide must allow AWS EventBridge Scheduler to assume the role. ${refused.message}`
  );
}
