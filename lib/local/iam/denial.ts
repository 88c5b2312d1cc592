import type { AwsErrorShape } from '../endpoint-errors.ts';
import type { Principal } from './principal.ts';

/** Somebody was refused something. */
export interface Denial {
  /** ARN of the role's session, or of the resource in whose name a service asked. */
  readonly principal: string;
  /** Role whose policies were asked; undefined for services. */
  readonly roleArn: string | undefined;
  readonly action: string;
  readonly resource: string;
  /** In AWS's words: principal, action, resource, and which policy is missing or denies. */
  readonly message: string;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
export function denial(principal: Principal, action: string, resources: readonly string[], reason: string): Denial {
  const resource = resources[0] ?? '*';
  const who = principal.kind === 'role' ? principal.sessionArn : principal.sourceArn;
  const subject = principal.kind === 'role' ? `User: ${who}` : `Resource: ${who} (${principal.service})`;
  return {
    principal: who,
    roleArn: principal.kind === 'role' ? principal.roleArn : undefined,
    action,
    resource,
    message: `${subject} is not authorized to perform: ${action} on resource: ${resource} ${reason}`,
  };
}

type Answer = Pick<AwsErrorShape, 'status' | 'code'>;

/** How a service answers a refusal; services not listed: 403 AccessDeniedException. */
const REFUSED: Readonly<Record<string, Answer>> = {
  sqs: { status: 403, code: 'AccessDenied' },
  sns: { status: 403, code: 'AuthorizationError' },
  s3: { status: 403, code: 'AccessDenied' },
  monitoring: { status: 403, code: 'AccessDenied' },
  dynamodb: { status: 400, code: 'AccessDeniedException' },
  kinesis: { status: 400, code: 'AccessDeniedException' },
};

/** The same when the resource may be used and its key may not. */
const KEY_REFUSED: Readonly<Record<string, Answer>> = {
  sqs: { status: 400, code: 'KMS.AccessDeniedException' },
  sns: { status: 400, code: 'KMSAccessDenied' },
  kinesis: { status: 400, code: 'KMSAccessDeniedException' },
};

/** The error of a call that was refused. @param service signing name */
export function denialError(service: string, { action, message }: Denial): AwsErrorShape {
  const answer = (action.startsWith('kms:') ? KEY_REFUSED[service] : undefined) ?? REFUSED[service];
  return { ...(answer ?? { status: 403, code: 'AccessDeniedException' }), message };
}
