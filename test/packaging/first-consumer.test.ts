import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildLibrary, buildTools } from '../../packaging/build.ts';
import { type Step, stepsOf } from './page-steps.ts';

/**
 * docs/first-consumer.md, done word for word in an empty folder, with the Node of this machine and both packages as they are packed. The packages lie where
 * the page has them: in the `.build` of a clone beside the folder.
 */
const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const MINUTES = 60_000;
const TEN_MINUTES_SECONDS = 600;
/** What is a moment on a crowded machine. */
const PATIENCE = { timeout: 60_000, interval: 250 };
/** The reference system of this repository, in whatever an app of others says. */
const OURS = /\borders\b|place-order|charge-card|invoice|sluice-dev/i;

const pathHere = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .join(delimiter);
/** As in a new shell: nothing of npm, of this run or of an account. */
const shell: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|AWS_|NODE_|VITEST)/i.test(name))),
  PATH: pathHere,
  npm_config_prefer_offline: 'true',
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  // Newer npm and pnpm run no install scripts unasked: nothing may need one.
  npm_config_ignore_scripts: 'true',
};
const nodeHere = execFileSync('node', ['--version'], { env: shell, encoding: 'utf8' });

let work: string;
let project: string;
let port: number;
let up: ChildProcess | undefined;
let upSaid = '';
/** Everything that commands said. */
const said: string[] = [];

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'sluice-first-'));
  project = join(work, 'parcels');
  const packed = join(work, 'sluice', '.build');
  mkdirSync(packed, { recursive: true });
  for (const folder of [buildLibrary(packed), buildTools(packed)])
    await run('npm', ['pack', folder, '--pack-destination', packed], { env: shell });
  writeFileSync(join(work, 'folder'), work);
  writeFileSync(join(work, 'variables'), '');
  port = await freePort();
}, 5 * MINUTES);

afterAll(async () => {
  if (up?.pid !== undefined && up.exitCode === null && up.signalCode === null) {
    const ended = new Promise((resolve) => up?.once('exit', resolve));
    process.kill(-up.pid, 'SIGTERM');
    await ended;
  }
  // Tens of thousands of files.
  rmSync(work, { recursive: true, force: true });
}, 5 * MINUTES);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port: free } = server.address() as { port: number };
  await new Promise((resolve) => void server.close(resolve));
  return free;
}

/** The page has the usual port, which others may be using here. */
const here = (text: string): string =>
  text.replaceAll('4566', String(port)).replace('local --watch', `local --watch --port ${port}`);

/** Runs a block in the folder and with the variables that the one before left. */
async function inShell(script: string): Promise<string> {
  const [folder, variables] = [join(work, 'folder'), join(work, 'variables')];
  const whole = `. ${variables}; cd "$(cat ${folder})"; set -eo pipefail\n${here(script)}\npwd > ${folder}; export -p > ${variables}`;
  const { stdout, stderr } = await run('bash', ['-c', whole], { env: shell });
  said.push(stdout, stderr);
  return stdout;
}

const plain = (text: string): string => text.replace(/[ \t]+/g, ' ');

function expectLines(output: string, lines: readonly string[]): void {
  for (const line of lines) expect(plain(output)).toContain(plain(here(line)));
}

async function take(step: Step): Promise<void> {
  if (step.kind === 'file') {
    writeFileSync(join(project, step.path), step.text);
    return;
  }
  if (step.mark === 'stays up') {
    up = spawn('bash', ['-c', here(step.script)], { cwd: project, env: shell, detached: true });
    for (const stream of [up.stdout, up.stderr])
      stream?.on('data', (chunk: Buffer) => {
        upSaid += chunk;
      });
    await vi.waitFor(() => expectLines(upSaid, step.says), PATIENCE);
  } else if (step.mark === 'a moment later') {
    await vi.waitFor(async () => expectLines(await inShell(step.script), step.says), PATIENCE);
  } else expectLines(await inShell(step.script), step.says);
}

