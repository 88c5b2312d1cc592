import type { PlannedStack } from '../../lib/lint/plan/changes.ts';
import type { PlanFinding } from '../../lib/lint/plan/check.ts';
import { planFindings } from '../../lib/lint/plan/plan.ts';
import { readAssembly } from '../apps/assembly-templates.ts';
import { deployedTemplates } from '../apps/deployed-templates.ts';
import { type WhichApp, withAssembly } from '../apps/with-assembly.ts';
import { countOf, LEVEL } from '../terminal/levels.ts';
import { openTerminal, styled, type Terminal } from '../terminal/terminal.ts';

export interface PlanOptions extends WhichApp {
  readonly json: boolean;
  /** An assembly or template that was saved. @default what is deployed, by CloudFormation */
  readonly against?: string;
  /** Checks whose findings are meant, or `check:path` of one finding. */
  readonly accept: readonly string[];
}

/**
 * Compares this app with what is deployed, and says what a deployment would break, lose, skip or do again.
 * @returns 1 when there are errors that were not accepted
 */
export async function plan(options: PlanOptions): Promise<number> {
  const terminal = openTerminal({ json: options.json });
  const after = await withAssembly(options, stacksIn);
  const before =
    options.against === undefined ? await deployedTemplates(after.map(({ name }) => name)) : stacksIn(options.against);
  const unknown = after.filter(({ name }) => !before.some((stack) => stack.name === name)).map(({ name }) => name);
  const found = planFindings(before, after);
  const isAccepted = ({ check, path }: PlanFinding) =>
    options.accept.some((one) => one === check || one === `${check}:${path}`);
  const open = found.filter((finding) => !isAccepted(finding));
  const ok = open.every(({ severity }) => severity === 'warning');
  const result = { ok, findings: open, accepted: found.filter(isAccepted), newStacks: unknown };
  process.stdout.write(`${options.json ? JSON.stringify(result) : report(result, terminal)}\n`);
  return ok ? 0 : 1;
}

/** Nested stacks are compared by their parents' templates only: they have no name of their own before they are deployed. */
const stacksIn = (place: string): readonly PlannedStack[] =>
  readAssembly(place)
    .templates.filter(({ within }) => within === undefined)
    .map(({ stackName, path, body, paths }) => ({ name: stackName ?? path, body, ...(paths && { paths }) }));

interface Result {
  readonly findings: readonly PlanFinding[];
  readonly accepted: readonly PlanFinding[];
  readonly newStacks: readonly string[];
}

function report({ findings, accepted, newStacks }: Result, terminal: Terminal): string {
  return [
    ...newStacks.map((name) => `new   ${name}: nothing is deployed under this name`),
    ...findings.map(({ severity, check, path, what, fix }) => {
      const [word, colour] = LEVEL[severity];
      return [styled(terminal, colour, `${word} ${check}  ${path}`), `      ${what}`, `      do: ${fix}`].join('\n');
    }),
    findings.length + accepted.length === 0
      ? 'Nothing is lost, skipped or done again, and nothing stands in the way.'
      : `${countOf(findings, 'error')}, ${countOf(findings, 'warning')}, ${accepted.length} accepted`,
  ].join('\n');
}
