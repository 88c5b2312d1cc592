import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** What `sluice new` writes, in a copy of this project: it passes lint, types and the gate for systems as it is written. */
const ROOT = join(import.meta.dirname, '../../..');
const BIN = join(ROOT, 'node_modules/.bin');

let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'sluice-new-'));
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  for (const file of files.split('\n').filter((name) => name !== '')) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(ROOT, file), join(copy, file));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  // The linter looks only at what git knows.
  execFileSync('git', ['init', '--quiet'], { cwd: copy });
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

function run(command: string, ...args: string[]): string {
  const path = `${BIN}:${process.env.PATH}`;
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: copy,
    encoding: 'utf8',
    env: { ...process.env, PATH: path },
  });
  expect(`${command} ${args.join(' ')} ended with ${status}\n${status === 0 ? '' : stdout + stderr}`).toBe(
    `${command} ${args.join(' ')} ended with 0\n`,
  );
  return stdout;
}
const sluice = (...args: string[]): string => run('node', 'bin/sluice.ts', ...args);

const MINUTES = 60_000;

describe('sluice new', () => {
  it('says what it would write, and writes nothing, with --dry-run', () => {
    const { files } = JSON.parse(sluice('new', 'system', 'gift-cards', '--dry-run', '--json'));
    expect(files).toContain('lib/systems/gift-cards/contract.ts');
    expect(run('git', 'ls-files', '--others', 'lib/systems/gift-cards')).toBe('');
  });

  it(
    'what it writes passes lint and types, and names every file that it touched',
    () => {
      const before = snapshot();
      const told = [
        JSON.parse(sluice('new', 'system', 'gift-cards', '--json')),
        JSON.parse(sluice('new', 'consumer', 'give-points', '--to', 'order-topic', '--json')),
        JSON.parse(sluice('new', 'consumer', 'count-visits', '--to', 'order-log', '--json')),
      ];
      const changed = [...snapshot()].filter(([file, text]) => before.get(file) !== text).map(([file]) => file);
      expect(new Set(told.flatMap(({ files }) => files))).toEqual(new Set(changed));
      sluice('schema', 'write');
      run('biome', 'check', '--error-on-warnings', 'lib/systems', 'lambdas');
      run('tsc');
    },
    5 * MINUTES,
  );

  it('refuses to write over what is there, a name that is none, and a second consumer of a queue', () => {
    const refused = (...args: string[]) =>
      spawnSync('node', ['bin/sluice.ts', 'new', ...args], { cwd: copy, encoding: 'utf8' }).stderr;
    expect(refused('system', 'gift-cards')).toContain('nothing was written');
    expect(refused('system', 'GiftCards')).toContain("'GiftCards' is no name for a system");
    expect(refused('consumer', 'second', '--to', 'gift-cards')).toContain("'gift-cards' is a queue");
    expect(refused('consumer', 'second', '--to', 'nowhere')).toContain("no system here has a channel 'nowhere'");
  });

  it(
    'the new system passes the gate for systems',
    () => {
      const config = 'test/systems/gate/vitest.config.ts';
      run('vitest', 'run', '--config', config, 'systems.gate.ts', '-t', 'gift-cards');
    },
    10 * MINUTES,
  );

  it(
    'a new consumer is in the report; one that always throws makes it fail',
    () => {
      const report = JSON.parse(sluice('demo', 'orders', '--once', '--json', '--port', '0'));
      expect(report).toMatchObject({ problems: [], unchecked: ['count-visits', 'give-points'] });
      const file = join(copy, 'lambdas/orders/give-points.ts');
      const text = readFileSync(file, 'utf8');
      writeFileSync(
        file,
        text.replace("  log('info', 'handled');", "  log('info', 'handled');\n  if (1 > 0) throw new Error('always');"),
      );
      const failed = spawnSync('node', ['bin/sluice.ts', 'demo', 'orders', '--once', '--json', '--port', '0'], {
        cwd: copy,
        encoding: 'utf8',
        env: { ...process.env, PATH: `${BIN}:${process.env.PATH}` },
      });
      expect(failed.status).toBe(1);
      expect(JSON.parse(failed.stdout).problems.join()).toContain('dead letters of give-points that nobody expects');
    },
    10 * MINUTES,
  );
});

/** Texts of the files that a system consists of. */
function snapshot(): ReadonlyMap<string, string> {
  const files = run(
    'git',
    'ls-files',
    '--others',
    '--exclude-standard',
    'lib/systems',
    'lambdas',
    'samples',
    'docs',
    'schemas',
  );
  return new Map(
    files
      .split('\n')
      .filter((name) => name !== '')
      .map((file) => [file, readFileSync(join(copy, file), 'utf8')]),
  );
}
