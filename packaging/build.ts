import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { importedPackages } from './imports.ts';
import { manifest, nodeBinaries, type PackageManifest, type RootManifest } from './manifests.ts';

/**
 * Builds what other projects install: JavaScript and declarations, because Node runs no TypeScript below node_modules. `sluice` is the library,
 * `sluice-cli` the tools with the engine.
 */
const ROOT = join(import.meta.dirname, '..');
const BUILD = join(ROOT, '.build');

/** The doors of the library. What is behind none of them is ours to change. */
export const ENTRIES = ['contracts', 'runtime', 'testing', 'constructs', 'lint'] as const;

/** The doors of the tools, and the files behind them in lib/. */
export const TOOL_ENTRIES = { '.': 'operations/systems/index', './inspect': 'operations/systems/inspect' } as const;

/** Pages that both packages carry, below docs/: they lead to each other. */
const PAGES = [
  ...[
    'api.md',
    'benchmarks.md',
    'conformance.md',
    'cost.md',
    'engine.md',
    'first-consumer.md',
    'library.md',
    'lint.md',
    'testing-handlers.md',
  ],
  ...[
    'engine-account.md',
    'faults.md',
    'plan.md',
    'stages.md',
    'alarms.md',
    'dashboards.md',
    'patterns',
    'runbooks',
    'systems',
  ],
];

const root = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as RootManifest;

function compile(config: string, output: string): void {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', join(ROOT, 'packaging', config), '--outDir', output], {
    stdio: 'inherit',
  });
}

/** Writes what lies beside the code: manifest, licence, changes, pages. */
function complete(output: string, own: PackageManifest): void {
  const built = manifest(root, importedPackages(output), own);
  writeFileSync(join(output, 'package.json'), `${JSON.stringify(built, null, 2)}\n`);
  for (const file of ['LICENSE', 'CHANGELOG.md']) cpSync(join(ROOT, file), join(output, file));
  // What follows is about the samples, which stay here.
  writeFileSync(join(output, 'NOTICE'), `${readFileSync(join(ROOT, 'NOTICE'), 'utf8').split('\n\n')[0]}\n`);
  cpSync(join(ROOT, 'packaging', `README.${own.name}.md`), join(output, 'README.md'));
  for (const page of PAGES) cpSync(join(ROOT, 'docs', page), join(output, 'docs', page), { recursive: true });
}

const door = (file: string): object => ({ types: `./${file}.d.ts`, default: `./${file}.js` });

/** Builds the library. @returns its folder */
export function buildLibrary(build = BUILD): string {
  const output = join(build, 'package');
  rmSync(output, { recursive: true, force: true });
  compile('tsconfig.json', output);
  complete(output, {
    name: 'sluice',
    description: 'Serverless messaging on AWS with the CDK: queues, logs, fan-out, outboxes and idempotent consumers.',
    // What every bundle begins with, imported by nobody.
    sideEffects: ['./runtime/invocation/source-frames.js'],
    exports: Object.fromEntries(ENTRIES.map((entry) => [`./${entry}`, door(`${entry}/index`)])),
  });
  return output;
}

/** Builds the tools. @returns their folder */
export function buildTools(build = BUILD): string {
  const output = join(build, 'package-cli');
  rmSync(output, { recursive: true, force: true });
  compile('tsconfig.cli.json', output);
  compile('tsconfig.cli-types.json', output);
  complete(output, {
    name: 'sluice-cli',
    description:
      'Tools for apps that are built with sluice: runs them on a laptop without an account, lints, prices and operates them.',
    bin: { sluice: 'bin/launch.js' },
    exports: Object.fromEntries(Object.entries(TOOL_ENTRIES).map(([name, file]) => [name, door(`lib/${file}`)])),
    optionalDependencies: nodeBinaries(root.dependencies.node ?? ''),
    // What an app declares is read by these tools: both are of one version.
    optionalPeers: { sluice: root.version },
  });
  return output;
}

if (import.meta.main) {
  for (const folder of [buildLibrary(), buildTools()])
    execFileSync('npm', ['pack', folder, '--pack-destination', BUILD], { stdio: 'inherit' });
}
