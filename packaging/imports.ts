import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';

/** As the compiler writes them: a statement that begins its line, or a call with the name alone, anywhere. */
const IMPORT =
  /(?:^(?:import|export|\}).* from |^import |\b(?:import|require|findPackageJSON)\()['"](?<name>[^'"\n]+)['"]/gm;

/** The package of an import: `@scope/name/deep` is of `@scope/name`. */
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** The packages that built files import, declarations included: the types of `aws-lambda` are in `@types/aws-lambda`. */
export function importedPackages(folder: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(js|d\.ts)$/.test(file));
  const packages = files.flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(IMPORT)]
      .map(({ groups }) => groups?.name ?? '')
      .filter((name) => !name.startsWith('.') && !isBuiltin(name))
      .map((name) => (name === 'aws-lambda' ? '@types/aws-lambda' : packageOf(name))),
  );
  return [...new Set(packages)].sort();
}
