import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { type Finding, lint } from '../../lib/lint/lint.ts';

/** Synthesises an app of stacks that a test builds, without the CDK's own validation of templates, and lints it. */
export function lintApp(build: (app: App) => void): readonly Finding[] {
  const outdir = mkdtempSync(join(tmpdir(), 'sluice-lint-'));
  const before = process.env.CDK_VALIDATION;
  process.env.CDK_VALIDATION = 'false';
  try {
    const app = new App({ outdir, analyticsReporting: false, treeMetadata: false });
    build(app);
    app.synth();
    return lint(app);
  } finally {
    if (before === undefined) delete process.env.CDK_VALIDATION;
    else process.env.CDK_VALIDATION = before;
    rmSync(outdir, { recursive: true });
  }
}

/** The same for one stack, `Shop`. */
export const lintStack = (build: (stack: Stack) => void): readonly Finding[] =>
  lintApp((app) => build(new Stack(app, 'Shop')));
