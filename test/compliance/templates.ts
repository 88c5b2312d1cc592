import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { synthesise } from '../../bin/synth.ts';

/** One that keeps its data, a common one, a small one, and one that sends e-mails. */
export const STAGES = ['dev', 'dev-alice', 'test', 'test-kept'] as const;

/** Synthesises the app for every stage and hands the paths of all templates to a function; they are deleted afterwards. */
export async function withTemplates<T>(use: (templates: readonly string[]) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-templates-'));
  try {
    const templates: string[] = [];
    for (const stage of STAGES) {
      const assembly = join(folder, stage);
      await synthesise(assembly, stage);
      const files = readdirSync(assembly).filter((file) => file.endsWith('.template.json'));
      templates.push(...files.map((file) => join(assembly, file)));
    }
    return await use(templates);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
