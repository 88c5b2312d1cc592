// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Fn::Sub of CloudFormation looks the same.
import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../../lib/local/json.ts';
import { conditionHolds, resolveValue } from '../../../lib/local/template.ts';
import { dependencyGraph, referencesOf } from '../../../lib/local/template-graph.ts';

const resources: Record<string, { physicalId: string; attributes: Record<string, Json> }> = {
  Queue: { physicalId: 'http://queue', attributes: { Arn: 'arn:queue' } },
};
const scope = {
  stackName: 'shop',
  stackId: 'arn:stack',
  region: 'eu-west-1',
  accountId: '000000000000',
  parameters: new Map<string, Json>([
    ['Stage', 'dev'],
    ['Names', ['x', 'y']],
  ]),
  mappings: { Sizes: { dev: { memory: 128 } } },
  conditions: {
    IsDev: { 'Fn::Equals': [{ Ref: 'Stage' }, 'dev'] },
    IsProd: { 'Fn::Not': [{ Condition: 'IsDev' }] },
    Either: {
      'Fn::Or': [{ Condition: 'IsProd' }, { 'Fn::And': [{ Condition: 'IsDev' }, { 'Fn::Equals': ['1', 1] }] }],
    },
  } as JsonObject,
  resource: (id: string) => resources[id],
  exported: (name: string) => (name === 'shop:url' ? 'http://shop' : undefined),
};

test.each<[string, Json, Json | undefined]>([
  ['Ref of a parameter', { Ref: 'Stage' }, 'dev'],
  ['Ref of a resource', { Ref: 'Queue' }, 'http://queue'],
  ['Ref of AWS::Region', { Ref: 'AWS::Region' }, 'eu-west-1'],
  ['Ref of AWS::AccountId', { Ref: 'AWS::AccountId' }, '000000000000'],
  ['Ref of AWS::Partition', { Ref: 'AWS::Partition' }, 'aws'],
  ['Ref of AWS::URLSuffix', { Ref: 'AWS::URLSuffix' }, 'amazonaws.com'],
  ['Ref of AWS::StackName', { Ref: 'AWS::StackName' }, 'shop'],
  ['Ref of AWS::StackId', { Ref: 'AWS::StackId' }, 'arn:stack'],
  ['AWS::NoValue as a member', { kept: 1, gone: { Ref: 'AWS::NoValue' } }, { kept: 1 }],
  ['AWS::NoValue in a list', [1, { Ref: 'AWS::NoValue' }, 2], [1, 2]],
  ['GetAtt as a list', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'arn:queue'],
  ['GetAtt as text', { 'Fn::GetAtt': 'Queue.Arn' }, 'arn:queue'],
  [
    'Sub with names, attributes and pseudo parameters',
    { 'Fn::Sub': '${AWS::Region}/${Queue.Arn}/${Stage}/${!Literal}' },
    'eu-west-1/arn:queue/dev/${Literal}',
  ],
  ['Sub with variables', { 'Fn::Sub': ['${a}-${Stage}', { a: { Ref: 'Queue' } }] }, 'http://queue-dev'],
  ['Join', { 'Fn::Join': ['-', ['a', { Ref: 'Stage' }, 3]] }, 'a-dev-3'],
  ['Join of a list parameter', { 'Fn::Join': ['+', { Ref: 'Names' }] }, 'x+y'],
  ['Select', { 'Fn::Select': [1, ['a', 'b']] }, 'b'],
  ['Select of Split', { 'Fn::Select': ['2', { 'Fn::Split': [':', 'a:b:c'] }] }, 'c'],
  ['ImportValue', { 'Fn::ImportValue': 'shop:url' }, 'http://shop'],
  ['If, true', { 'Fn::If': ['IsDev', 'yes', { Ref: 'Missing' }] }, 'yes'],
  ['If, false', { 'Fn::If': ['IsProd', 'yes', { Ref: 'AWS::NoValue' }] }, undefined],
  ['FindInMap', { 'Fn::FindInMap': ['Sizes', { Ref: 'Stage' }, 'memory'] }, 128],
  ['Base64', { 'Fn::Base64': 'hi' }, 'aGk='],
  ['GetAZs', { 'Fn::GetAZs': '' }, ['eu-west-1a', 'eu-west-1b', 'eu-west-1c']],
])('%s', (_name, value, expected) => {
  expect(resolveValue(value, scope, 'Thing')).toEqual(expected);
});

test.each([
  ['IsDev', true],
  ['IsProd', false],
  ['Either', true],
  [undefined, true],
])('condition %s is %s', (name, expected) => {
  expect(conditionHolds(name, scope)).toBe(expected);
});

describe('what cannot be worked out names stack, place and reference', () => {
  test.each<[Json, string]>([
    [
      { Ref: 'Ghost' },
      'Stack shop, Thing: Ref names "Ghost", which is neither a parameter nor a resource that was created.',
    ],
    [
      { 'Fn::GetAtt': ['Queue', 'Colour'] },
      'Stack shop, Thing: Fn::GetAtt asks Queue for "Colour", which the engine does not give it (it gives Arn).',
    ],
    [
      { 'Fn::ImportValue': 'nope' },
      'Stack shop, Thing: Fn::ImportValue names "nope", which no stack before this one exports.',
    ],
    [{ 'Fn::Sub': '${Ghost}' }, 'Ref names "Ghost"'],
    [{ 'Fn::Cidr': [] }, 'Fn::Cidr is not supported by the engine'],
    [{ 'Fn::If': ['Nope', 1, 2] }, 'condition "Nope" is not declared'],
    ['{{resolve:ssm:/x}}', 'the dynamic reference {{resolve:ssm:/x}} is not supported'],
  ])('%j', (value, message) => {
    expect(() => resolveValue(value, scope, 'Thing')).toThrow(message);
  });
});

test('references are found in Ref, GetAtt and Sub', () => {
  const value = {
    a: { Ref: 'One' },
    b: [{ 'Fn::GetAtt': ['Two', 'Arn'] }, { 'Fn::GetAtt': 'Three.Arn' }],
    c: { 'Fn::Sub': ['${Four} ${Five.Arn} ${local} ${!No}', { local: { Ref: 'Six' } }] },
  };
  expect([...referencesOf(value)].toSorted()).toEqual(['Five', 'Four', 'One', 'Six', 'Three', 'Two']);
});

test('resources wait for what they refer to and depend on; a circle is refused by name', () => {
  const graph = dependencyGraph('shop', {
    A: { Properties: { x: { Ref: 'B' }, y: { Ref: 'Parameter' } } },
    B: { DependsOn: 'C' },
    C: { DependsOn: [] },
  });
  expect([...(graph.get('A') ?? [])]).toEqual(['B']);
  expect([...(graph.get('B') ?? [])]).toEqual(['C']);
  expect(() => dependencyGraph('shop', { A: { DependsOn: 'B' }, B: { Properties: { Ref: 'A' } } })).toThrow(
    'A -> B -> A',
  );
});
