import { errorResponse } from '../endpoint-errors.ts';
import type { Caller, ServiceResponse } from '../service.ts';
import type { MaySend } from './messages/delivery.ts';

/** What queues, topics and buckets need of the account's policies. */
export interface Access {
  readonly maySend: MaySend;
  /** What the engine does not understand of a resource's policy (JSON text); undefined: nothing. */
  readonly problemIn: (policy: string) => string | undefined;
  readonly bucketPolicies: BucketPolicies;
  /** Why a caller may not list a bucket, in words; undefined: it may. */
  readonly listingRefused: (caller: Caller, bucket: string) => string | undefined;
}

/** Policies of buckets; those of queues and topics are attributes of theirs. */
export interface BucketPolicies {
  put(bucket: string, policy: string): void;
  get(bucket: string): string | undefined;
  remove(bucket: string): void;
}

/** The answer to a policy that is refused when it is set; undefined when it is not. */
export function policyRefusal(
  service: string,
  code: string,
  policy: string | undefined,
  { problemIn }: Pick<Access, 'problemIn'>,
): ServiceResponse | undefined {
  const message = policy ? problemIn(policy) : undefined;
  return message === undefined ? undefined : errorResponse(service, { status: 400, code, message });
}
