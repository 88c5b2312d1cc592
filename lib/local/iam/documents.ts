import { checkPolicy, type PolicyKind } from './check-policy.ts';
import type { PolicyDocument } from './policy.ts';

/** Named policies of several owners (roles or resources), by ARN. */
export interface Documents {
  /** A second call with the same name replaces the policy. @throws PolicyError */
  put(arn: string, name: string, document: unknown): void;
  /** Unknown names are ignored. */
  remove(arn: string, name: string): void;
  of(arn: string): ReadonlyMap<string, PolicyDocument>;
  /** ARNs of those who have any. */
  owners(): readonly string[];
}

const NONE: ReadonlyMap<string, PolicyDocument> = new Map();

/** @param check Whether what the engine does not understand is refused. */
export function createDocuments(kind: PolicyKind, check: boolean): Documents {
  const owners = new Map<string, Map<string, PolicyDocument>>();
  return {
    put(arn, name, document) {
      const checked = check
        ? checkPolicy(document, `Policy ${name} of ${arn}`, kind)
        : (document as unknown as PolicyDocument);
      const policies = owners.get(arn) ?? new Map<string, PolicyDocument>();
      policies.set(name, checked);
      owners.set(arn, policies);
    },
    remove: (arn, name) => void owners.get(arn)?.delete(name),
    of: (arn) => owners.get(arn) ?? NONE,
    owners: () => [...owners].filter(([, policies]) => policies.size > 0).map(([arn]) => arn),
  };
}
