import { lintSystem } from '../../lib/lint/lint.ts';
import { readAssembly, untransformed } from '../apps/assembly-templates.ts';
import { type ReportedFinding, readFindings, reported } from '../apps/lint-report.ts';
import { type WhichApp, withAssembly } from '../apps/with-assembly.ts';
import { countOf, LEVEL } from '../terminal/levels.ts';
import { renderTable } from '../terminal/table.ts';
import { openTerminal, styled, type Terminal } from '../terminal/terminal.ts';

export interface LintOptions extends WhichApp {
  readonly json: boolean;
  /** Show what was acknowledged, too. */
  readonly all: boolean;
}

/** Tells the app to leave findings to the report rather than to fail: this command says them itself. */
const ONLY_REPORT = { '@aws-cdk/core:failSynthOnValidationErrors': false };

/** Prints what is wrong with the messaging of an app, or of templates. @returns 1 when there are errors */
export async function lint({ json, all, ...which }: LintOptions): Promise<number> {
  const terminal = openTerminal({ json });
  const byTemplates = (place: string) => lintAssembly(place, terminal);
  // What the app's messaging pack found; an app without the pack is linted by its templates.
  const own = (place: string) => readFindings(place) ?? byTemplates(place);
  const found = await withAssembly(which, byTemplates, own, ONLY_REPORT);
  const counted = found.filter(({ acknowledged }) => acknowledged === undefined);
  const ok = counted.every(({ severity }) => severity === 'warning');
  const shown = all ? found : counted;
  process.stdout.write(`${json ? JSON.stringify({ ok, findings: shown }) : report(shown, found, terminal)}\n`);
  return ok ? 0 : 1;
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
  const acknowledged = found.length - open.length;
  return [
    ...shown.map((finding) => findingText(finding, terminal)),
    ...(open.length > 1 ? [byRule(open, terminal)] : []),
    `${countOf(open, 'error')}, ${countOf(open, 'warning')}, ${acknowledged} acknowledged${acknowledged > 0 && shown.length === open.length ? ' (--all shows them)' : ''}`,
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

const capitalised = (text: string): string => text.replace(/^./, (first) => first.toUpperCase());

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
