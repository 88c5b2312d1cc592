import { randomUUID } from 'node:crypto';
import { errorResponse } from '../endpoint-errors.ts';
import type { Caller, ServiceHandler } from '../service.ts';

/** STS: who am I. A function is its assumed role, everybody else the root of the account. */
export function createSts(account: string): ServiceHandler {
  return async ({ operation, caller }) => {
    if (operation !== 'GetCallerIdentity') {
      const message = `sts: operation ${operation} is not available in the engine; available: GetCallerIdentity`;
      return errorResponse('sts', { status: 400, code: 'UnknownOperationException', message });
    }
    return {
      status: 200,
      headers: { 'content-type': 'text/xml' },
      body: `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>${arnOf(caller, account)}</Arn><UserId>${caller.accessKeyId}</UserId><Account>${account}</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
    };
  };
}

function arnOf({ roleArn, functionName }: Caller, account: string): string {
  if (roleArn === undefined) return `arn:aws:iam::${account}:root`;
  return `arn:aws:sts::${account}:assumed-role/${roleArn.slice(roleArn.lastIndexOf('/') + 1)}/${functionName ?? 'session'}`;
}
