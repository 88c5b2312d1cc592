import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import { stageNamed } from '../../bin/stages.ts';
import { stackProps, useStage } from '../../lib/constructs/stages/stage.ts';
import { stackNameOf } from '../../lib/operations/systems/system.ts';
import type { HouseSystem } from '../../lib/systems/house-system.ts';

/** Looks at the stack of a system in a stage, with a stub in place of each function's bundle. */
export async function synthesised<T>(system: HouseSystem, stageName: string, look: (stack: Stack) => T): Promise<T> {
  const SystemStack = await system.stack();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-stack-'));
  try {
    const bundle = join(folder, 'bundle');
    mkdirSync(bundle);
    writeFileSync(join(bundle, 'index.mjs'), 'export const handler = async () => undefined;\n');
    const app = new App({ outdir: join(folder, 'cdk.out') });
    const stage = useStage(app, stageNamed(stageName));
    return look(new SystemStack(app, stackNameOf(system, stage.name), { ...stackProps(stage), codeOf: () => bundle }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
