import { join, resolve } from 'node:path';
import { synthesise as synthesiseApp } from './cdk-app.ts';

const ROOT = join(import.meta.dirname, '../..');

/**
 * Synthesises the CDK app of this project into a folder.
 * @param output from where this process is, which need not be the project
 * @throws Error with what the app printed when it fails
 */
export const synthesise = (output: string, stage: string): Promise<void> =>
  synthesiseApp({
    folder: ROOT,
    command: `"${process.execPath}" "${join('bin', 'app.ts')}"`,
    output: resolve(output),
    context: { stage },
  });
