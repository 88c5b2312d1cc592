import type { Engine } from '../../lib/local/engine.ts';
import { type CdkApp, synthesise } from './cdk-app.ts';
import { watchFiles } from './watch-files.ts';

export interface Redeployment {
  /** Ends the watching; resolves when nothing is under way. */
  close(): Promise<void>;
}

/** How it talks: what is done goes to the results, what goes on and what went wrong to the notes. */
export interface Telling {
  readonly note: (text: string) => void;
  readonly result: (text: string) => void;
}

/**
 * Deploys an app to a running engine whenever its files change. What fails is told, and leaves the app as it was; what changes
 * meanwhile is deployed after it.
 */
export function redeployOnChange(app: CdkApp, engine: Engine, { note, result }: Telling): Redeployment {
  let isDirty = false;
  let working: Promise<void> | undefined;
  let isClosed = false;

  async function work(): Promise<void> {
    while (isDirty && !isClosed) {
      isDirty = false;
      const began = performance.now();
      try {
        await synthesise(app);
        const changes = await engine.deploy(app.output);
        const seconds = ((performance.now() - began) / 1_000).toFixed(1);
        result(changes.length === 0 ? 'unchanged' : `deployed ${changes.length} in ${seconds} s`);
      } catch (error) {
        note(error instanceof Error ? error.message : String(error));
        result('not deployed: the app runs on as it was');
      }
    }
    working = undefined;
  }

  const watcher = watchFiles(app, (files) => {
    note(`Changed: ${files.slice(0, 3).join(', ')}${files.length > 3 ? ` and ${files.length - 3} more` : ''}`);
    isDirty = true;
    working ??= work();
  });
  return {
    async close() {
      isClosed = true;
      watcher.close();
      await working;
    },
  };
}
