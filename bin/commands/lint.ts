import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lintSystem } from '../../lib/lint/lint.ts';
import { readAssembly, untransformed } from '../assembly-templates.ts';
import { readCdkApp, synthesise } from '../cdk-app.ts';
import { type ReportedFinding, readFindings, reported } from '../lint-report.ts';
import { renderTable } from '../table.ts';
import { openTerminal, styled, type Terminal } from '../terminal.ts';

export interface LintOptions {
  readonly json: boolean;
  /** Show what was acknowledged, too. */
  readonly all: boolean;
  /** Context of the app, beside that of `cdk.json`. */
  readonly context: Readonly<Record<string, string>>;
  /** A folder that is synthesised already, or holds templates. @default the app of `cdk.json` is synthesised */
  readonly assembly?: string;
}

/** Tells the app to leave findings to the report rather than to fail: this command says them itself. */
const ONLY_REPORT = { '@aws-cdk/core:failSynthOnValidationErrors': false };

/** Prints what is wrong with the messaging of an app, or of templates. @returns 1 when there are errors */
export async function lint({ json, all, context, assembly }: LintOptions): Promise<number> {
  const terminal = openTerminal({ json });
  const found = assembly === undefined ? await lintApp(context, terminal) : lintAssembly(assembly, terminal);
  const counted = found.filter(({ acknowledged }) => acknowledged === undefined);
  const ok = counted.every(({ severity }) => severity === 'warning');
  const shown = all ? found : counted;
  process.stdout.write(`${json ? JSON.stringify({ ok, findings: shown }) : report(shown, found, terminal)}\n`);
  return ok ? 0 : 1;
}

/** Synthesises the app of `cdk.json` and reads what its messaging pack found; an app without the pack is linted by its templates. */
async function lintApp(context: LintOptions['context'], terminal: Terminal): Promise<readonly ReportedFinding[]> {
  const output = mkdtempSync(join(tmpdir(), 'sluice-lint-'));
  try {
    const app = readCdkApp(process.cwd(), output);
    await synthesise({ ...app, context: { ...app.context, ...context, ...ONLY_REPORT } });
    return readFindings(output) ?? lintAssembly(output, terminal);
  } finally {
    rmSync(output, { recursive: true });
  }
}

function lintAssembly(place: string, terminal: Terminal): readonly ReportedFinding[] {
  const system = readAssembly(place);
  for (const path of untransformed(system))
    terminal.note(
      `${path}: what SAM makes of it is not seen (functions, their events and policies); lint what it was transformed to.`,
    );
  return reported(lintSystem(system));
}

function report(shown: readonly ReportedFinding[], found: readonly ReportedFinding[], terminal: Terminal): string {
  const open = found.filter(({ acknowledged }) => acknowledged === undefined);
  const count = (level: string) => counted(open.filter(({ severity }) => severity === level).length, level);
  const acknowledged = found.length - open.length;
  return [
    ...shown.map((finding) => findingText(finding, terminal)),
    ...(open.length > 1 ? [byRule(open, terminal)] : []),
    `${count('error')}, ${count('warning')}, ${acknowledged} acknowledged${acknowledged > 0 && shown.length === open.length ? ' (--all shows them)' : ''}`,
  ].join('\n');
}

/** How often each rule is broken: errors first, and what is most frequent. */
function byRule(open: readonly ReportedFinding[], terminal: Terminal): string {
  const isError = ([first]: readonly ReportedFinding[]) => Number(first?.severity === 'error');
  const rows = [...Map.groupBy(open, ({ rule }) => rule)].sort(
    ([, a], [, b]) => isError(b) - isError(a) || b.length - a.length,
  );
  return renderTable(
    terminal,
    ['found', 'level', 'rule', 'mistake'],
    rows.map(([rule, found]) => [String(found.length), found[0]?.severity ?? '', rule, found[0]?.mistake ?? '']),
  );
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

const capitalised = (text: string): string => text.replace(/^./, (first) => first.toUpperCase());

const LEVEL = { error: ['error', 'red'], warning: ['warn ', 'yellow'] } as const;

function findingText(finding: ReportedFinding, terminal: Terminal): string {
  const { acknowledged, severity, rule, path, property, value, mistake, why, fix } = finding;
  const [word, colour] = acknowledged === undefined ? LEVEL[severity] : (['ok   ', 'green'] as const);
  return [
    styled(terminal, colour, `${word} ${rule}  ${path}`),
    `      ${capitalised(mistake)}: ${property} is ${value}`,
    `      why: ${why}`,
    acknowledged === undefined
      ? `      fix: ${fix}`
      : `      acknowledged at ${acknowledged.at}: ${acknowledged.reason}`,
  ].join('\n');
}
