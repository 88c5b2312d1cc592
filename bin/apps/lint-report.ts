import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../../lib/lint/lint.ts';
import { PACK_NAME } from '../../lib/lint/messaging-checks.ts';

/** A finding as the CDK reports it. */
export interface ReportedFinding extends Omit<Finding, 'source' | 'acknowledged'> {
  /** Why it was accepted, and on which construct. @default it counts */
  readonly acknowledged?: { readonly reason: string; readonly at: string };
}

/** The CDK writes it whenever an app has a validation plugin. */
const REPORT_FILE = 'validation-report.json';

/** What is read of the CDK's report. */
interface Report {
  readonly pluginReports: readonly {
    readonly pluginName: string;
    readonly metadata?: { readonly error?: string };
    readonly violations: readonly Violation[];
    readonly suppressedViolations?: readonly Violation[];
  }[];
}

interface Violation {
  readonly ruleName: string;
  readonly severity: string;
  readonly suggestedFix: string;
  readonly ruleMetadata: Pick<Finding, 'property' | 'value' | 'mistake' | 'why'>;
  readonly violatingConstructs: readonly { readonly constructPath: string }[];
  readonly reason?: string;
  readonly acknowledgedAt?: string;
}

/**
 * Reads what the messaging pack found when an assembly was synthesised, acknowledged findings included.
 * @returns undefined when the pack has no part in the report: it found nothing, or the app does not use it
 * @throws Error when the pack failed
 */
export function readFindings(assembly: string): readonly ReportedFinding[] | undefined {
  const file = join(assembly, REPORT_FILE);
  if (!existsSync(file)) return undefined;
  const report: Report = JSON.parse(readFileSync(file, 'utf8'));
  const pack = report.pluginReports.find(({ pluginName }) => pluginName === PACK_NAME);
  if (pack === undefined) return undefined;
  if (pack.metadata?.error !== undefined) throw new Error(pack.metadata.error);
  return [...pack.violations, ...(pack.suppressedViolations ?? [])]
    .map(findingOf)
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** What the linter finds in templates, in the form of the report. */
export const reported = (findings: readonly Finding[]): readonly ReportedFinding[] =>
  findings.map(({ source: _, acknowledged, ...finding }) => ({
    ...finding,
    ...(acknowledged === undefined ? {} : { acknowledged: { reason: acknowledged.reason, at: acknowledged.path } }),
  }));

const findingOf = (violation: Violation): ReportedFinding => ({
  rule: violation.ruleName.replace(/^.*::/, ''),
  severity: violation.severity === 'warning' ? 'warning' : 'error',
  path: violation.violatingConstructs[0]?.constructPath ?? '',
  ...violation.ruleMetadata,
  fix: violation.suggestedFix,
  ...(violation.acknowledgedAt === undefined
    ? {}
    : { acknowledged: { reason: violation.reason ?? '', at: violation.acknowledgedAt } }),
});
