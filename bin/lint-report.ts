import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../lib/lint/lint.ts';
import { PACK_NAME } from '../lib/lint/messaging-checks.ts';

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
 * @throws Error when the app does not use the pack, or the pack failed
 */
export function readFindings(assembly: string): readonly ReportedFinding[] {
  const file = join(assembly, REPORT_FILE);
  if (!existsSync(file))
    throw new Error(
      'the app has no validation pack: write Validations.of(app).addPlugins(new MessagingChecks()) where it is made (docs/lint.md).',
    );
  const report: Report = JSON.parse(readFileSync(file, 'utf8'));
  // A pack without findings has no part in the report.
  const pack = report.pluginReports.find(({ pluginName }) => pluginName === PACK_NAME);
  if (pack?.metadata?.error !== undefined) throw new Error(pack.metadata.error);
  return [...(pack?.violations ?? []), ...(pack?.suppressedViolations ?? [])]
    .map(findingOf)
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

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
