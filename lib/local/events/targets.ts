import { serviceOfArn } from '../../formats/arn.ts';
import type { AwsCalls } from '../call.ts';
import type { TargetMeter } from '../cloudwatch/service-metrics/target-metrics.ts';
import type { Iam } from '../iam.ts';
import { sendTo } from '../mappings/configuration/destination.ts';
import type { CallsAs } from '../role-calls.ts';

/** Where a rule or schedule sends. */
export interface Target {
  /** A function (invoked as an event), queue or topic. */
  readonly arn: string;
  /** For FIFO queues. */
  readonly groupId?: string | undefined;
  /** Role that sends. EventBridge Scheduler has one per target; rules send in the name of the service. */
  readonly roleArn?: string | undefined;
}

export interface TargetContext {
  readonly calls: AwsCalls;
  readonly callsAs: CallsAs;
  readonly iam: Iam;
  readonly accountId: string;
  /** Told of every sending to a target. */
  readonly meter: TargetMeter;
}

/** What sending to a target is called, by the service in its ARN. */
const ACTIONS: Readonly<Record<string, string>> = {
  lambda: 'lambda:InvokeFunction',
  sqs: 'sqs:SendMessage',
  sns: 'sns:Publish',
};

/** Whether rules and schedules can send to it here: a function, queue or topic. */
export const isTarget = (arn: string): boolean => Object.hasOwn(ACTIONS, serviceOfArn(arn) ?? '');

/**
 * Sends in the name of a rule or schedule: Scheduler with the target's role, EventBridge by leave of the target's own policy.
 * @throws Error, AwsCallError when it may not or cannot
 */
export async function sendToTarget(
  sourceArn: string,
  { arn, roleArn, groupId }: Target,
  message: { readonly body: string; readonly attributes?: Readonly<Record<string, string>> | undefined },
  context: TargetContext,
): Promise<void> {
  const { body, attributes } = message;
  // Neither Scheduler nor EventBridge names a deduplication id. https://docs.aws.amazon.com/scheduler/latest/APIReference/API_SqsParameters.html
  const group = groupId === undefined ? {} : { groupId };
  const full = { body, byContent: true, ...group, ...(attributes && { attributes }) };
  if (roleArn !== undefined) {
    return sendTo(arn, full, { accountId: context.accountId, calls: context.callsAs(roleArn, 'scheduler') });
  }
  const service = { kind: 'service', service: 'events.amazonaws.com', sourceArn } as const;
  const refused = context.iam.refuse(service, ACTIONS[serviceOfArn(arn) ?? ''] ?? '', arn);
  if (refused !== undefined) throw new Error(refused.message);
  await sendTo(arn, full, context);
}
