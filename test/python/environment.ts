import { execFile } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ENVIRONMENTS = join(import.meta.dirname, '..', '..', '.sluice', 'python');
/** Written when all is installed: an installation that was cut off is made again. */
const COMPLETE = '.complete';

/** A tool from PyPI, at one version. */
export interface PythonTool {
  readonly name: string;
  readonly version: string;
}

/**
 * Installs a tool in a virtual environment of its own, below `.sluice/python`, unless it is there.
 * @returns folder of the environment's programs: `python`, and those of the tool
 * @throws Error when there is no `python3` with venv and pip, or PyPI has no such version
 */
export async function programsOf({ name, version }: PythonTool): Promise<string> {
  const folder = join(ENVIRONMENTS, `${name}-${version}`);
  const programs = join(folder, 'bin');
  if (existsSync(join(folder, COMPLETE))) return programs;
  rmSync(folder, { recursive: true, force: true });
  console.error(`installing ${name} ${version} from PyPI into ${folder}`);
  try {
    await run('python3', ['-m', 'venv', folder]);
    await run(join(programs, 'python'), [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      `${name}==${version}`,
    ]);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new Error(
      `${name} ${version} could not be installed: it takes python3 with venv and pip, and PyPI.\n${said}`,
      {
        cause: error,
      },
    );
  }
  writeFileSync(join(folder, COMPLETE), '');
  return programs;
}
