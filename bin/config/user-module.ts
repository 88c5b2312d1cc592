import { pathToFileURL } from 'node:url';

/**
 * What Node says of TypeScript that it does not run as it stands: imports without an extension or with `.js` for a `.ts`, folders, enums and their like. A
 * SyntaxError without a code is a type that is imported as a value.
 */
const NOT_AS_IT_STANDS = new Set([
  'ERR_MODULE_NOT_FOUND',
  'MODULE_NOT_FOUND',
  'ERR_UNSUPPORTED_DIR_IMPORT',
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
  'ERR_INVALID_TYPESCRIPT_SYNTAX',
  'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING',
]);

/** Whether a file was not loaded because Node alone does not run it, rather than for what it does. */
export const needsCompiling = (error: unknown): boolean =>
  error instanceof SyntaxError || NOT_AS_IT_STANDS.has(String((error as NodeJS.ErrnoException | undefined)?.code));

/**
 * The same with tsx, which takes what bundlers and `ts-node` take. Where the file lies stays: `import.meta.dirname` is its folder. For the whole process:
 * in a CommonJS package nothing says of a later `import()` that it is the app's.
 */
export async function importCompiled(file: string): Promise<Readonly<Record<string, unknown>>> {
  const [modules, required] = await Promise.all([import('tsx/esm/api'), import('tsx/cjs/api')]);
  required.register();
  modules.register();
  // Of the same address Node remembers that it failed.
  return import(`${pathToFileURL(file).href}?compiled`);
}

/**
 * Loads a module of the user's app: as Node runs it, and when Node alone does not, with tsx.
 * @throws what the module throws, or what is wrong with it
 */
export async function importOwn(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    if (!needsCompiling(error)) throw error;
    return importCompiled(file);
  }
}

/** What a module exports by default; of CommonJS, which a package without `"type": "module"` is, it is one level deeper. */
export function defaultOf(module: Readonly<Record<string, unknown>>): unknown {
  const { default: value } = module;
  const inner = value as { readonly __esModule?: unknown; readonly default?: unknown } | undefined;
  return inner?.__esModule === true || (module.__esModule === undefined && isCommonJs(inner)) ? inner?.default : value;
}

const isCommonJs = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).join() === 'default';
