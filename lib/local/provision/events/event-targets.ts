import { isTarget } from '../../events/targets.ts';
import type { Json } from '../../json.ts';
import { objectAt, textAt } from '../../json.ts';
import type { ResourceRequest } from '../resources/resource.ts';
import { provisionError } from '../resources/resource.ts';

/** The State property of rules and schedules. */
export const isEnabled = (state: Json | undefined): boolean => state !== 'DISABLED';

/** Message group of a target that is a FIFO queue. */
export const groupOf = (target: Json): string | undefined =>
  textAt(objectAt(target, 'SqsParameters'), 'MessageGroupId');

/** @throws ProvisionError for a target that rules and schedules cannot send to here */
export function supportedTarget(arn: string | undefined, request: ResourceRequest): string {
  if (arn !== undefined && isTarget(arn)) return arn;
  throw provisionError(
    request,
    `the target ${arn} is not supported by the engine; it sends to functions, queues and topics.`,
  );
}
