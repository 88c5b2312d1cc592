import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { stageNamed } from '../../../bin/stages.ts';
import { resolveStage } from '../../../lib/constructs/stages/resolve-stage.ts';
import { stackProps, useStage } from '../../../lib/constructs/stages/stage.ts';
import { RemindersStack } from '../../../lib/systems/reminders/stack.ts';
import type { TemplateJson } from '../../constructs/template-view.ts';

export const remindersTemplate = (stage: string): TemplateJson =>
  remindersApp(stage, (stack) => Template.fromStack(stack).toJSON() as TemplateJson);

/** Looks at the stack in a stage, with a stub in place of each function's bundle. */
export function remindersApp<T>(name: string, look: (stack: RemindersStack) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-stack-'));
  try {
    const bundle = join(folder, 'bundle');
    mkdirSync(bundle);
    writeFileSync(join(bundle, 'index.mjs'), 'export const handler = async () => undefined;\n');
    const app = new App({ outdir: join(folder, 'cdk.out') });
    const stage = useStage(app, name === 'prod' ? resolveStage('prod', {}) : stageNamed(name));
    return look(new RemindersStack(app, `sluice-${name}-reminders`, { ...stackProps(stage), codeOf: () => bundle }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
