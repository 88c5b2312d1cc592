import { describe, expect, it } from 'vitest';
import { checkPolicy, PolicyError } from '../../../lib/local/iam/check-policy.ts';
import { contextOf } from '../../../lib/local/iam/condition-keys.ts';
import { conditionsHold } from '../../../lib/local/iam/conditions.ts';
import { createDocuments } from '../../../lib/local/iam/documents.ts';
import { type Policies, type Request, refusal } from '../../../lib/local/iam/evaluate.ts';
import { leadingKeys } from '../../../lib/local/iam/leading-keys.ts';
import type { PolicyStatement } from '../../../lib/local/iam/policy.ts';
import { type Principal, rolePrincipal } from '../../../lib/local/iam/principal.ts';

const ACCOUNT = '000000000000';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/worker`;
const worker = rolePrincipal(ROLE, 'run');
const alarm: Principal = { kind: 'service', service: 'cloudwatch.amazonaws.com', sourceArn: 'arn:aws:cloudwatch:::a' };
const rule: Principal = { kind: 'service', service: 'events.amazonaws.com', sourceArn: 'arn:aws:events:::r' };

describe('keys that every request has', () => {
  const found = (principal: Principal, key: string) =>
    contextOf({ principal, account: ACCOUNT, region: 'eu-west-1', values: { 'sns:protocol': 'sqs' } })(key);

  /** What a role's request, an alarm's and a rule's say. */
  it.each([
    ['aws:securetransport', 'true', 'true', 'true'],
    ['s3:tlsversion', '1.3', '1.3', '1.3'],
    ['aws:requestedregion', 'eu-west-1', 'eu-west-1', 'eu-west-1'],
    ['aws:resourceaccount', ACCOUNT, ACCOUNT, ACCOUNT],
    ['aws:sourcearn', undefined, 'arn:aws:cloudwatch:::a', 'arn:aws:events:::r'],
    ['aws:sourceaccount', undefined, ACCOUNT, ACCOUNT],
    ['aws:sourceowner', undefined, ACCOUNT, undefined],
    ['aws:principalarn', ROLE, undefined, undefined],
    ['aws:principalaccount', ACCOUNT, undefined, undefined],
    ['aws:principaltype', 'AssumedRole', undefined, undefined],
    ['aws:principalisawsservice', 'false', 'true', 'true'],
    ['aws:principalservicename', undefined, 'cloudwatch.amazonaws.com', 'events.amazonaws.com'],
    ['aws:viaawsservice', 'false', 'false', 'false'],
    ['kms:calleraccount', ACCOUNT, ACCOUNT, ACCOUNT],
    ['sns:protocol', 'sqs', 'sqs', 'sqs'],
    ['aws:userid', undefined, undefined, undefined],
  ])('%s', (key, ...expected) => {
    expect([worker, alarm, rule].map((principal) => found(principal, key))).toEqual(expected);
  });

  it('have the time, in both forms', () => {
    const before = Math.floor(Date.now() / 1_000);
    const seconds = Number(found(worker, 'aws:epochtime'));
    expect(seconds).toBeGreaterThanOrEqual(before);
    expect(seconds).toBeLessThanOrEqual(Date.now() / 1_000);
    expect(Date.parse(String(found(worker, 'aws:currenttime')))).toBeGreaterThanOrEqual(before * 1_000);
  });
});

describe('conditions on keys of several values', () => {
  const holds = (Condition: PolicyStatement['Condition'], found: readonly string[] | string) =>
    conditionsHold({ Effect: 'Allow', Action: '*', Resource: '*', Condition }, () => found);

  it.each([
    ['StringNotEquals', ['a', 'b'], ['c'], true],
    ['StringNotEquals', ['a', 'b'], ['b', 'c'], false],
    ['StringNotLike', ['ab', 'cd'], ['a*'], false],
    ['ForAnyValue:StringNotEquals', ['a', 'b'], ['a'], true],
    ['ForAnyValue:StringNotEquals', ['a', 'b'], ['a', 'b'], false],
    ['ForAllValues:StringNotEquals', ['a', 'b'], ['a'], false],
    ['ForAllValues:StringNotEquals', ['a', 'b'], ['c'], true],
    ['StringEquals', ['a', 'b'], ['b'], true],
    ['StringEquals', ['a', 'b'], ['c'], false],
    ['Null', ['a'], ['true', 'false'], true],
    ['Null', ['a'], ['true'], false],
    ['IpAddress', ['a'], ['a'], false],
    ['Any:StringEquals', ['a'], ['a'], false],
    ['StringEqualsIfExist', ['a'], ['a'], false],
  ])('%s: %j against %j: %s', (operator, found, wanted, expected) => {
    expect(holds({ [operator]: { key: wanted } }, found)).toBe(expected);
  });

  it('read dates with time zones, and numbers of seconds only when they are nothing else', () => {
    const at = (bound: string) => holds({ DateEquals: { key: bound } }, '2026-11-20T12:00:00Z');
    expect([at('2026-11-20T13:00:00+01:00'), at('1795176000'), at('2026-11-20')]).toEqual([true, true, false]);
  });
});

describe('which statements are about a request', () => {
  const decide = (statement: object, { action = 'sqs:SendMessage', resources = ['q'] as readonly string[] } = {}) => {
    const request: Request = { principal: worker, action, resources, context: () => undefined };
    const allow = { Effect: 'Allow', Action: '*', Resource: '*' } as const;
    const identity = [{ Statement: [allow, { Effect: 'Deny', ...statement } as PolicyStatement] }];
    const policies: Policies = { identity, boundary: undefined, resource: [], isKey: false };
    return refusal(request, policies, ACCOUNT) === undefined ? 'not' : 'denied';
  };

  it.each<[string, object, 'denied' | 'not', object?]>([
    ['the action among others', { Action: ['sqs:ReceiveMessage', 'sqs:SendMessage'], Resource: '*' }, 'denied'],
    ['the action in another case', { Action: 'SQS:sendmessage', Resource: '*' }, 'denied'],
    ['another action', { Action: ['sqs:ReceiveMessage'], Resource: '*' }, 'not'],
    ['all but the action, among others', { NotAction: ['sns:*', 'sqs:Send*'], Resource: '*' }, 'not'],
    ['all but another action', { NotAction: 'sns:*', Resource: '*' }, 'denied'],
    ['the resource among others', { Action: '*', Resource: ['r', 'q'] }, 'denied'],
    ['the resource in another case', { Action: '*', Resource: 'Q' }, 'not'],
    ['all but the resource, among others', { Action: '*', NotResource: ['r', 'q'] }, 'not'],
    ['all but another resource', { Action: '*', NotResource: 'r' }, 'denied'],
    ['one of two names for it', { Action: '*', Resource: 'r' }, 'denied', { resources: ['q', 'r'] }],
    ['everything, where nobody knows the resource', { Action: '*', Resource: '*' }, 'denied', { resources: [] }],
    ['everything among others', { Action: '*', Resource: ['q', '*'] }, 'denied', { resources: [] }],
    ['something, where nobody knows the resource', { Action: '*', Resource: 'q' }, 'not', { resources: [] }],
    ['all but something', { Action: '*', NotResource: 'q' }, 'not', { resources: [] }],
  ])('%s', (_, statement, expected, request = {}) => expect(decide(statement, request)).toBe(expected));

  it('a resource that leaves it to the account after having named the role has named it', () => {
    const [named, left] = [{ AWS: ROLE }, { AWS: ACCOUNT }].map(
      (Principal): PolicyStatement => ({ Effect: 'Allow', Principal, Action: '*', Resource: '*' }),
    ) as [PolicyStatement, PolicyStatement];
    const stranger: PolicyStatement = { ...left, Principal: { AWS: '111111111111' } };
    const of = (...Statement: PolicyStatement[]) =>
      refusal(
        { principal: worker, action: 'kms:Decrypt', resources: ['k'], context: () => undefined },
        { identity: [], boundary: undefined, resource: [{ Statement }], isKey: true },
        ACCOUNT,
      );
    expect([of(named, left), of(left, named), of(named, stranger)]).toEqual([undefined, undefined, undefined]);
    expect(of(left)).toBe('because no identity-based policy allows the kms:Decrypt action');
    expect(of(stranger)).toBe('because no resource-based policy allows the kms:Decrypt action');
  });
});

describe('what is looked at in a policy', () => {
  const VARIABLE = '$'.concat('{aws:username}');
  const odd = { Condition: { Odd: {} } };
  const isRefused = (statement: unknown, kind: 'identity' | 'resource' | 'trust' = 'identity') => {
    try {
      checkPolicy({ Statement: [{ Effect: 'Allow', Action: 'sqs:*', Resource: '*' }, statement] }, 'It', kind);
      return undefined;
    } catch (error) {
      if (error instanceof PolicyError) return `${error.name}: ${error.message}`;
      throw error;
    }
  };
  const role = (more: object) => ({ Effect: 'Allow', Resource: '*', ...more });

  it.each<[string, unknown, string]>([
    ['a statement that is none', 'text', 'PolicyError: It: statement 2 is not an object.'],
    ['which statement it is', role({ Action: '*', ...odd }), 'PolicyError: It, statement 2: '],
    ['both kinds of resource', role({ Action: '*', NotResource: 'q' }), 'either Resource or NotResource'],
    ['both kinds of action', role({ Action: '*', NotAction: 'sqs:*' }), 'either Action or NotAction'],
    ['all actions', role({ Action: '*', ...odd }), 'condition operator Odd; it knows StringEquals, '],
    ['one known action among others', role({ Action: ['ec2:*', 'sqs:SendMessage'], ...odd }), 'operator Odd'],
    ['all but an unknown action', role({ NotAction: 'ec2:*', ...odd }), 'operator Odd'],
    ['a key', role({ Action: '*', Condition: { StringEquals: { 'aws:x': '1' } } }), 'it knows aws:SecureTransport, '],
    ['a variable in a resource', role({ Action: '*', Resource: ['q', VARIABLE] }), `Resource uses the policy variable`],
    [
      'a variable in a condition',
      role({ Action: '*', Condition: { StringLike: { 'aws:SourceArn': ['a', VARIABLE] } } }),
      `StringLike aws:SourceArn uses the policy variable ${VARIABLE}`,
    ],
  ])('%s', (_, statement, message) => expect(isRefused(statement)).toContain(message));

  it.each<[string, object, boolean]>([
    ['web identities', { Federated: 'x' }, false],
    ['canonical users', { CanonicalUser: 'x' }, false],
    ['both', { Federated: 'x', CanonicalUser: 'y' }, false],
    ['a service beside them', { Federated: 'x', Service: 'sns.amazonaws.com' }, true],
    ['everybody', { AWS: '*' }, true],
  ])('conditions on %s, if these come here', (_, Principal, refused) => {
    const statement = { Effect: 'Allow', Principal, Action: 'sqs:SendMessage', ...odd };
    for (const kind of ['resource', 'trust'] as const) expect(isRefusedOf(statement, kind)).toBe(refused);
  });
  const isRefusedOf = (statement: object, kind: 'resource' | 'trust') => {
    try {
      checkPolicy({ Statement: statement }, 'It', kind);
      return false;
    } catch {
      return true;
    }
  };

  it('documents are kept by owner and name, replaced, removed, and named when they are refused', () => {
    const documents = createDocuments('identity', true);
    const policy = (Action: string) => ({ Statement: [{ Effect: 'Allow' as const, Action, Resource: '*' }] });
    documents.put('r', 'a', policy('sqs:*'));
    documents.put('r', 'b', policy('sns:*'));
    documents.put('r', 'a', policy('s3:*'));
    documents.put('s', 'a', policy('kms:*'));
    expect([...documents.of('r')]).toEqual([
      ['a', policy('s3:*')],
      ['b', policy('sns:*')],
    ]);
    documents.remove('r', 'a');
    documents.remove('r', 'none');
    documents.remove('none', 'a');
    expect([[...documents.of('r').keys()], [...documents.of('s').keys()], [...documents.of('none')]]).toEqual([
      ['b'],
      ['a'],
      [],
    ]);
    expect(() => documents.put('r', 'c', {})).toThrow('Policy c of r has no Statement');
  });
});

it.each<[string, unknown, readonly string[] | undefined]>([
  ['the partition key after the sort key', 'sk = :w AND pk = :v', ['a']],
  ['without spaces', 'pk=:v', ['a']],
  ['with many', 'pk  =  :v', ['a']],
  ['another key only', 'sk = :w', undefined],
  ['no equality', 'pk > :v', undefined],
  ['a value that is not there', 'pk = :none', undefined],
  ['a long name of a value', 'pk = :value_1', ['long']],
  ['no condition', undefined, undefined],
])('the leading key of a query: %s', (_, KeyConditionExpression, expected) => {
  const ExpressionAttributeValues = { ':v': { S: 'a' }, ':w': { S: 'b' }, ':value_1': { S: 'long' } };
  expect(leadingKeys({ KeyConditionExpression, ExpressionAttributeValues }, 'pk')).toEqual(expected);
  expect(leadingKeys(undefined, 'pk')).toBeUndefined();
});
