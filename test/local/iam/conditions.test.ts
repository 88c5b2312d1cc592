import { describe, expect, it, test } from 'vitest';
import { checkPolicy, PolicyError } from '../../../lib/local/iam/check-policy.ts';
import { conditionsHold } from '../../../lib/local/iam/conditions.ts';
import { leadingKeys } from '../../../lib/local/iam/leading-keys.ts';
import type { PolicyStatement } from '../../../lib/local/iam/policy.ts';
import { arnMatches, matches } from '../../../lib/local/iam/wildcard.ts';

const TOPIC = 'arn:aws:sns:us-east-1:000000000000:orders';
/** What the request of every case says. */
const REQUEST: Readonly<Record<string, string | readonly string[]>> = {
  'aws:sourcearn': TOPIC,
  'aws:sourceaccount': '000000000000',
  'aws:securetransport': 'true',
  'aws:currenttime': '2026-11-20T12:00:00Z',
  's3:max-keys': '10',
  'dynamodb:leadingkeys': ['a', 'b'],
};
const holds = (Condition: PolicyStatement['Condition']) =>
  conditionsHold({ Effect: 'Allow', Action: '*', Resource: '*', Condition }, (key) => REQUEST[key]);

/** Every operator that compares, against a bound below what the request says, the same, and one above. */
const ordered = (kind: 'Numeric' | 'Date', key: string, bounds: readonly [unknown, unknown, unknown]) =>
  Object.entries({
    Equals: [false, true, false],
    NotEquals: [true, false, true],
    LessThan: [false, false, true],
    LessThanEquals: [false, true, true],
    GreaterThan: [true, false, false],
    GreaterThanEquals: [true, true, false],
  }).flatMap(([operator, expected]) =>
    bounds.map((bound, index): [string, string, unknown, boolean] => [
      `${kind}${operator}`,
      key,
      bound,
      expected[index] ?? false,
    ]),
  );

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
test.each<[string, string, unknown, boolean]>([
  ['StringEquals', 'aws:SourceAccount', '000000000000', true],
  ['StringEquals', 'aws:SourceAccount', ['111111111111', '000000000000'], true],
  ['StringEquals', 'aws:SourceAccount', '0000*', false],
  ['StringEquals', 'aws:SourceOwner', '000000000000', false],
  ['StringEqualsIfExists', 'aws:SourceOwner', '000000000000', true],
  ['StringNotEquals', 'aws:SourceOwner', '000000000000', true],
  ['StringNotEquals', 'aws:SourceAccount', ['111111111111', '000000000000'], false],
  ['StringEqualsIgnoreCase', 'aws:SecureTransport', 'TRUE', true],
  ['StringLike', 'aws:SourceArn', 'arn:aws:sns:*', true],
  ['StringNotLike', 'aws:SourceArn', 'arn:aws:s3:*', true],
  ['ArnEquals', 'AWS:SOURCEARN', TOPIC, true],
  ['ArnLike', 'aws:SourceArn', 'arn:aws:sns:*:*:ord?rs', true],
  ['ArnLike', 'aws:SourceArn', 'arn:aws:sns:*:orders', false],
  ['ArnNotLike', 'aws:SourceArn', TOPIC, false],
  ['Bool', 'aws:SecureTransport', false, false],
  ['Bool', 'aws:SecureTransport', true, true],
  ['BoolIfExists', 'aws:ViaAWSService', false, true],
  ...ordered('Numeric', 's3:max-keys', [9, '10', 11]),
  ...ordered('Date', 'aws:CurrentTime', ['2026-11-20T11:59:59Z', '2026-11-20T12:00:00Z', '2026-11-20T12:00:01Z']),
  ...ordered('Date', 'aws:CurrentTime', ['1795175999', '1795176000', '1795176001']),
  ['Null', 'aws:SourceOwner', true, true],
  ['Null', 'aws:SourceArn', 'true', false],
  ['Null', 'aws:SourceArn', 'false', true],
  ['ForAllValues:StringEquals', 'dynamodb:LeadingKeys', ['a', 'b', 'c'], true],
  ['ForAllValues:StringEquals', 'dynamodb:LeadingKeys', ['a'], false],
  ['ForAllValues:StringEquals', 'dynamodb:Select', ['COUNT'], true],
  ['ForAnyValue:StringEquals', 'dynamodb:LeadingKeys', ['a'], true],
  ['ForAnyValue:StringEquals', 'dynamodb:Select', ['COUNT'], false],
])('%s %s %j: %s', (operator, key, wanted, expected) => {
  expect(holds({ [operator]: { [key]: wanted } })).toBe(expected);
});

