import type { Change } from './changes.ts';

/** What a deployment would do that nobody may have meant. */
export interface PlanFinding {
  readonly check: string;
  /** `error`: the deployment fails, or something is lost, skipped or done again. `warning`: it may, or somebody is not told any more. */
  readonly severity: 'error' | 'warning';
  readonly path: string;
  /** What happens, with names and numbers. */
  readonly what: string;
  /** What to do instead, or before. */
  readonly fix: string;
}

/** All that a check may look at. */
export interface Plan {
  readonly changes: readonly Change[];
  /** Names that resources have as deployed, by type and name. */
  readonly taken: ReadonlyMap<string, Taken>;
}
export interface Taken {
  readonly stack: string;
  readonly logicalId: string;
  readonly path: string;
}

/** A finding, but for the name of its check. */
export type Found = Omit<PlanFinding, 'check'>;

/** One kind of thing that is looked for. */
export interface Check {
  readonly id: string;
  /** In the present tense, for the list in the documentation. */
  readonly about: string;
  readonly find: (plan: Plan) => readonly Found[];
}
