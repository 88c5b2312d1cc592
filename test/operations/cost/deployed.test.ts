import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployedIn } from '../../../lib/operations/cost/deployed.ts';

const stat = { MetricStat: { Metric: { MetricName: 'm' } } };
const alarm = (Properties: object = {}) => ({ Type: 'AWS::CloudWatch::Alarm', Properties });
const named = (FunctionName: string, MemorySize: number) => ({
  Type: 'AWS::Lambda::Function',
  Properties: { FunctionName, MemorySize },
});
const Resources = {
  Simple: alarm(),
  // Two metrics and an expression over them.
  Math: alarm({ Metrics: [{ Expression: 'a / b' }, stat, stat] }),
  Unhealthy: { Type: 'AWS::CloudWatch::CompositeAlarm' },
  Board: { Type: 'AWS::CloudWatch::Dashboard' },
  Other: { Type: 'AWS::CloudWatch::Dashboard' },
  Key: { Type: 'AWS::KMS::Key' },
  Alias: { Type: 'AWS::KMS::Alias' },
  Stock: { Type: 'AWS::DynamoDB::Table', Properties: { WarmThroughput: { WriteUnitsPerSecond: 16_000 } } },
  // A new table takes as much.
  Cold: { Type: 'AWS::DynamoDB::Table', Properties: { WarmThroughput: { ReadUnitsPerSecond: 12_000 } } },
  Worker: named('shop-worker', 512),
  Stranger: named('shopping-worker', 1_024),
};

let assembly: string;
beforeAll(() => {
  assembly = mkdtempSync(join(tmpdir(), 'sluice-deployed-'));
  writeFileSync(join(assembly, 'shop.template.json'), JSON.stringify({ Resources }));
});
afterAll(() => rmSync(assembly, { recursive: true }));

describe('what is deployed', () => {
  it('costs without traffic: alarms by their metrics, composite ones, dashboards and keys', () => {
    const { usages, memoryMib } = deployedIn(assembly, 'shop');
    expect(usages.map(({ price, quantity }) => [price, quantity])).toEqual([
      ['alarms', 3],
      ['compositeAlarms', 1],
      ['dashboards', 2],
      ['keys', 1],
    ]);
    expect([...memoryMib]).toEqual([['worker', 512]]);
  });

  it('costs once what tables are warmed for beyond what a new one takes', () => {
    expect(deployedIn(assembly, 'shop').once).toEqual([
      { part: 'table Stock', price: 'dynamodbWarmWrite', quantity: 12_000 },
    ]);
  });

  it('is asked for by the name of a stack that is there', () => {
    expect(() => deployedIn(assembly, 'shopping')).toThrow("has no template of stack 'shopping'");
  });
});
