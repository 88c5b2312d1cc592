import { serviceOfArn } from '../formats/arn.ts';
import type { AwsErrorShape } from './endpoint-errors.ts';
import { checkPolicy, PolicyError } from './iam/check-policy.ts';
import { contextOf } from './iam/condition-keys.ts';
import type { Demand, DemandContext } from './iam/demand.ts';
import { demandsOf } from './iam/demands.ts';
import { type Denial, denial, denialError } from './iam/denial.ts';
import { createDocuments, type Documents } from './iam/documents.ts';
import { type Policies, refusal } from './iam/evaluate.ts';
import { keyDemands } from './iam/key-demands.ts';
import { createKeys, isAwsManaged, type Keys } from './iam/keys.ts';
import type { PolicyDocument } from './iam/policy.ts';
import { type Principal, rolePrincipal } from './iam/principal.ts';
import type { ServiceRequest } from './service.ts';

export { PolicyError } from './iam/check-policy.ts';
export type { Demand } from './iam/demand.ts';
export type { Denial } from './iam/denial.ts';
export type { PolicyDocument, PolicyStatement } from './iam/policy.ts';
export { type Principal, rolePrincipal } from './iam/principal.ts';

/** The policies and keys of the account, and the decision over who may do what. */
export interface Iam {
  /** Policies of roles, inline or managed. */
  readonly roles: Documents;
  /** What roles may do at most. */
  readonly boundaries: Documents;
  /** Who may take on a role. */
  readonly trust: Documents;
  /** Whether a role has any policy here. One that has none is from elsewhere: it cannot be looked into, so it may do everything. */
  knows(roleArn: string): boolean;
  /** Policies of resources, keys included; queues and topics keep theirs as an attribute. */
  readonly resources: Documents;
  readonly keys: Keys;
  /** What the engine does not understand of a resource's policy (JSON text); undefined: nothing. */
  problemIn(policy: string): string | undefined;
  /** Why a call is refused, or undefined when it is allowed. Callers without a role are administrators: they may do everything. */
  check(request: ServiceRequest): AwsErrorShape | undefined;
  /** Why something that happens by itself (a delivery, a poll, a line of a log) is refused; listeners are told. */
  refuse(principal: Principal, action: string, resource: string, values?: Demand['values']): Denial | undefined;
  /** The same as a question: nobody is told. */
  wouldRefuse(principal: Principal, action: string, resource: string): Denial | undefined;
  /** Why a service may not take on a role. @param sourceArn in whose name, where the service says so */
  wouldRefuseRole(roleArn: string, service: string, sourceArn: string): Denial | undefined;
  /** Whether the policies grant a demand as they are now; nobody is told. */
  grants(principal: Principal, demand: Demand): boolean;
  /** Calls the listener with everything that is asked of the policies of roles, granted or not; returns how to stop. */
  onDemand(listener: (asked: Asked) => void): () => void;
  /** Calls the listener at every refusal; returns how to stop. */
  onDenial(listener: (denial: Denial) => void): () => void;
}

/** What a role asks for. */
export interface Asked {
  readonly principal: Extract<Principal, { kind: 'role' }>;
  readonly demand: Demand;
}

/** What a service itself knows of the protection of one of its resources. */
export interface Protection {
  /** The resource's policy, JSON text. */
  readonly policy: string | undefined;
  /** Key id, ARN or alias. */
  readonly key: string | undefined;
}

export interface IamOptions {
  readonly account: string;
  readonly region: string;
  /** false: everybody may do everything, and no policy is looked at. Default true. */
  readonly enforced?: boolean | undefined;
  /** Protection of queues and topics; undefined: there is no such resource. */
  readonly protectionOf?: (arn: string) => Protection | undefined;
  readonly partitionKeyOf?: DemandContext['partitionKeyOf'];
}

