import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { join, resolve } from 'node:path';

/** What `cdk.json` says of an app. https://docs.aws.amazon.com/cdk/v2/guide/cli.html#cli-config */
export interface CdkApp {
  /** Where `cdk.json` is: the command runs here. */
  readonly folder: string;
  /** Runs the app, in a shell. */
  readonly command: string;
  /** Absolute folder of the assembly. */
  readonly output: string;
  readonly context: Readonly<Record<string, unknown>>;
  /** Globs of the files whose change is worth a new synthesis, and of those among them whose change is not. */
  readonly watch: { readonly include: readonly string[]; readonly exclude: readonly string[] };
}

/** Synthesised when `cdk.json` names none. */
const DEFAULT_OUTPUT = 'cdk.out';
/** Enough of what an app wrote to see why it failed. */
const STDERR_TAIL_CHARS = 4_000;

/**
 * Reads the app of a folder.
 * @param output folder of the assembly instead of the one in `cdk.json`
 * @throws Error that names the file and what is missing
 */
export function readCdkApp(folder: string, output?: string): CdkApp {
  const file = join(folder, 'cdk.json');
  if (!existsSync(file))
    throw new Error(
      `there is no ${file}, which names the app to run. Start the command in the folder of the app, or name an assembly or templates: --assembly cdk.out`,
    );
  const config = readJson(file);
  const { app, watch } = config as { app?: unknown; watch?: { include?: unknown; exclude?: unknown } };
  if (typeof app !== 'string' || app === '')
    throw new Error(`${file} names no app: add "app": "node app.ts", or whatever runs it.`);
  const contextFile = join(folder, 'cdk.context.json');
  return {
    folder,
    command: app,
    output: resolve(folder, output ?? String(config.output ?? DEFAULT_OUTPUT)),
    context: { ...(existsSync(contextFile) ? readJson(contextFile) : {}), ...(config.context as object | undefined) },
    watch: { include: globs(watch?.include, ['**']), exclude: globs(watch?.exclude, []) },
  };
}

const globs = (value: unknown, otherwise: readonly string[]): readonly string[] =>
  value === undefined ? otherwise : (Array.isArray(value) ? value : [value]).map(String);

function readJson(file: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file} is not valid JSON: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

/**
 * Runs an app so that it writes its assembly, as `cdk synth` does but without the CLI around it and without the CDK's validation of
 * the templates, which takes several times as long as all the rest.
 * @throws Error with what the app printed when it fails
 */
export async function synthesise({ folder, command, output, context }: Omit<CdkApp, 'watch'>): Promise<void> {
  const child = spawn(command, {
    cwd: folder,
    shell: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      CDK_OUTDIR: output,
      CDK_CONTEXT_JSON: JSON.stringify(context),
      CDK_VALIDATION: 'false',
      // What is compiled once is not compiled at the next synthesis.
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? getCompileCacheDir() ?? '',
    },
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk).slice(-STDERR_TAIL_CHARS);
  });
  const { promise, resolve: ended, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('close', ended);
  const code = await promise;
  if (code !== 0) throw new Error(`the app does not synthesise ("${command}" ended with ${code}):\n${stderr.trim()}`);
}
