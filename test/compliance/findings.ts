/** Something that a tool says about a resource of a template. */
export interface Finding {
  /** Id of the tool's rule. */
  readonly rule: string;
  /** Logical id, or whatever tells the place. */
  readonly resource: string;
  readonly message: string;
}

/** A rule whose findings are accepted. */
export interface Accepted {
  readonly reason: string;
  /** Resources it is accepted for, by logical id. @default all */
  readonly on?: RegExp;
}

/** Rules whose findings are accepted, by id. */
export type AcceptedFindings = Readonly<Record<string, Accepted>>;

const covers = ({ on }: Accepted, { resource }: Finding): boolean => on === undefined || on.test(resource);

/**
 * What has to be done about findings: those that nobody has accepted, and acceptances that accept nothing any more.
 * @returns one line each; empty when all is well
 */
export function toDo(findings: readonly Finding[], accepted: AcceptedFindings): string[] {
  const open = findings.filter((finding) => {
    const acceptance = accepted[finding.rule];
    return acceptance === undefined || !covers(acceptance, finding);
  });
  const idle = Object.entries(accepted).filter(
    ([rule, acceptance]) => !findings.some((finding) => finding.rule === rule && covers(acceptance, finding)),
  );
  return [
    ...new Set(open.map(({ rule, resource, message }) => `${rule} ${resource}: ${message}`)),
    ...idle.map(([rule]) => `${rule} is accepted but does not occur: delete its line`),
  ];
}

/** Prints the outcome and sets the exit code. */
export function conclude(
  tool: string,
  templates: number,
  findings: readonly Finding[],
  accepted: AcceptedFindings,
): void {
  const lines = toDo(findings, accepted);
  for (const line of lines) console.error(line);
  const kinds = new Set(findings.map(({ rule }) => rule)).size;
  console.log(
    lines.length > 0
      ? `${tool}: ${lines.length} to fix in ${templates} templates`
      : `${tool}: ${templates} templates are clean (${findings.length} findings of ${kinds} kinds are accepted, each with its reason)`,
  );
  process.exitCode = lines.length > 0 ? 1 : 0;
}
