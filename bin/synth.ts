import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '..');

/**
 * Synthesises the CDK app into a folder, as `npx cdk synth` does but without the CLI around it.
 * @throws Error with what the app printed when it fails
 */
export async function synthesise(output: string, stage: string): Promise<void> {
  try {
    await promisify(execFile)(process.execPath, [join(ROOT, 'bin', 'app.ts')], {
      cwd: ROOT,
      env: { ...process.env, CDK_OUTDIR: output, CDK_CONTEXT_JSON: JSON.stringify({ stage }) },
    });
  } catch (error) {
    throw new Error(`the app does not synthesise:\n${(error as { stderr?: string }).stderr ?? String(error)}`, {
      cause: error,
    });
  }
}
