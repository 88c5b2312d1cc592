import { expect, it } from 'vitest';
import { accountNeeds } from '../../../lib/lint/reading/account-needs.ts';

const mapping = (Properties: object) => ({ Type: 'AWS::Lambda::EventSourceMapping', Properties });
const from = (id: string, more: object = {}) =>
  mapping({ StartingPosition: 'LATEST', EventSourceArn: { 'Fn::GetAtt': [id, 'Arn'] }, ...more });
const template = (Resources: object) => [{ path: 'shop', body: { Resources } }];
const asked = (Resources: object, callers = 7) =>
  accountNeeds(template(Resources), callers).map(({ quota, path, most, why }) => [quota, path, most, why]);

const log = { Type: 'AWS::Kinesis::Stream', Properties: { ShardCount: 3 } };
const onDemand = { Type: 'AWS::Kinesis::Stream', Properties: { StreamModeDetails: { StreamMode: 'ON_DEMAND' } } };
const [LAMBDA, SHARDS] = ['lambda-concurrency', 'kinesis-shards'];

it('a queue asks for its maximum concurrency, or for all there is', () => {
  expect(asked({ a: mapping({ ScalingConfig: { MaximumConcurrency: 20 } }) })).toEqual([
    [LAMBDA, 'shop/a', 20, 'maximum concurrency'],
  ]);
  expect(asked({ a: mapping({}) })).toEqual([[LAMBDA, 'shop/a', undefined, 'a queue without a maximum concurrency']]);
});

it('a log asks for its shards, and its consumer for as many executions, times the parallelization factor', () => {
  expect(asked({ log, c: from('log', { ParallelizationFactor: 2 }) })).toEqual([
    [SHARDS, 'shop/log', 3, 'its shards'],
    [LAMBDA, 'shop/c', 6, '3 shards x 2'],
  ]);
  expect(asked({ onDemand, c: from('onDemand') })).toEqual([
    [SHARDS, 'shop/onDemand', 4, 'its shards'],
    [LAMBDA, 'shop/c', 4, '4 shards x 1'],
  ]);
});

it('a table, callers and rules ask, too', () => {
  const table = { Type: 'AWS::DynamoDB::Table', Properties: {} };
  expect(
    asked({
      table,
      c: from('table', { ParallelizationFactor: 3 }),
      u: { Type: 'AWS::Lambda::Url' },
      r: { Type: 'AWS::Events::Rule' },
    }),
  ).toEqual([
    [LAMBDA, 'shop/c', 3, "a small table's stream x 3"],
    [LAMBDA, 'shop/u', 7, 'callers at once (--callers)'],
    [LAMBDA, 'shop/r', 1, 'a rule'],
  ]);
});

it('what is reserved is told, and is what callers have', () => {
  const fn = { Type: 'AWS::Lambda::Function', Properties: { ReservedConcurrentExecutions: 50 } };
  const url = { Type: 'AWS::Lambda::Url', Properties: { TargetFunctionArn: { 'Fn::GetAtt': ['fn', 'Arn'] } } };
  expect(asked({ fn, url, other: { Type: 'AWS::Lambda::Function', Properties: {} } })).toEqual([
    ['lambda-reserved', 'shop/fn', 50, 'reserved'],
    [LAMBDA, 'shop/url', 50, 'reserved for callers'],
  ]);
});

it('who may send e-mail is told', () => {
  const policy = (Action: string) => ({
    Type: 'AWS::IAM::Policy',
    Properties: { PolicyDocument: { Statement: [{ Effect: 'Allow', Action, Resource: '*' }] } },
  });
  expect(asked({ p: policy('ses:SendEmail'), q: policy('sqs:SendMessage') })).toEqual([
    ['ses-sending', 'shop/p', undefined, 'may send e-mail'],
  ]);
});

it('paths are those of the constructs where they are known', () => {
  const paths = new Map([['a', 'shop/consumer/Source/Resource']]);
  const [need] = accountNeeds([{ path: 'shop', body: { Resources: { a: mapping({}) } }, paths }], 1);
  expect(need?.path).toBe('shop/consumer/Source');
});
