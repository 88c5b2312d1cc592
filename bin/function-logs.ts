import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import type { FunctionLog } from '../lib/local/engine.ts';

export interface LogFiles {
  readonly write: (log: FunctionLog) => void;
  readonly close: () => void;
}

/** Keeps what the functions write: one file per function, begun anew unless it is to be appended to. */
export function logFiles(folder: string, { append = false } = {}): LogFiles {
  mkdirSync(folder, { recursive: true });
  const files = new Map<string, WriteStream>();
  return {
    write({ function: name, line }) {
      const file = files.get(name) ?? createWriteStream(join(folder, `${name}.log`), { flags: append ? 'a' : 'w' });
      files.set(name, file);
      file.write(`${line}\n`);
    },
    close() {
      for (const file of files.values()) file.end();
    },
  };
}
