import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { expect, it } from 'vitest';
import { resolveStage } from '../../lib/constructs/stages/resolve-stage.ts';
import { useStage } from '../../lib/constructs/stages/stage.ts';
import { warmTable } from '../../lib/constructs/stores/warm-table.ts';
import type { TableLoad } from '../../lib/contracts/declaring/table-capacity.ts';

/** A table with loads that are only known when the app is synthesised. */
function synthesised(loads: readonly TableLoad[], warmTables = true): Stack {
  const app = new App();
  useStage(app, resolveStage('dev', { warmTables }));
  const stack = new Stack(app, 'shop');
  const table = new Table(stack, 'Table', {
    partitionKey: { name: 'id', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
  });
  const later: TableLoad[] = [];
  warmTable(table, () => later);
  later.push(...loads);
  return stack;
}
const warmOf = (stack: Stack): unknown =>
  Object.values(Template.fromStack(stack).findResources('AWS::DynamoDB::Table'))[0]?.Properties.WarmThroughput;
const toldOf = (stack: Stack): string[] =>
  Annotations.fromStack(stack)
    .findInfo('*', Match.anyValue())
    .map(({ entry }) => String(entry.data));

it('is warmed for twice the sum of its peaks', () => {
  const stack = synthesised([{ write: 1_500 }, { write: 1_000, read: 7_000 }]);
  expect(warmOf(stack)).toEqual({ WriteUnitsPerSecond: 5_000, ReadUnitsPerSecond: 14_000 });
  expect(toldOf(stack)).toEqual([]);
});

it('asks for nothing that a new table takes', () => {
  expect(warmOf(synthesised([{ write: 2_000, read: 6_000 }]))).toBeUndefined();
  expect(warmOf(synthesised([{ write: 2_001, read: 6_000 }]))).toEqual({ WriteUnitsPerSecond: 4_002 });
});

it('grows by itself where the stage says so, which is told', () => {
  const stack = synthesised([{ write: 4_000, read: 7_000 }], false);
  expect(warmOf(stack)).toBeUndefined();
  expect(toldOf(stack).join()).toContain('less than the 8000 write units and 14000 read units a second');
  expect(toldOf(synthesised([{ write: 1 }], false))).toEqual([]);
});
