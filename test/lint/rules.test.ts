import type { CfnPipe } from 'aws-cdk-lib/aws-pipes';
import type { CfnQueueProps } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { MAPPING_RULES } from '../../lib/lint/rules/consumers/mappings.ts';
import { MESSAGING_RULES } from '../../lib/lint/rules.ts';
import { EXAMPLES } from './examples/index.ts';
import { lintStack } from './linted.ts';
import { queue } from './plain.ts';
import { pipe } from './plain-relations.ts';

const CASES = MESSAGING_RULES.flatMap((rule) =>
  (EXAMPLES[rule.id] ?? []).map((example, i) => [`${rule.id} ${i + 1}`, rule, example] as const),
);

describe('rules', () => {
  it('have an example each, and every example has a rule', () => {
    const ids = MESSAGING_RULES.map(({ id }) => id);
    expect([...new Set(ids)]).toEqual(ids);
    expect(Object.keys(EXAMPLES).sort()).toEqual([...ids].sort());
    for (const [id, examples] of Object.entries(EXAMPLES)) expect(examples, id).not.toEqual([]);
  });

  it.each(CASES)('%s finds the mistake, and says where, what, why and how to mend it', (_, rule, example) => {
    const found = lintStack(example.bad).filter((one) => one.rule === rule.id);
    const { path, property, value } = example;
    const { severity, mistake, why } = rule;
    expect(found).toEqual([
      expect.objectContaining({
        path: `Shop/${path}`,
        property,
        value,
        severity,
        mistake,
        why,
        acknowledged: undefined,
      }),
    ]);
    expect(found[0]?.fix).toContain(example.fix);
  });

  it.each(CASES)('%s is content without the mistake', (_, rule, example) => {
    expect(lintStack(example.good).filter((one) => one.rule === rule.id)).toEqual([]);
  });
});

describe('a pipe', () => {
  /** A queue that a pipe reads: everything that Lambda refuses of a mapping on a queue, which a pipe takes or does not have. */
  const read = (properties: CfnQueueProps, settings: CfnPipe.PipeSourceParametersProperty['sqsQueueParameters']) =>
    lintStack((stack) => pipe(stack, queue(stack, 'source', properties).attrArn, { sqsQueueParameters: settings }))
      .map(({ rule }) => rule)
      .filter((id) => MAPPING_RULES.some((rule) => rule.id === id));

  it.each([
    ['a large batch without a window', {}, { batchSize: 11 }],
    ['the largest batch without a window', {}, { batchSize: 10_000, maximumBatchingWindowInSeconds: 0 }],
    ['a window, of messages in order', { fifoQueue: true }, { batchSize: 10, maximumBatchingWindowInSeconds: 1 }],
    ['a large batch of messages in order', { fifoQueue: true }, { batchSize: 11 }],
    ['messages that are seen again at once', { visibilityTimeout: 0 }, { maximumBatchingWindowInSeconds: 300 }],
  ])('is asked for nothing that only mappings must have: %s', (_, properties, settings) => {
    expect(read(properties, settings)).toEqual([]);
  });
});

describe('what rules say', () => {
  it.each(MESSAGING_RULES.map((rule) => [rule.id, rule] as const))('%s', (_, { mistake, why, source }) => {
    // Both are put together to sentences: "mistake. Why."
    expect(mistake).toMatch(/^[a-z'].*[^.]$/);
    expect(why).toMatch(/^[A-Z].*\.$/s);
    if (source !== undefined) expect(new URL(source).host).toBe('docs.aws.amazon.com');
  });
});
