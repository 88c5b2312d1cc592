import type { AwsErrorShape } from './endpoint-errors.ts';
import { demandsOf } from './iam/demands.ts';
import { decide, type PolicyDocument } from './iam/policy.ts';
import type { ServiceRequest } from './service.ts';

export type { PolicyDocument, PolicyStatement } from './iam/policy.ts';

/** The identity policies of the roles in the engine, and the decision over what their holders may call. */
export interface Iam {
  /**
   * Sets one policy of a role (inline or managed: only the name differs). A second call with the same name replaces it.
   * @param roleArn `arn:aws:iam::000000000000:role/NAME`
   */
  putRolePolicy(roleArn: string, policyName: string, document: PolicyDocument): void;
  /** Takes a policy away; unknown names are ignored. */
  deleteRolePolicy(roleArn: string, policyName: string): void;
  /** The policies of a role by name, for display. */
  rolePolicies(roleArn: string): ReadonlyMap<string, PolicyDocument>;
  /**
   * Why a call is refused, or undefined when it is allowed. Callers without a role may do everything.
   * Only identity policies count: the engine has one account, where an identity policy alone is enough.
   * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
   */
  check(request: ServiceRequest): AwsErrorShape | undefined;
}

const NO_POLICIES: ReadonlyMap<string, PolicyDocument> = new Map();

/** DynamoDB and Kinesis answer a refusal with 400, everything else with 403. */
const STATUS: Readonly<Record<string, number>> = { dynamodb: 400, kinesis: 400 };
/** Query and XML protocols say AccessDenied, the JSON ones AccessDeniedException. */
const CODE: Readonly<Record<string, string>> = { sqs: 'AccessDenied', sns: 'AuthorizationError', s3: 'AccessDenied' };

export function createIam(account: string): Iam {
  const roles = new Map<string, Map<string, PolicyDocument>>();
  return {
    putRolePolicy(roleArn, policyName, document) {
      const policies = roles.get(roleArn) ?? new Map<string, PolicyDocument>();
      policies.set(policyName, document);
      roles.set(roleArn, policies);
    },
    deleteRolePolicy: (roleArn, policyName) => void roles.get(roleArn)?.delete(policyName),
    rolePolicies: (roleArn) => roles.get(roleArn) ?? NO_POLICIES,
    check(request) {
      const { roleArn } = request.caller;
      if (roleArn === undefined) return undefined;
      const documents = [...(roles.get(roleArn) ?? NO_POLICIES).values()];
      for (const { action, resources } of demandsOf(request, account)) {
        const verdict = decide(documents, action, resources);
        if (verdict === 'allowed') continue;
        const user = `arn:aws:sts::${account}:assumed-role/${roleArn.slice(roleArn.lastIndexOf('/') + 1)}/${request.caller.functionName ?? 'session'}`;
        const reason =
          verdict === 'denied'
            ? 'with an explicit deny in an identity-based policy'
            : `because no identity-based policy allows the ${action} action`;
        return {
          status: STATUS[request.service] ?? 403,
          code: CODE[request.service] ?? 'AccessDeniedException',
          message: `User: ${user} is not authorized to perform: ${action} on resource: ${resources[0] ?? '*'} ${reason}`,
        };
      }
      return undefined;
    },
  };
}
