import { join, resolve } from 'node:path';
import { synthesise as synthesiseApp } from './cdk-app.ts';

const ROOT = join(import.meta.dirname, '../..');

/**
 * Synthesises the CDK app of this project into a folder.
 * @param output from where this process is, which need not be the project
 * @param systems only these. @default all
 * @throws Error with what the app printed when it fails
 */
export const synthesise = (output: string, stage: string, systems?: readonly string[]): Promise<void> =>
  synthesiseApp({
    folder: ROOT,
    command: `"${process.execPath}" "${join('bin', 'app.ts')}"`,
    output: resolve(output),
    context: { stage, ...(systems === undefined ? {} : { systems: systems.join(',') }) },
  });
