import type { PolicyDocument, PolicyStatement } from '../../../lib/local/iam.ts';

/** One action that a statement of a role's policy allows, and the policy without it. */
export interface Grant {
  readonly policyName: string;
  readonly action: string;
  readonly resource: string;
  readonly without: PolicyDocument;
}

const listOf = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : ((Array.isArray(value) ? value : [value]) as readonly T[]);

/** Every action of every statement of a role, each on its own. */
export function grantsOf(policies: ReadonlyMap<string, PolicyDocument>): Grant[] {
  return [...policies].flatMap(([policyName, document]) => {
    const statements = listOf<PolicyStatement>(document.Statement as PolicyStatement | readonly PolicyStatement[]);
    return statements.flatMap((statement, index) =>
      listOf<string>(statement.Action).map((action) => ({
        policyName,
        action,
        resource: listOf<string>(statement.Resource).join(', '),
        without: { ...document, Statement: statements.flatMap((one, i) => (i === index ? less(one, action) : [one])) },
      })),
    );
  });
}

function less(statement: PolicyStatement, action: string): PolicyStatement[] {
  const rest = listOf<string>(statement.Action).filter((one) => one !== action);
  return rest.length === 0 ? [] : [{ ...statement, Action: rest }];
}
