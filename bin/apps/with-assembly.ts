import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCdkApp, synthesise } from './cdk-app.ts';

/** Which app a command reads: what `--assembly` and `--context` say (`assembly-options.ts`). */
export interface WhichApp {
  /** Context of the app, beside that of `cdk.json`. */
  readonly context: Readonly<Record<string, string>>;
  /** A folder that is synthesised already, or holds templates. @default the app of `cdk.json` is synthesised */
  readonly assembly?: string;
}

/**
 * Reads the assembly that was named, or that of the app of `cdk.json`, synthesised into a folder that is there only meanwhile.
 * @param read of an assembly that was named
 * @param own of the app's own. @default as one that was named
 * @param settings context beside what the user gives
 */
export async function withAssembly<T>(
  { assembly, context }: WhichApp,
  read: (place: string) => T,
  own: (place: string) => T = read,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<T> {
  if (assembly !== undefined) return read(assembly);
  const output = mkdtempSync(join(tmpdir(), 'sluice-synth-'));
  try {
    const app = readCdkApp(process.cwd(), output);
    await synthesise({ ...app, context: { ...app.context, ...context, ...settings } });
    return own(output);
  } finally {
    rmSync(output, { recursive: true });
  }
}
