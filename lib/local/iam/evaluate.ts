import type { ConditionContext } from './conditions.ts';
import { conditionsHold } from './conditions.ts';
import type { PolicyDocument, PolicyStatement } from './policy.ts';
import { asArray, statementsOf } from './policy.ts';
import type { Principal } from './principal.ts';
import { coverage } from './principal.ts';
import { matches } from './wildcard.ts';

/** One thing somebody asks to do. */
export interface Request {
  readonly principal: Principal;
  readonly action: string;
  /**
   * Alternatives for the same thing (an SES address or its domain): an Allow of any of them is enough, a Deny of any of them is
   * final. None at all: the engine cannot know the resource; then an Allow of the action on anything is enough, and only a Deny on
   * everything is final.
   */
  readonly resources: readonly string[];
  readonly context: ConditionContext;
}

/** The policies that have a say. */
export interface Policies {
  /** Of the role. */
  readonly identity: readonly PolicyDocument[];
  /** The role's permissions boundary, when it has one. */
  readonly boundary: PolicyDocument | undefined;
  /** Of the resource. */
  readonly resource: readonly PolicyDocument[];
  /** The resource is a KMS key: its policy must allow, or hand on to the account. Elsewhere either policy is enough. */
  readonly isKey: boolean;
}

/** `unmentioned`: no statement allows it. `handed-on`: a resource policy leaves it to the account. */
type Verdict = 'allowed' | 'denied' | 'unmentioned' | 'handed-on';

/**
 * Decides as IAM does within one account: an explicit Deny wins, then somebody must allow, within the boundary.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 * @returns undefined when it is allowed, else why not, in AWS's words
 */
export function refusal(request: Request, policies: Policies, account: string): string | undefined {
  const identity = verdict(policies.identity, request);
  const resource = resourceVerdict(policies.resource, request, account);
  const boundary = policies.boundary === undefined ? 'allowed' : verdict([policies.boundary], request);
  if (identity === 'denied') return 'with an explicit deny in an identity-based policy';
  if (resource === 'denied') return 'with an explicit deny in a resource-based policy';
  if (boundary === 'denied') return 'with an explicit deny in a permissions boundary';
  const missing = (kind: string) => `because no ${kind} allows the ${request.action} action`;
  const allowed = policies.isKey
    ? resource === 'allowed' || (resource === 'handed-on' && identity === 'allowed')
    : resource === 'allowed' || identity === 'allowed';
  if (!allowed) {
    const byResource = request.principal.kind === 'service' || (policies.isKey && resource !== 'handed-on');
    return missing(byResource ? 'resource-based policy' : 'identity-based policy');
  }
  return boundary === 'allowed' ? undefined : missing('permissions boundary');
}

/** What policies without principals say. */
export function verdict(
  documents: readonly PolicyDocument[],
  request: Omit<Request, 'principal'>,
): 'allowed' | 'denied' | 'unmentioned' {
  let allowed = false;
  for (const document of documents) {
    for (const statement of statementsOf(document)) {
      if (!appliesTo(statement, request)) continue;
      if (statement.Effect === 'Deny') return 'denied';
      allowed = true;
    }
  }
  return allowed ? 'allowed' : 'unmentioned';
}

function resourceVerdict(documents: readonly PolicyDocument[], request: Request, account: string): Verdict {
  let found: Verdict = 'unmentioned';
  for (const document of documents) {
    for (const statement of statementsOf(document)) {
      const covered = coverage(statement.Principal, request.principal, account);
      if (covered === undefined || !appliesTo(statement, request)) continue;
      if (statement.Effect === 'Deny') return 'denied';
      if (covered === 'named') found = 'allowed';
      else if (found === 'unmentioned') found = 'handed-on';
    }
  }
  return found;
}

function appliesTo(statement: PolicyStatement, { action, resources, context }: Omit<Request, 'principal'>): boolean {
  // Actions match without regard to case; resources with.
  const named = (patterns: PolicyStatement['Action']) =>
    asArray(patterns).some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase()));
  if (statement.NotAction === undefined ? !named(statement.Action) : named(statement.NotAction)) return false;
  if (resources.length === 0 && statement.Effect === 'Deny' && !asArray(statement.Resource).includes('*')) return false;
  if (resources.length > 0) {
    // Trust policies and some policies of resources name none: they are about the resource they belong to.
    if (statement.Resource === undefined && statement.NotResource === undefined)
      return conditionsHold(statement, context);
    const within = (patterns: PolicyStatement['Resource']) =>
      resources.some((resource) => asArray(patterns).some((pattern) => matches(pattern, resource)));
    if (statement.NotResource === undefined ? !within(statement.Resource) : within(statement.NotResource)) return false;
  }
  return conditionsHold(statement, context);
}
