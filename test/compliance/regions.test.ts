import type { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { lint } from '../../lib/lint/lint.ts';
import type { TemplateJson } from '../constructs/template-view.ts';
import { ordersApp } from '../systems/orders/synthesised.ts';
import { found } from './nag.ts';
import { REGIONS, STAGES, stageIn } from './templates.ts';

/** The app for an account and a region that are known, as `env` of a stage says: the CDK then decides by its tables what it else leaves to CloudFormation. */
const cases = REGIONS.flatMap((region) => STAGES.map((stage) => [stage, region] as const));

const kindsOf = ({ Resources }: TemplateJson): readonly string[] =>
  Object.entries(Resources).map(([id, { Type }]) => `${id} ${Type}`);

describe.each(cases)('the app in %s of %s', (stage, region) => {
  const { findings, mistakes, template } = ordersApp(stageIn(stage, region), (stack) => ({
    findings: found(stack.node.root),
    mistakes: (stack.node.root as App).synth() && lint(stack.node.root),
    template: Template.fromStack(stack).toJSON() as TemplateJson,
  }));

  it('has nothing that cdk-nag or the linter finds', () => {
    expect(findings).toEqual([]);
    expect(mistakes.filter(({ acknowledged }) => acknowledged === undefined)).toEqual([]);
  });

  it('has what it has elsewhere, and names no other region', () => {
    const elsewhere = ordersApp(stageIn(stage, 'ap-southeast-2'), (stack) => Template.fromStack(stack).toJSON());
    expect(kindsOf(template)).toEqual(kindsOf(elsewhere as TemplateJson));
    const named = new Set(JSON.stringify(template).match(/\b(?:us|eu|ap|sa|ca|af|me)-[a-z]+-\d\b/g));
    expect([...named]).toEqual([region]);
  });
});
