import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import type { FunctionLog } from '../lib/local/engine.ts';

/** Keeps what the functions write: one file per function. */
export function logFiles(folder: string): { readonly write: (log: FunctionLog) => void; readonly close: () => void } {
  mkdirSync(folder, { recursive: true });
  const files = new Map<string, WriteStream>();
  return {
    write({ function: name, line }) {
      const file = files.get(name) ?? createWriteStream(join(folder, `${name}.log`), { flags: 'w' });
      files.set(name, file);
      file.write(`${line}\n`);
    },
    close() {
      for (const file of files.values()) file.end();
    },
  };
}
