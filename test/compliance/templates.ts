import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { synthesise } from '../../bin/apps/synth.ts';
import { stageNamed } from '../../bin/stages.ts';
import type { Stage } from '../../lib/constructs/stages/stage-settings.ts';
import { ordersTemplate } from '../systems/orders/synthesised.ts';

/** One that keeps its data, a common one, a small one, and one that sends e-mails. */
export const STAGES = ['dev', 'dev-alice', 'test', 'test-kept'] as const;

/** Where people deploy: other regions have other types of resources, partitions of the CDK's tables of facts, and limits. */
export const REGIONS = ['eu-west-1', 'us-east-1', 'eu-central-1'] as const;

/** A stage as `bin/stages.ts` has it, deployed to a region of an account that is known. */
export const stageIn = (name: string, region: string): Stage => ({
  ...stageNamed(name),
  env: { account: '111122223333', region },
});

/** Templates of the orders stack of every stage in each of the regions. */
export function withTemplatesOfRegions<T>(use: (templates: readonly string[]) => Promise<T>): Promise<T> {
  return inFolder((folder) => {
    const cases = REGIONS.flatMap((region) => STAGES.map((stage) => [stage, region] as const));
    const templates = cases.map(([stage, region]) => {
      const path = join(folder, `${stage}-${region}.template.json`);
      writeFileSync(path, JSON.stringify(ordersTemplate(stageIn(stage, region))));
      return path;
    });
    return use(templates);
  });
}

/** Those of the command line: with `--regions` in each region, else as they are without one. */
export const withAskedTemplates: typeof withTemplates = (use) =>
  process.argv.includes('--regions') ? withTemplatesOfRegions(use) : withTemplates(use);

/** Synthesises the app for every stage and hands the paths of all templates to a function; they are deleted afterwards. */
export function withTemplates<T>(use: (templates: readonly string[]) => Promise<T>): Promise<T> {
  return inFolder(async (folder) => {
    const templates: string[] = [];
    for (const stage of STAGES) {
      const assembly = join(folder, stage);
      await synthesise(assembly, stage);
      const files = readdirSync(assembly).filter((file) => file.endsWith('.template.json'));
      templates.push(...files.map((file) => join(assembly, file)));
    }
    return use(templates);
  });
}

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-templates-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
