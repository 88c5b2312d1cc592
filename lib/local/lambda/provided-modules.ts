import { createRequire, registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What Lambda's Node.js runtimes bring: https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html */
const PROVIDED = /^(@(?:aws-sdk|smithy)\/[^/]+)/;
const NOT_FOUND = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);

/** Whether an error says that a module is not there. */
export const isNotFound = (error: unknown): error is Error =>
  error instanceof Error && NOT_FOUND.has(String((error as NodeJS.ErrnoException).code));

/**
 * Lets functions find the AWS SDK although they were bundled without it: beside their code, else where the engine was started (the app's
 * own packages), else among the engine's packages. What is nowhere fails with how to get it.
 */
export function provideModules(): void {
  const elsewhere = [join(process.cwd(), 'index.js'), import.meta.filename].map((file) => createRequire(file));
  /** What asks elsewhere comes by here again. */
  let asking = false;

  function findElsewhere(specifier: string): string | undefined {
    asking = true;
    try {
      for (const require of elsewhere) {
        try {
          return pathToFileURL(require.resolve(specifier)).href;
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      }
      return undefined;
    } finally {
      asking = false;
    }
  }

  registerHooks({
    resolve(specifier, context, nextResolve) {
      const name = PROVIDED.exec(specifier)?.[1];
      if (name === undefined || asking) return nextResolve(specifier, context);
      try {
        return nextResolve(specifier, context);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        const url = findElsewhere(specifier);
        if (url !== undefined) return { url, shortCircuit: true };
        error.message = `Cannot find package '${name}': Lambda brings it, here it has to be installed: npm install --save-dev ${name}`;
        throw error;
      }
    },
  });
}