export function createIam(options: IamOptions): Iam {
  const {
    account,
    region,
    enforced = true,
    protectionOf = () => undefined,
    partitionKeyOf = () => undefined,
  } = options;
  const roles = createDocuments('identity', enforced);
  const boundaries = createDocuments('identity', enforced);
  const trust = createDocuments('trust', enforced);
  const resources = createDocuments('resource', enforced);
  const keys = createKeys(region, account);
  const listeners = new Set<(denial: Denial) => void>();
  const demandListeners = new Set<(asked: Asked) => void>();
  const parsed = new Map<string, PolicyDocument>();

  function parse(text: string, arn: string): PolicyDocument {
    const known = parsed.get(text);
    if (known !== undefined) return known;
    const document = checkPolicy(JSON.parse(text), `The policy of ${arn}`, 'resource');
    parsed.set(text, document);
    return document;
  }

  function resourcePolicies(arn: string): readonly PolicyDocument[] {
    const owner = ownerOf(arn);
    const kept = protectionOf(owner);
    const own = [...resources.of(owner).values()];
    if (kept === undefined) return own;
    if (kept.policy) return [...own, parse(kept.policy, owner)];
    return serviceOfArn(owner) === 'sns' ? [...own, defaultTopicPolicy(owner, account)] : own;
  }

  function customerKeyOf(arn: string): string | undefined {
    const owner = ownerOf(arn);
    const key = keys.of(owner) ?? protectionOf(owner)?.key;
    return key ? keys.find(key) : undefined;
  }

  const roleArnOf = (name: string): string | undefined => trust.owners().find((arn) => arn.endsWith(`/${name}`));

  const knows = (roleArn: string): boolean => roles.of(roleArn).size > 0 || trust.of(roleArn).size > 0;

  function decide(principal: Principal, demand: Demand, quiet = false): Denial | undefined {
    if (!quiet && principal.kind === 'role') for (const listener of demandListeners) listener({ principal, demand });
    const { action, resources: wanted, values = {} } = demand;
    const context = contextOf({ principal, account, region, values });
    const isKey = action.startsWith('kms:');
    const managed = isKey && wanted.some(isAwsManaged);
    if (managed && principal.kind === 'role') return undefined;
    const policies: Policies = {
      identity: principal.kind === 'role' ? [...roles.of(principal.roleArn).values()] : [],
      boundary: principal.kind === 'role' ? boundaries.of(principal.roleArn).values().next().value : undefined,
      resource: wanted.flatMap(resourcePolicies),
      isKey,
    };
    const reason = refusal({ principal, action, resources: wanted, context }, policies, account);
    return reason === undefined ? undefined : denial(principal, action, wanted, reason);
  }

  /** A demand and, once it is granted, what it needs of keys. */
  function decideAll(principal: Principal, demands: readonly Demand[]): Denial | undefined {
    if (!enforced || (principal.kind === 'role' && !knows(principal.roleArn))) return undefined;
    for (const demand of demands) {
      const refused = decide(principal, demand);
      if (refused !== undefined) return refused;
      const key = demand.resources.map(customerKeyOf).find((arn) => arn !== undefined);
      if (key === undefined) continue;
      for (const keyDemand of keyDemands(demand, key)) {
        const keyRefused = decide(principal, keyDemand);
        if (keyRefused !== undefined) return keyRefused;
      }
    }
    return undefined;
  }

  function tell(refused: Denial | undefined): Denial | undefined {
    if (refused !== undefined) for (const listener of listeners) listener(refused);
    return refused;
  }

  return {
    roles,
    boundaries,
    trust,
    knows,
    resources,
    keys,
    problemIn(policy) {
      if (!enforced) return undefined;
      try {
        checkPolicy(JSON.parse(policy), 'The policy', 'resource');
        return undefined;
      } catch (error) {
        if (error instanceof PolicyError || error instanceof SyntaxError) return error.message;
        throw error;
      }
    },
    check(request) {
      const { roleArn, functionName, session = functionName ?? 'session' } = request.caller;
      if (roleArn === undefined || !enforced) return undefined;
      const demands = demandsOf(request, { account, partitionKeyOf, roleArnOf });
      const refused = tell(decideAll(rolePrincipal(roleArn, session), demands));
      return refused && denialError(request.service, refused);
    },
    refuse: (principal, action, resource, values = {}) =>
      tell(decideAll(principal, [{ action, resources: [resource], values }])),
    wouldRefuse: (principal, action, resource) => decideAll(principal, [{ action, resources: [resource] }]),
    wouldRefuseRole(roleArn, service, sourceArn) {
      const documents = [...trust.of(roleArn).values()];
      if (!enforced || documents.length === 0) return undefined;
      const principal: Principal = { kind: 'service', service, sourceArn };
      const request = {
        principal,
        action: 'sts:AssumeRole',
        resources: [roleArn],
        context: contextOf({ principal, account, region, values: {} }),
      };
      const policies = { identity: [], boundary: undefined, resource: documents, isKey: false };
      const reason = refusal(request, policies, account);
      return reason === undefined ? undefined : denial(principal, 'sts:AssumeRole', [roleArn], reason);
    },
    grants: (principal, demand) => decide(principal, demand, true) === undefined,
    onDemand(listener) {
      demandListeners.add(listener);
      return () => void demandListeners.delete(listener);
    },
    onDenial(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

const FUNCTION_PARTS = 7;
/** By service, where parts of a resource have ARNs of their own. */
const OWNERS: Readonly<Record<string, (arn: string) => string>> = {
  s3: (arn) => arn.split('/')[0] ?? arn,
  dynamodb: (arn) => arn.split(/\/(?:index|stream)\//)[0] ?? arn,
  lambda: (arn) => arn.split(':').slice(0, FUNCTION_PARTS).join(':'),
};

/** The resource whose policy and key count: the bucket of an object, the table of an index or stream, the function of an alias. */
function ownerOf(arn: string): string {
  const owner = OWNERS[serviceOfArn(arn) ?? ''];
  return owner === undefined ? arn : owner(arn);
}

/**
 * A topic without a policy lets in whoever is of its account, alarms included. A policy of its own takes this one's place.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
 */
function defaultTopicPolicy(arn: string, account: string): PolicyDocument {
  return {
    Statement: {
      Effect: 'Allow',
      Principal: { AWS: '*' },
      Action: 'sns:Publish',
      Resource: arn,
      Condition: { StringEquals: { 'aws:SourceOwner': account } },
    },
  };
}
