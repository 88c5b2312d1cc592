import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { describe, expect, it } from 'vitest';
import { stageNamed } from '../../bin/stages.ts';
import { ordersApp } from '../systems/orders/synthesised.ts';
import { EXAMPLE_STACKS, exampleStack, OF_TESTS } from './example-stacks.ts';
import { found } from './nag.ts';
import { STAGES } from './templates.ts';

/** cdk-nag's AwsSolutions over the app in every stage. https://github.com/cdklabs/cdk-nag/blob/main/RULES.md#awssolutions */

/** Also what is acknowledged. */
function foundAtAll(scope: IConstruct): string[] {
  const checks = new AwsSolutionsChecks();
  Object.assign(checks, { isAcknowledged: () => false });
  return found(scope, checks);
}

interface Acknowledged {
  readonly rule: string;
  readonly reason: string;
  readonly path: string;
}

const acknowledgedIn = (scope: IConstruct): Acknowledged[] =>
  scope.node.findAll().flatMap(({ node }) =>
    node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.entries(data as Record<string, string>))
      .map(([id, reason]) => ({ rule: id.replace(/^annotation::/i, ''), reason, path: node.path }))
      .filter(({ rule }) => rule.startsWith('AwsSolutions-')),
  );

describe.each(STAGES)('the app in %s', (stage) => {
  it('has nothing that is not acknowledged', () => {
    expect(ordersApp(stageNamed(stage), (stack) => found(stack.node.root))).toEqual([]);
  });

  it('acknowledges only what there is, each with a reason in words', () => {
    const { all, acknowledged } = ordersApp(stageNamed(stage), (stack) => ({
      all: foundAtAll(stack),
      acknowledged: acknowledgedIn(stack),
    }));
    expect(acknowledged.length).toBeGreaterThan(0);
    for (const { rule, reason, path } of acknowledged) {
      const found = all.some((finding) => finding.startsWith(`${rule} at ${path}/`));
      expect({ rule, path, found }).toEqual({ rule, path, found: true });
      expect(reason.split(' ').length).toBeGreaterThan(8);
    }
  });
});

it.each(EXAMPLE_STACKS)('the constructs in %s have nothing that is not acknowledged', (name) => {
  const findings = exampleStack(name, (stack) => found(stack));
  expect(findings.filter((finding) => !OF_TESTS.test(finding))).toEqual([]);
});
