import { describe, expect, it, test } from 'vitest';
import { isFound, parseSearch } from '../../../lib/local/cloudwatch/math/search.ts';
import type { MetricIdentity } from '../../../lib/local/cloudwatch/metrics/metrics.ts';

const metric = (name: string, dimensions: Record<string, string>, namespace = 'Sluice'): MetricIdentity => ({
  ...{ namespace, name, dimensions },
});

const METRICS: Readonly<Record<string, MetricIdentity>> = {
  'sales 0': metric('ShardLag', { subscription: 'sales', shard: 'shardId-000000000000' }),
  'sales 1': metric('ShardLag', { subscription: 'sales', shard: 'shardId-000000000001' }),
  sales: metric('ShardLag', { subscription: 'sales' }),
  'returns 0': metric('ShardLag', { subscription: 'sales-returns', shard: 'shardId-000000000000' }),
  'sales 0 done': metric('Done', { subscription: 'sales', shard: 'shardId-000000000000' }),
  other: metric('ShardLag', { subscription: 'sales', shard: 'x' }, 'Other'),
};

const found = (search: string): string[] => {
  const parsed = parseSearch(search);
  return Object.keys(METRICS).filter((name) => isFound(parsed, METRICS[name] as MetricIdentity));
};

describe('SEARCH', () => {
  test.each<[string, string[]]>([
    ['{Sluice,subscription,shard} MetricName="ShardLag" subscription="sales"', ['sales 0', 'sales 1']],
    ['{Sluice,shard,subscription} MetricName="ShardLag" AND subscription="sales"', ['sales 0', 'sales 1']],
    ['{"Sluice","subscription"} ShardLag', ['sales']],
    ['{Other, subscription, shard}', ['other']],
    // Words of a value, in any case; in quotation marks only the value itself.
    ['{Sluice,subscription,shard} subscription=SALES lag', ['sales 0', 'sales 1', 'returns 0']],
    ['{Sluice,subscription,shard} "Lag"', []],
    ['{Sluice,subscription,shard} "Done"', ['sales 0 done']],
    ['{Sluice,subscription} shard="x"', []],
    ['{Nobody} ShardLag', []],
  ])('%s', (search, expected) => expect(found(search)).toEqual(expected));

  it.each([
    ['ShardLag', /needs a schema in the engine/],
    ['{} ShardLag', /names no namespace/],
    ['{Sluice} A OR B', /cannot read "OR"/],
    ['{Sluice} (A)', /cannot read "\(A\)"/],
    ['{Sluice} NOT A', /cannot read "NOT"/],
  ])('refuses %s', (search, message) => expect(() => parseSearch(search)).toThrow(message));
});
