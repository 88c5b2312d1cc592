import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { EXAMPLE_STACKS, exampleStack, OF_TESTS } from '../compliance/example-stacks.ts';
import { SECURITY_RULES } from './security-rules.ts';
import type { TemplateJson } from './template-view.ts';

/** The same rules as over the app (test/systems/orders/stack.test.ts), for constructs that it does not use. */
describe.each(EXAMPLE_STACKS)('the constructs in %s keep the house rules', (name) => {
  const template = exampleStack(name, (stack) => Template.fromStack(stack).toJSON() as TemplateJson);

  it.each(SECURITY_RULES.map((rule) => [rule.name, rule] as const))('%s', (_, { check }) => {
    expect(check(template).filter((id) => !OF_TESTS.test(id))).toEqual([]);
  });
});
