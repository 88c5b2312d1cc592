import { isObject, type JsonObject } from '../json.ts';
import { KNOWN_KEYS } from './condition-keys.ts';
import { KNOWN_OPERATORS, operatorOf } from './conditions.ts';
import { asArray, type PolicyDocument } from './policy.ts';

/** A policy that the engine cannot decide by; the message names the policy, the statement, the value and the fix. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}

/** Whose policy: a role's, a resource's (which names principals), or a role's trust policy (which names no resource). */
export type PolicyKind = 'identity' | 'resource' | 'trust';

/** Services (prefixes of actions) whose calls the engine decides; statements about others can wait for AWS. */
const DECIDED = new Set([
  'cloudformation',
  'cloudwatch',
  'dynamodb',
  'events',
  'iam',
  'kinesis',
  'kms',
  'lambda',
  'logs',
  's3',
  'scheduler',
  'ses',
  'sns',
  'sqs',
  'sts',
]);

const known = new Set(KNOWN_KEYS.map((key) => key.toLowerCase()));

/**
 * Makes sure that the engine understands all of a policy: what it skipped would be allowed, or refused, by accident.
 * @param what Names the policy in messages.
 * @throws PolicyError
 */
export function checkPolicy(document: unknown, what: string, kind: PolicyKind): PolicyDocument {
  if (!isObject(document) || document.Statement === undefined) {
    throw new PolicyError(`${what} has no Statement; a policy is {"Version": "2012-10-17", "Statement": [...]}.`);
  }
  const statements: readonly unknown[] = asArray(document.Statement);
  for (const [index, statement] of statements.entries()) {
    if (!isObject(statement)) throw new PolicyError(`${what}: statement ${index + 1} is not an object.`);
    checkStatement(statement, `${what}, statement ${statement.Sid ?? index + 1}`, kind);
  }
  return document as unknown as PolicyDocument;
}

function checkStatement(statement: JsonObject, where: string, kind: PolicyKind): void {
  const { Effect, Action, NotAction, Resource, NotResource, Principal, NotPrincipal } = statement;
  const refuse = (problem: string): never => {
    throw new PolicyError(`${where}: ${problem}`);
  };
  if (Effect !== 'Allow' && Effect !== 'Deny') refuse(`Effect is ${JSON.stringify(Effect)}; it is Allow or Deny.`);
  if ((Action === undefined) === (NotAction === undefined)) refuse('it needs either Action or NotAction.');
  if (NotPrincipal !== undefined) {
    refuse('NotPrincipal is not decided by the engine; name the principals, or use a condition on aws:PrincipalArn.');
  }
  if (kind === 'identity') {
    if (Principal !== undefined) refuse("it has a Principal; a role's policy is about the role itself.");
    if ((Resource === undefined) === (NotResource === undefined)) refuse('it needs either Resource or NotResource.');
  } else if (Principal === undefined) {
    refuse('it has no Principal; say who is meant.');
  }
  if (kind !== 'identity' && nobodyHere(Principal)) return;
  const actions = asArray((Action ?? NotAction) as string | string[]).map(String);
  if (NotAction === undefined && !actions.some((action) => DECIDED.has(action.split(':')[0] ?? '') || action === '*')) {
    return;
  }
  for (const resource of asArray((Resource ?? NotResource) as string | string[] | undefined)) {
    refuseVariables(String(resource), 'Resource', refuse);
  }
  checkConditions(statement.Condition, refuse);
}

/** Web identities and canonical users do not call this endpoint. */
const nobodyHere = (principal: unknown): boolean =>
  isObject(principal) && Object.keys(principal).every((type) => type === 'Federated' || type === 'CanonicalUser');

function checkConditions(conditions: unknown, refuse: (problem: string) => never): void {
  for (const [operator, keys] of Object.entries(isObject(conditions) ? conditions : {})) {
    if (operatorOf(operator) === undefined) {
      refuse(`the engine does not know the condition operator ${operator}; it knows ${KNOWN_OPERATORS.join(', ')}.`);
    }
    for (const [key, wanted] of Object.entries(isObject(keys) ? keys : {})) {
      if (!known.has(key.toLowerCase())) {
        refuse(
          `the engine does not know the condition key ${key} (operator ${operator}); it knows ${KNOWN_KEYS.join(', ')}. Leave the condition out for this machine, or run without IAM (--no-iam).`,
        );
      }
      for (const value of asArray(wanted as string | string[]))
        refuseVariables(String(value), `${operator} ${key}`, refuse);
    }
  }
}

function refuseVariables(text: string, where: string, refuse: (problem: string) => never): void {
  const variable = /\$\{[^}]*\}/.exec(text)?.[0];
  if (variable !== undefined) {
    refuse(`${where} uses the policy variable ${variable}, which the engine does not fill in; write the value out.`);
  }
}
