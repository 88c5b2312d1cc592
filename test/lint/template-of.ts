import { type Graph, graphOf } from '../../lib/lint/graph/graph.ts';
import { MESSAGING_RULES } from '../../lib/lint/rules.ts';

/** Resources of a template, by logical id: type, and properties as CloudFormation gets them, whoever wrote them. */
export type Written = Readonly<Record<string, readonly [type: string, properties?: object]>>;

export const templateOf = (written: Written) => ({
  path: 'App',
  body: {
    Resources: Object.fromEntries(
      Object.entries(written).map(([id, [Type, Properties = {}]]) => [id, { Type, Properties }]),
    ),
  },
});

export const graphOfWritten = (written: Written): Graph => graphOf([templateOf(written)]);

/** What a rule finds in a template: `logical id: value`. */
export function foundBy(id: string, written: Written): readonly string[] {
  const rule = MESSAGING_RULES.find((one) => one.id === id);
  if (rule === undefined) throw new Error(`there is no rule ${id}`);
  return rule.check(graphOfWritten(written)).map(({ at, value }) => `${at.path.replace('App/', '')}: ${value}`);
}

export const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });

export const allowing = (Action: unknown, more: object) => ({
  PolicyDocument: { Statement: [{ Effect: 'Allow', Action, ...more }] },
});