describe('the page "Your first consumer in ten minutes"', () => {
  it(
    `is true from its first line to its last, on Node ${nodeHere.trim()}`,
    async () => {
      const began = performance.now();
      const at = (steps: readonly Step[]) =>
        steps.findIndex((step) => step.kind === 'command' && /look/.test(step.script));
      const steps = stepsOf(readFileSync(join(ROOT, 'docs/first-consumer.md'), 'utf8'));
      for (const [number, step] of steps.entries()) {
        await take(step);
        if (number !== at(steps)) continue;
        const seconds = Math.round((performance.now() - began) / 1_000);
        console.log(`from an empty folder to the first message: ${seconds} s`);
        expect(seconds).toBeLessThan(TEN_MINUTES_SECONDS);
      }
    },
    10 * MINUTES,
  );

  it('leaves an app whose tools know nothing of the orders', async () => {
    const commands = ['', ...COMMANDS].map((command) => `npx sluice ${command} --help`).join('\n');
    expect(await inShell(commands)).toContain('Examples:');
    expect(said.join('\n')).toContain('It reconciles');
    expect(`${said.join('\n')}\n${upSaid}`).not.toMatch(OURS);
  }, 60_000);

  it('goes on with a Node that can do it, whatever it is started with', async () => {
    const launch = join(project, 'node_modules/sluice-cli/bin/launch.js');
    const { stdout } = await run('node', [launch, 'systems', '--json'], { cwd: project, env: shell });
    expect(JSON.parse(stdout).systems).toMatchObject([{ name: 'parcels', stack: 'parcels' }]);
    await expect(run('node', [launch, 'produce', 'letters'], { cwd: project, env: shell })).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^sluice: there is no system 'letters' here \(there are: parcels\)/),
    });
  });

  it.skipIf(/^v(2[4-9]|[3-9]\d)/.test(nodeHere))('says what is missing when npm left the binary out', async () => {
    // No package is found from here.
    const alone = join(work, 'launch.mjs');
    copyFileSync(join(project, 'node_modules/sluice-cli/bin/launch.js'), alone);
    await expect(run('node', [alone, 'systems'], { cwd: project, env: shell })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^sluice: the package node-\S+ is not installed\. This is Node \d+\.\d+\.\d+ on .* needs Node 24, .* \(npm install --include=optional\)/,
      ),
    });
  });

  it('hands the signal on that ends it, and leaves no engine behind', async () => {
    const launch = join(project, 'node_modules/sluice-cli/bin/launch.js');
    const engine = spawn('node', [launch, 'local', '--assembly', 'cdk.out', '--port', '0'], {
      cwd: project,
      env: shell,
    });
    let text = '';
    engine.stdout.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    const url = await vi.waitFor(() => {
      const found = /^ready (\S+)$/m.exec(text)?.[1];
      if (found === undefined) throw new Error(`not ready: ${text}`);
      return found;
    }, PATIENCE);
    const ended = new Promise((resolve) => engine.once('exit', resolve));
    engine.kill('SIGTERM');
    await ended;
    await expect(fetch(url)).rejects.toThrow();
  });
});

const COMMANDS = [
  ...['demo', 'local', 'lint', 'plan', 'quotas', 'produce', 'systems', 'cost', 'capacity'],
  ...['parked list', 'parked show', 'parked resume', 'parked skip', 'parked edit'],
  ...['schema check', 'schema write', 'schema asyncapi'],
];

describe('the packages', () => {
  const files = (name: string) =>
    readdirSync(join(project, 'node_modules', name), { recursive: true, encoding: 'utf8' }).map((file) =>
      file.replaceAll('\\', '/'),
    );

  it.each(['sluice', 'sluice-cli'])('%s carries what belongs to a package', (name) => {
    const there = files(name);
    for (const file of [
      'LICENSE',
      'NOTICE',
      'README.md',
      'CHANGELOG.md',
      'docs/runbooks/dead-letters.md',
      'docs/first-consumer.md',
    ])
      expect(there).toContain(file);
    expect(there.filter((file) => file.endsWith('.d.ts')).length).toBeGreaterThan(10);
    expect(there.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))).toEqual([]);
  });

  it.each(['sluice', 'sluice-cli'])('%s: links between its pages lead somewhere', (name) => {
    const there = new Set(files(name));
    const folderOf = (file: string) => file.split('/').slice(0, -1).join('/');
    const dead = [...there]
      .filter((file) => file.endsWith('.md'))
      .flatMap((file) => {
        const text = readFileSync(join(project, 'node_modules', name, file), 'utf8');
        return [...text.matchAll(/\]\((?<to>[^)#:\s]+)(?:#[^)]*)?\)/g)]
          .map(({ groups }) => join(folderOf(file), groups?.to ?? ''))
          .filter((to) => !there.has(to))
          .map((to) => `${file} -> ${to}`);
      });
    expect(dead).toEqual([]);
  });

  it('sluice-cli brings nothing of the app of its own repository', () => {
    expect(
      files('sluice-cli').filter(
        (file) => !file.endsWith('.md') && /systems\/orders|house-system|bin\/(app|stages)\.js/.test(file),
      ),
    ).toEqual([]);
  });
});
