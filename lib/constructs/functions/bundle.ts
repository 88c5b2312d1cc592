import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { buildSync } from 'esbuild';

/** Where the functions are and where their bundles go. */
export interface BundleOptions {
  /** Folder with one folder per system; each `.ts` file directly in a system's folder is a function. */
  readonly source: string;
  /** Where the bundles go: `<output>/<system>/<function>/index.mjs`. */
  readonly output: string;
}

/** Some packages still call `require`; an ES module has none of its own. */
const REQUIRE_BANNER =
  "import{createRequire as createRequireOfBundle}from'node:module';globalThis.require??=createRequireOfBundle(import.meta.url);";

/** The file that makes a bundle's stack traces name the source; as text, because nothing here imports what runs in a function. */
const SOURCE_FRAMES = join(
  import.meta.dirname,
  `../../runtime/invocation/source-frames${extname(import.meta.filename)}`,
);

/**
 * A bundle's map with the sources as seen from the project's folder, and packages by their name: where the bundle lies, on which machine, must not
 * change what is deployed.
 */
function withNamedSources(map: string, text: string): string {
  const content = JSON.parse(text) as { sources: string[] };
  const named = content.sources.map((source) => {
    const path = relative(process.cwd(), resolve(dirname(map), source)).replaceAll('\\', '/');
    const inPackage = path.lastIndexOf('node_modules/');
    return inPackage < 0 ? path : path.slice(inPackage);
  });
  return JSON.stringify({ ...content, sources: named });
}

/**
 * Writes files whole, and only what has changed: two syntheses of one checkout (`sluice local --watch` beside `cdk deploy`) write the same folder, and
 * each takes its assets from there while the other may be writing.
 */
function writeWhole(files: readonly { readonly path: string; readonly text: string }[], output: string): void {
  const changed = files.filter(({ path, text }) => !existsSync(path) || readFileSync(path, 'utf8') !== text);
  if (changed.length === 0) return;
  mkdirSync(output, { recursive: true });
  const begun = mkdtempSync(join(output, '.begun-'));
  try {
    for (const { path, text } of changed) {
      const whole = join(begun, 'file');
      writeFileSync(whole, text);
      mkdirSync(dirname(path), { recursive: true });
      renameSync(whole, path);
    }
  } finally {
    rmSync(begun, { recursive: true });
  }
}

/**
 * Bundles all functions in one esbuild pass. The SDK is bundled too: the functions then run the version that was tested, and
 * run anywhere. Beside each lies its source map, so that stack traces name the source. @returns for an entry `system/function`, the folder of its bundle
 */
export function bundleFunctions({ source, output }: BundleOptions): (entry: string) => string {
  const entries = readdirSync(source, { withFileTypes: true })
    .filter((folder) => folder.isDirectory())
    .flatMap(({ name: system }) =>
      readdirSync(join(source, system), { withFileTypes: true })
        .filter((file) => file.isFile() && file.name.endsWith('.ts'))
        .map((file) => `${system}/${file.name.slice(0, -'.ts'.length)}`),
    );
  const { outputFiles } = buildSync({
    entryPoints: entries.map((entry) => ({ in: join(source, `${entry}.ts`), out: `${entry}/index` })),
    outdir: output,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    // Identifiers stay: functions are named in stack traces without a call for each that is made (keepNames).
    minifyWhitespace: true,
    minifySyntax: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'],
    banner: { js: REQUIRE_BANNER },
    inject: [SOURCE_FRAMES],
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'warning',
    write: false,
  });
  const files = outputFiles.map(({ path, text }) => ({
    path,
    text: path.endsWith('.map') ? withNamedSources(path, text) : text,
  }));
  writeWhole(files, output);
  return (entry) => {
    if (!entries.includes(entry)) {
      throw new Error(
        `there is no function '${entry}': ${join(relative(process.cwd(), source), `${entry}.ts`)} does not exist (known: ${entries.join(', ')})`,
      );
    }
    return join(output, entry);
  };
}
