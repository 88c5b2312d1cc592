import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import { stageNamed } from '../../bin/stages.ts';
import { stackProps, useStage } from '../../lib/constructs/stages/stage.ts';
import type { Stage } from '../../lib/constructs/stages/stage-settings.ts';
import { stackNameOf } from '../../lib/operations/systems/system.ts';
import type { HouseStackProps, HouseSystem } from '../../lib/systems/house-system.ts';

/** Looks at a stack in a stage, with a stub in place of each function's bundle. @param name of its system */
export function lookAtStack<S extends Stack, T>(
  make: (app: App, id: string, props: HouseStackProps) => S,
  name: string,
  given: Stage,
  look: (stack: S) => T,
): T {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-stack-'));
  try {
    const bundle = join(folder, 'bundle');
    mkdirSync(bundle);
    writeFileSync(join(bundle, 'index.mjs'), 'export const handler = async () => undefined;\n');
    const app = new App({ outdir: join(folder, 'cdk.out') });
    const stage = useStage(app, given);
    return look(make(app, stackNameOf({ name }, stage.name), { ...stackProps(stage), codeOf: () => bundle }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The same for a registered system. */
export async function synthesised<T>(system: HouseSystem, stageName: string, look: (stack: Stack) => T): Promise<T> {
  const SystemStack = await system.stack();
  return lookAtStack((...made) => new SystemStack(...made), system.name, stageNamed(stageName), look);
}