test('all conditions of a statement must hold', () => {
  const both = (account: string) => ({
    ArnEquals: { 'aws:SourceArn': TOPIC },
    StringEquals: { 'aws:SourceAccount': account },
  });
  expect(holds(both('000000000000'))).toBe(true);
  expect(holds(both('111111111111'))).toBe(false);
});

test('wildcards: * stands for anything, ? for one character, and everything else for itself', () => {
  expect(matches('arn:aws:s3:::b/*', 'arn:aws:s3:::b/x/y')).toBe(true);
  expect(matches('a?c', 'abc')).toBe(true);
  expect(matches('a.c', 'abc')).toBe(false);
  expect(arnMatches('*', TOPIC)).toBe(true);
  expect(arnMatches('arn:aws:lambda:*:*:function:a*', 'arn:aws:lambda:us-east-1:0:function:a:1')).toBe(true);
});

/** A policy variable. */
const VARIABLE = '$'.concat('{aws:username}');

describe('what the engine does not understand of a policy is refused by name', () => {
  const allow = { Effect: 'Allow', Action: 'sqs:*', Resource: '*' };
  const fromSns = { Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:SendMessage' };

  it.each<[string, 'identity' | 'resource' | 'trust', unknown, string]>([
    ['no statement', 'identity', {}, 'The policy has no Statement'],
    [
      'an unknown key',
      'identity',
      { Statement: [{ ...allow, Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } } }] },
      'does not know the condition key aws:PrincipalOrgID (operator StringEquals)',
    ],
    [
      'an unknown operator',
      'resource',
      { Statement: { ...fromSns, Sid: 'In', Condition: { IpAddress: { 'aws:SourceArn': '10.0.0.0/8' } } } },
      'The policy, statement In: the engine does not know the condition operator IpAddress',
    ],
    ['a variable', 'identity', { Statement: { ...allow, Resource: `arn:aws:sqs:::${VARIABLE}` } }, VARIABLE],
    ['an effect', 'identity', { Statement: { ...allow, Effect: 'Permit' } }, 'Effect is "Permit"'],
    ['no action', 'identity', { Statement: { Effect: 'Allow', Resource: '*' } }, 'either Action or NotAction'],
    ['no resource', 'identity', { Statement: { Effect: 'Allow', Action: '*' } }, 'either Resource or NotResource'],
    ['a principal in a role', 'identity', { Statement: { ...allow, Principal: '*' } }, 'it has a Principal'],
    ['no principal in a resource', 'resource', { Statement: allow }, 'it has no Principal'],
    ['NotPrincipal', 'resource', { Statement: { ...fromSns, NotPrincipal: '*' } }, 'NotPrincipal is not decided'],
  ])('%s', (_name, kind, document, message) => {
    expect(() => checkPolicy(document, 'The policy', kind)).toThrow(PolicyError);
    expect(() => checkPolicy(document, 'The policy', kind)).toThrow(message);
  });

  it('but not what is about others: services that are not here, and web identities', () => {
    const StringEquals = { 'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com' };
    const federated = { Federated: 'arn:aws:iam::000000000000:oidc-provider/x' };
    const trust = { Effect: 'Allow', Principal: federated, Action: 'sts:AssumeRoleWithWebIdentity' };
    checkPolicy({ Statement: { ...trust, Condition: { StringEquals } } }, 'Trust', 'trust');
    const ec2 = { Effect: 'Allow', Action: 'ec2:StopInstances', Resource: '*' };
    const tagged = { StringEquals: { 'aws:ResourceTag/stage': 'dev' } };
    checkPolicy({ Statement: { ...ec2, Condition: tagged } }, 'EC2', 'identity');
  });
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html */
test.each<[string, object, readonly string[] | undefined]>([
  ['GetItem', { Key: { pk: { S: 'a' }, sk: { N: '1' } } }, ['a']],
  ['PutItem', { Item: { pk: { N: '7' }, x: { S: 'y' } } }, ['7']],
  ['BatchGetItem', { Keys: [{ pk: { S: 'a' } }, { pk: { S: 'b' } }] }, ['a', 'b']],
  [
    'BatchWriteItem',
    { Requests: [{ PutRequest: { Item: { pk: { S: 'a' } } } }, { DeleteRequest: { Key: { pk: { S: 'b' } } } }] },
    ['a', 'b'],
  ],
  [
    'Query',
    {
      KeyConditionExpression: '#k = :v AND sk > :w',
      ExpressionAttributeNames: { '#k': 'pk' },
      ExpressionAttributeValues: { ':v': { S: 'a' }, ':w': { S: 'b' } },
    },
    ['a'],
  ],
  ['Scan', {}, undefined],
])('leading keys of %s', (_operation, body, expected) => {
  expect(leadingKeys(body, 'pk')).toEqual(expected);
});
