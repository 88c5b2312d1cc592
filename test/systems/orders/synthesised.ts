import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { resolveStage } from '../../../lib/constructs/stages/resolve-stage.ts';
import { stackProps, useStage } from '../../../lib/constructs/stages/stage.ts';
import type { Stage, StageSettings } from '../../../lib/constructs/stages/stage-settings.ts';
import { OrdersStack } from '../../../lib/systems/orders/stack.ts';
import type { TemplateJson } from '../../constructs/template-view.ts';

/** The template of the orders stack in a stage, or in one of this name with these settings. */
export const ordersTemplate = (stage: string | Stage, settings: StageSettings = {}): TemplateJson =>
  ordersApp(stage, (stack) => Template.fromStack(stack).toJSON() as TemplateJson, settings);

/** Looks at the orders stack in a stage, with a stub in place of each function's bundle. */
export function ordersApp<T>(given: string | Stage, look: (stack: OrdersStack) => T, settings: StageSettings = {}): T {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-stack-'));
  try {
    const bundle = join(folder, 'bundle');
    mkdirSync(bundle);
    writeFileSync(join(bundle, 'index.mjs'), 'export const handler = async () => undefined;\n');
    const app = new App({ outdir: join(folder, 'cdk.out') });
    const stage = useStage(app, typeof given === 'string' ? resolveStage(given, settings) : given);
    return look(new OrdersStack(app, `sluice-${stage.name}-orders`, { ...stackProps(stage), codeOf: () => bundle }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
