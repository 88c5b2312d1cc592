import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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
  // Two test files may install it at once: each into a folder of its own, and whoever is done first is used.
  mkdirSync(ENVIRONMENTS, { recursive: true });
  const own = mkdtempSync(`${folder}-`);
  console.error(`installing ${name} ${version} from PyPI into ${own}`);
  try {
    await run('python3', ['-m', 'venv', own]);
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `${name}==${version}`];
    await run(join(own, 'bin', 'python'), install);
  } catch (error) {
    rmSync(own, { recursive: true, force: true });
    const said = error instanceof Error ? error.message : String(error);
    throw new Error(
      `${name} ${version} could not be installed: it takes python3 with venv and pip, and PyPI.\n${said}`,
      { cause: error },
    );
  }
  writeFileSync(join(own, COMPLETE), '');
  if (!existsSync(join(folder, COMPLETE))) rmSync(folder, { recursive: true, force: true });
  try {
    symlinkSync(own, folder);
  } catch {
    rmSync(own, { recursive: true, force: true });
  }
  return programs;
}
