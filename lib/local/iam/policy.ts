type OneOrMore<T> = T | readonly T[];

/** Whom a statement of a resource policy is about. `*` is anybody. */
export type PrincipalElement = '*' | Readonly<Record<string, OneOrMore<string>>>;

/** One statement of an IAM policy. Single strings and arrays mean the same. */
export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  /** Policies of resources only. */
  readonly Principal?: PrincipalElement;
  readonly Action?: OneOrMore<string>;
  readonly NotAction?: OneOrMore<string>;
  readonly Resource?: OneOrMore<string>;
  readonly NotResource?: OneOrMore<string>;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface PolicyDocument {
  readonly Version?: string;
  readonly Statement: OneOrMore<PolicyStatement>;
}

export const statementsOf = ({ Statement }: PolicyDocument): readonly PolicyStatement[] => asArray(Statement);

export function asArray<T>(value: OneOrMore<T> | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
