import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';

/**
 * Builds the library for other projects in `.build/package`: JavaScript and declarations of what `packaging/tsconfig.json` lists, because
 * Node runs no TypeScript below node_modules. `npm pack` of that folder is what they install.
 */
const ROOT = join(import.meta.dirname, '..');
const OUTPUT = join(ROOT, '.build', 'package');

/** The doors of the library. What is behind none of them is ours to change. */
export const ENTRIES = ['contracts', 'runtime', 'testing', 'constructs', 'lint'] as const;

/** The user's app has these, once: two copies of the CDK do not know each other's constructs. */
const PEERS = ['aws-cdk-lib', 'constructs'];

interface Manifest {
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** As the compiler writes them: a statement that begins its line, or `import('x')` anywhere. */
const IMPORT = /(?:^(?:import|export|\}).* from |\bimport\()['"](?<name>[^'"\n]+)['"]/gm;

/** The package of an import: `@scope/name/deep` is of `@scope/name`. */
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** The packages that the built files import, declarations included: the types of `aws-lambda` are in `@types/aws-lambda`. */
function importedPackages(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(js|d\.ts)$/.test(file));
  const packages = files.flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(IMPORT)]
      .map(({ groups }) => groups?.name ?? '')
      .filter((name) => !name.startsWith('.') && !isBuiltin(name))
      .map((name) => (name === 'aws-lambda' ? '@types/aws-lambda' : packageOf(name))),
  );
  return [...new Set(packages)].sort();
}

function libraryManifest(root: Manifest, imported: readonly string[]): object {
  const versionOf = (name: string): string => {
    const version = root.dependencies[name] ?? root.devDependencies[name];
    if (version === undefined) {
      throw new Error(
        `the library imports '${name}', which package.json does not list; run: npm i --save-exact ${name}`,
      );
    }
    return version;
  };
  const own = imported.filter((name) => !PEERS.includes(name));
  return {
    name: 'sluice',
    version: root.version,
    description: root.description,
    license: root.license,
    type: 'module',
    // What every bundle begins with, imported by nobody.
    sideEffects: ['./runtime/invocation/source-frames.js'],
    engines: { node: '>=20' },
    exports: Object.fromEntries(
      ENTRIES.map((entry) => [`./${entry}`, { types: `./${entry}/index.d.ts`, default: `./${entry}/index.js` }]),
    ),
    dependencies: Object.fromEntries(own.map((name) => [name, versionOf(name)])),
    peerDependencies: Object.fromEntries(PEERS.map((name) => [name, `^${versionOf(name)}`])),
  };
}

/** Builds the package. @returns its folder */
export function buildPackage(): string {
  rmSync(OUTPUT, { recursive: true, force: true });
  execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', join(ROOT, 'packaging')], {
    stdio: 'inherit',
  });
  const root = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
  const manifest = libraryManifest(root, importedPackages(OUTPUT));
  writeFileSync(join(OUTPUT, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const file of ['LICENSE', 'NOTICE']) cpSync(join(ROOT, file), join(OUTPUT, file));
  cpSync(join(ROOT, 'docs', 'library.md'), join(OUTPUT, 'README.md'));
  return OUTPUT;
}

if (import.meta.main) {
  const folder = buildPackage();
  execFileSync('npm', ['pack', folder, '--pack-destination', join(ROOT, '.build')], { stdio: 'inherit' });
}
