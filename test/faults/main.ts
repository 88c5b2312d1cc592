/**
 * Puts the faults one at a time into a copy of the project and says which test notices each: first the tests of the
 * same name, those that import the file (of any folder), and (but for --near) those of its folder that reach it; with --wide all that do.
 *
 *     npm run faults -- [--folder lib/local] [--only 12,15] [--near | --wide | --tests FILES] [--lived] [--write]
 *
 * --lived: only those that lived the last time. --write: the table of all results into docs/faults.md. Ctrl-C ends it cleanly.
 */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import type { Fault } from './fault.ts';
import { faults } from './faults.ts';
import { fifthDraw } from './fifth-draw.ts';
import { firstDraw } from './first-draw.ts';
import { fourthDraw } from './fourth-draw.ts';
import { secondDraw } from './second-draw.ts';
import { sixthDraw } from './sixth-draw.ts';
import { type Result, tableOf } from './table.ts';
import { thirdDraw } from './third-draw.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Kept with the project: the table is written from it. */
const RESULTS = join(import.meta.dirname, 'results.json');
const DOCUMENT = join(ROOT, 'docs/faults.md');
const MARK = '<!-- results -->';
/** One fault's tests; a fault that makes them stand still for so long is noticed. */
const LIMIT_MS = 8 * 60_000;

const { values: options } = parseArgs({
  options: {
    folder: { type: 'string' },
    only: { type: 'string' },
    tests: { type: 'string' },
    near: { type: 'boolean', default: false },
    wide: { type: 'boolean', default: false },
    lived: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});

const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' });
const results: Record<string, Result> = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : {};
const keyOf = ({ file, mistake }: Fault) => `${file}: ${mistake}`;
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());

