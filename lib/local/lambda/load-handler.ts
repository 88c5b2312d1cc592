import { existsSync, readFileSync } from 'node:fs';
import Module, { registerHooks } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isNotFound, provideModules } from './provided-modules.ts';

/**
 * Finds the function that a Handler property names, as Lambda's Node.js runtime does: `.js`, `.mjs`, `.cjs`, in that order.
 * @param taskRoot absolute directory of the function's code
 * @param handler `path/file.export` or `path/file.outer.inner`
 * @throws errors named like Lambda's: Runtime.MalformedHandlerName, Runtime.ImportModuleError, Runtime.HandlerNotFound
 * @see https://github.com/aws/aws-lambda-nodejs-runtime-interface-client/blob/main/src/UserFunction.js
 */
export async function loadHandler(taskRoot: string, handler: string): Promise<unknown> {
  const [, folder = '', module, path] = /^(.*?)([^/.]+)\.(.+)$/.exec(handler) ?? [];
  if (module === undefined || path === undefined || handler.includes('..'))
    throw named('Runtime.MalformedHandlerName', `Bad handler "${handler}"`);
  const base = join(taskRoot, folder, module);
  const file = ['', '.js', '.mjs', '.cjs']
    .map((extension) => base + extension)
    .find((name) => name !== base && existsSync(name));
  if (!file) {
    throw named(
      'Runtime.ImportModuleError',
      `Error: Cannot find module '${module}' (handler "${handler}": no ${module}.js, .mjs or .cjs in ${join(taskRoot, folder)})`,
    );
  }
  treatAsOwnPackage(taskRoot);
  provideModules();
  let value: unknown = await load(file);
  const names = path.split('.');
  for (const [index, name] of names.entries()) {
    const owner: unknown = value;
    value = memberOf(owner, name);
    if (value === undefined && index === 0) value = memberOf(memberOf(owner, 'default'), name);
  }
  if (typeof value !== 'function') throw named('Runtime.HandlerNotFound', `${handler} is undefined or not exported`);
  return value;
}

async function load(file: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw named('Runtime.ImportModuleError', `Error: ${error.message}`);
  }
}

/**
 * In Lambda nothing lies above the code, here a project's package.json may, with a "type" that changes what `.js` means.
 * Files without a package.json of their own are therefore taken for CommonJS unless they are written as a module.
 */
function treatAsOwnPackage(taskRoot: string): void {
  const isOurs = (file: string): boolean =>
    file.endsWith('.js') && file.startsWith(taskRoot + sep) && !hasOwnPackage(dirname(file), taskRoot);
  registerHooks({
    load(url, context, nextLoad) {
      if (!url.startsWith('file:')) return nextLoad(url, context);
      const file = fileURLToPath(url);
      if (!isOurs(file)) return nextLoad(url, context);
      const format = isModule(readFileSync(file, 'utf8')) ? 'module' : 'commonjs';
      return nextLoad(url, { ...context, format });
    },
  });
  // CommonJS is loaded by another loader, which looks for a package.json whatever the hook said.
  const extensions = (Module as unknown as { readonly _extensions: Record<'.js', Loader> })._extensions;
  const load = extensions['.js'];
  extensions['.js'] = (module, file) => {
    const source = isOurs(file) ? readFileSync(file, 'utf8') : undefined;
    if (source === undefined || isModule(source)) load(module, file);
    else module._compile(source, file, 'commonjs');
  };
}

type Loader = (module: { _compile(source: string, file: string, format: string): unknown }, file: string) => void;

const isModule = (source: string): boolean => /^\s*(import\s|import\{|export\s|export\{)/m.test(source);

function hasOwnPackage(directory: string, taskRoot: string): boolean {
  for (let folder = directory; folder.startsWith(taskRoot); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return true;
  }
  return false;
}

function memberOf(owner: unknown, name: string): unknown {
  const holdsMembers = (typeof owner === 'object' && owner !== null) || typeof owner === 'function';
  return holdsMembers ? (owner as Record<string, unknown>)[name] : undefined;
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}
