import type { Asked, Iam, PolicyDocument } from '../../../lib/local/iam.ts';
import { type Grant, grantsOf } from '../../integration/grants/grants.ts';

/** Everything that roles asked for in a run, each thing once. */
export interface Demands {
  readonly all: ReadonlyMap<string, Asked>;
  stop(): void;
}

/** Begins to note down what is asked of the policies. */
export function noteDemands(iam: Iam): Demands {
  const all = new Map<string, Asked>();
  const stop = iam.onDemand((asked) => {
    const { principal, demand } = asked;
    const key = `${principal.roleArn} ${demand.action} ${demand.resources.map(kindOf).join(' ')}`;
    if (!all.has(key)) all.set(key, asked);
  });
  return { all, stop };
}

/** Objects, items and log streams of one place count as one: there are as many as messages. */
const kindOf = (arn: string): string =>
  arn.replace(/^(arn:[^:]*:s3:::[^/]+\/[^/]+).*$/, '$1').replace(/:log-stream:.*$/, '');

/** A grant that can be taken away, and whose it is. */
export interface OwnedGrant extends Grant {
  /** Name of the role without account. */
  readonly role: string;
}

/**
 * Takes every grant of every role away in turn, and asks again for all that the run asked for: a grant without which nothing is refused is one that
 * nothing needed.
 */
export function unneededGrants(iam: Iam, { all }: Demands): readonly OwnedGrant[] {
  const byRole = Map.groupBy(all.values(), ({ principal }) => principal.roleArn);
  return iam.roles.owners().flatMap((roleArn) => {
    const policies = new Map(iam.roles.of(roleArn));
    // What is refused anyway says nothing about a grant.
    const asked = (byRole.get(roleArn) ?? []).filter(({ principal, demand }) => iam.grants(principal, demand));
    return grantsOf(policies)
      .filter((grant) => !isNeeded(iam, roleArn, grant, asked, policies))
      .map((grant) => ({ ...grant, role: roleArn.slice(roleArn.lastIndexOf('/') + 1) }));
  });
}

function isNeeded(
  iam: Iam,
  roleArn: string,
  { policyName, without }: Grant,
  asked: readonly Asked[],
  policies: ReadonlyMap<string, PolicyDocument>,
): boolean {
  const whole = policies.get(policyName) as PolicyDocument;
  iam.roles.put(roleArn, policyName, without);
  try {
    return asked.some(({ principal, demand }) => !iam.grants(principal, demand));
  } finally {
    iam.roles.put(roleArn, policyName, whole);
  }
}

/** A grant that a run of samples does not need, and why it is there. That each is needed is shown with the orders in `test/integration/grants.test.ts`. */
export interface Exception {
  readonly action: RegExp;
  readonly resource: RegExp;
  /** @default any role */
  readonly role?: RegExp;
  readonly why: string;
}

/** What the constructs themselves grant. What a system grants on its own places is not among these. */
export const NOT_IN_A_RUN: readonly Exception[] = [
  { action: /^logs:/, resource: /./, role: /CustomS3AutoDelete/, why: "CDK's emptier runs when the stack is deleted" },
  { action: /./, resource: /./, role: /Sweeper/, why: 'the sweeper publishes what the relay could not' },
  {
    action: /^(kinesis|dynamodb):(Describe|List|GetShardIterator)/,
    resource: /stream|\*/,
    why: 'asked when a mapping begins',
  },
  {
    action: /^sqs:(GetQueueAttributes|ChangeMessageVisibility|DeleteMessage|SendMessage)$/,
    resource: /:sqs:/,
    why: 'asked when a mapping begins; retries wait, dead letters leave',
  },
  {
    action: /^s3:/,
    resource: /deadletterbodies|claims/i,
    why: 'what no message can hold; a missing object is told as missing',
  },
  {
    action: /^dynamodb:/,
    resource: /inbox|outbox/i,
    why: 'tries, leases and parked messages; what an older head lacks',
  },
  { action: /^kms:/, resource: /:key\//, why: 'the key of queues that only trouble sends to' },
  { action: /^lambda:/, resource: /./, why: 'mappings are switched when a breaker opens' },
];

/** Whether a grant that nothing needed is one of those. */
export const isException = ({ role, action, resource }: OwnedGrant): boolean =>
  NOT_IN_A_RUN.some(
    (one) => one.action.test(action) && one.resource.test(resource) && (one.role === undefined || one.role.test(role)),
  );