function copyOfTree(): string {
  const copy = mkdtempSync(join(tmpdir(), 'faults-'));
  for (const file of git('ls-files', '-co', '--exclude-standard').trim().split('\n')) {
    if (existsSync(join(ROOT, file))) cpSync(join(ROOT, file), join(copy, file));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

interface Report {
  readonly success: boolean;
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Runs tests in the copy. @returns the first that failed; undefined when none did */
async function firstFailed(copy: string, { folder, args }: Stage): Promise<string | undefined> {
  const report = join(copy, '.report.json');
  rmSync(report, { force: true });
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const common = ['--bail=1', '--maxWorkers=1', '--reporter=json', `--outputFile=${report}`, '--passWithNoTests'];
  const child = spawn(
    process.execPath,
    [vitest, ...args, '--config', 'test/faults/vitest.config.ts', '--run', ...common],
    {
      ...{ cwd: copy, stdio: 'ignore', detached: true },
      env: { ...process.env, FAULTS_TESTS: folder },
    },
  );
  // Its workers and what they started go with it.
  const end = () => process.kill(-(child.pid ?? 0), 'SIGKILL');
  const late = setTimeout(end, LIMIT_MS);
  stop.signal.addEventListener('abort', end);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(late);
  stop.signal.removeEventListener('abort', end);
  if (code === 0 || stop.signal.aborted) return undefined;
  if (!existsSync(report)) return `${folder} (no report, code ${code})`;
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  const file = testResults.find(({ status }) => status === 'failed');
  const test = file?.assertionResults.find(({ status }) => status === 'failed');
  return `${relative(copy, file?.name ?? '')}${test === undefined ? '' : `: ${test.fullName}`}`;
}

interface Stage {
  readonly folder: string;
  readonly args: readonly string[];
}

/** What the command line is made of: the tests of it start it as a program, so that no import tells what they reach. */
const STARTED = /^(bin|lib\/operations|lib\/systems)\//;

/** Other tests that import a file: those of its folder, and those of others, of which integration tests take longest. */
function importersOf(copy: string, file: string, namesakes: readonly string[], top: string): readonly string[][] {
  const path = `/${file}'`;
  const all = globSync('test/**/*.test.ts', { cwd: copy }).filter(
    (test) => !namesakes.includes(test) && readFileSync(join(copy, test), 'utf8').includes(path),
  );
  const { here = [], elsewhere = [] } = Object.groupBy(all, (one) =>
    one.startsWith(`${top}/`) ? 'here' : 'elsewhere',
  );
  return [here, elsewhere.sort((a, b) => Number(a.includes('integration')) - Number(b.includes('integration')))];
}

/** The tests that could notice it, the nearest first; those that start the file as a program reach it unseen. */
function stagesOf(copy: string, { file }: Fault): readonly Stage[] {
  if (options.tests !== undefined) return [{ folder: 'test', args: options.tests.split(',') }];
  let folder = dirname(file).replace(/^lib/, 'test').replace(/^bin/, 'test/bin');
  while (!existsSync(join(copy, folder))) folder = dirname(folder);
  const top = folder.split('/').slice(0, 2).join('/');
  const name = basename(file, '.ts');
  const namesakes = globSync(`${folder}/**/${name}*.test.ts`, { cwd: copy });
  const [importers = [], elsewhere = []] = importersOf(copy, file, namesakes, top);
  const folders =
    options.near && namesakes.length + importers.length > 0
      ? []
      : [...new Set([folder, top, ...(options.wide ? ['test'] : [])])];
  return [
    ...[namesakes, importers].filter(({ length }) => length > 0).map((args) => ({ folder: top, args })),
    ...elsewhere.map((one) => ({ folder: dirname(one), args: [one] })),
    ...folders.map((one) => ({ folder: one, args: ['related', file] })),
    ...(STARTED.test(file) ? [{ folder: 'test/bin', args: [] }] : []),
  ];
}

async function tryOut(copy: string, fault: Fault): Promise<string | undefined> {
  const place = join(copy, fault.file);
  const before = readFileSync(place, 'utf8');
  if (before.split(fault.find).length !== 2)
    throw new Error(`${keyOf(fault)}: ${fault.file} must have once: ${fault.find}`);
  // A function: $ is no sign in it.
  writeFileSync(
    place,
    before.replace(fault.find, () => fault.put),
  );
  try {
    for (const stage of stagesOf(copy, fault)) {
      const by = await firstFailed(copy, stage);
      if (by !== undefined || stop.signal.aborted) return by;
    }
    return undefined;
  } finally {
    writeFileSync(place, before);
  }
}

const numbers = options.only?.split(',').map(Number);
const chosen = faults
  .map((fault, i) => ({ fault, number: i + 1 }))
  .filter(({ number }) => numbers?.includes(number) ?? true)
  .filter(({ fault }) => fault.file.startsWith(options.folder ?? ''))
  .filter(({ fault }) => !options.lived || results[keyOf(fault)]?.by === undefined)
  .filter(({ fault }) => fault.equivalent === undefined);

const copy = copyOfTree();
try {
  for (const { fault, number } of chosen) {
    if (stop.signal.aborted) break;
    const by = await tryOut(copy, fault);
    if (stop.signal.aborted) break;
    const commit = git('rev-parse', '--short', 'HEAD').trim();
    const first = results[keyOf(fault)]?.first ?? (by === undefined ? 'lived' : 'noticed');
    results[keyOf(fault)] = {
      first,
      date: new Date().toISOString().slice(0, 10),
      commit,
      ...(by === undefined ? {} : { by }),
    };
    writeFileSync(RESULTS, `${JSON.stringify(results, undefined, 2)}\n`);
    console.log(
      `${number} ${by === undefined ? 'LIVED  ' : 'noticed'} ${keyOf(fault)}${by === undefined ? '' : `\n     ${by}`}`,
    );
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}

const withResults = (some: readonly Fault[]) => some.map((fault) => ({ fault, result: results[keyOf(fault)] }));
const table = tableOf({
  First: withResults(firstDraw),
  Second: withResults(secondDraw),
  Third: withResults(thirdDraw),
  Fourth: withResults(fourthDraw),
  Fifth: withResults(fifthDraw),
  Sixth: withResults(sixthDraw),
});
console.log(`\n${table}`);
if (options.write) {
  const [intro] = readFileSync(DOCUMENT, 'utf8').split(MARK);
  writeFileSync(DOCUMENT, `${intro}${MARK}\n\n${table}\n`);
}
