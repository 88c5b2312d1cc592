import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlannedStack } from '../../lib/lint/plan/changes.ts';
import type { PlanFinding } from '../../lib/lint/plan/check.ts';
import { planFindings } from '../../lib/lint/plan/plan.ts';
import { readAssembly } from '../assembly-templates.ts';
import { readCdkApp, synthesise } from '../cdk-app.ts';
import { deployedTemplates } from '../deployed-templates.ts';
import { openTerminal, styled, type Terminal } from '../terminal.ts';

export interface PlanOptions {
  readonly json: boolean;
  readonly context: Readonly<Record<string, string>>;
  /** A folder that is synthesised already. @default the app of `cdk.json` is synthesised */
  readonly assembly?: string;
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
  const after = await stacksOfApp(options);
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

async function stacksOfApp({ assembly, context }: PlanOptions): Promise<readonly PlannedStack[]> {
  if (assembly !== undefined) return stacksIn(assembly);
  const output = mkdtempSync(join(tmpdir(), 'sluice-plan-'));
  try {
    const app = readCdkApp(process.cwd(), output);
    await synthesise({ ...app, context: { ...app.context, ...context } });
    return stacksIn(output);
  } finally {
    rmSync(output, { recursive: true });
  }
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

const LEVEL = { error: ['error', 'red'], warning: ['warn ', 'yellow'] } as const;

function report({ findings, accepted, newStacks }: Result, terminal: Terminal): string {
  const count = (level: string) => counted(findings.filter(({ severity }) => severity === level).length, level);
  return [
    ...newStacks.map((name) => `new   ${name}: nothing is deployed under this name`),
    ...findings.map(({ severity, check, path, what, fix }) => {
      const [word, colour] = LEVEL[severity];
      return [styled(terminal, colour, `${word} ${check}  ${path}`), `      ${what}`, `      do: ${fix}`].join('\n');
    }),
    findings.length + accepted.length === 0
      ? 'Nothing is lost, skipped or done again, and nothing stands in the way.'
      : `${count('error')}, ${count('warning')}, ${accepted.length} accepted`,
  ].join('\n');
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
