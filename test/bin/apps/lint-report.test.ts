import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readFindings } from '../../../bin/apps/lint-report.ts';
import { PACK_NAME } from '../../../lib/lint/messaging-checks.ts';

const violation = (severity: string, path: string, more: object = {}) => ({
  ruleName: `Pack::Messaging-${severity}`,
  severity,
  suggestedFix: 'Mend it',
  ruleMetadata: { property: 'p', value: 'v', mistake: 'm', why: 'w' },
  violatingConstructs: [{ constructPath: path }],
  ...more,
});

test('what the pack found is read with its severity, by path, what is acknowledged among it', () => {
  const assembly = mkdtempSync(join(tmpdir(), 'sluice-report-'));
  onTestFinished(() => rmSync(assembly, { recursive: true }));
  const report = {
    pluginReports: [
      { pluginName: 'another', violations: [violation('error', 'A/other')] },
      {
        pluginName: PACK_NAME,
        violations: [violation('warning', 'B/two'), violation('error', 'A/one'), violation('fatal', 'C/three')],
        suppressedViolations: [violation('error', 'A/zero', { reason: 'known', acknowledgedAt: 'A' })],
      },
    ],
  };
  writeFileSync(join(assembly, 'validation-report.json'), JSON.stringify(report));
  const found = readFindings(assembly)?.map(({ rule, severity, path, acknowledged }) => [
    rule,
    severity,
    path,
    acknowledged,
  ]);
  expect(found).toEqual([
    ['Messaging-error', 'error', 'A/one', undefined],
    ['Messaging-error', 'error', 'A/zero', { reason: 'known', at: 'A' }],
    ['Messaging-warning', 'warning', 'B/two', undefined],
    // What the pack does not say of its own: it counts.
    ['Messaging-fatal', 'error', 'C/three', undefined],
  ]);
});

test('what has a reason, but is acknowledged nowhere, counts; what is acknowledged without one has none', () => {
  const assembly = mkdtempSync(join(tmpdir(), 'sluice-report-'));
  onTestFinished(() => rmSync(assembly, { recursive: true }));
  const write = (pack: object) =>
    writeFileSync(
      join(assembly, 'validation-report.json'),
      JSON.stringify({ pluginReports: [{ pluginName: PACK_NAME, ...pack }] }),
    );
  write({ violations: [violation('error', 'A', { reason: 'why' }), violation('error', 'B', { acknowledgedAt: 'B' })] });
  expect(readFindings(assembly)?.map(({ acknowledged }) => acknowledged)).toEqual([undefined, { reason: '', at: 'B' }]);
  write({ violations: [], metadata: { error: 'the pack broke' } });
  expect(() => readFindings(assembly)).toThrow('the pack broke');
  writeFileSync(join(assembly, 'validation-report.json'), JSON.stringify({ pluginReports: [] }));
  expect(readFindings(assembly)).toBeUndefined();
});
