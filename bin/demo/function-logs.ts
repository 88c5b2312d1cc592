import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join, resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import type { FunctionLog } from '../../lib/local/engine.ts';

export interface LogFiles {
  readonly write: (log: FunctionLog) => void;
  /** Ends with the last line on the disk. */
  readonly close: () => Promise<void>;
}

export interface LogFilesOptions {
  /** Whether lines go behind what is there. @default false */
  readonly append?: boolean;
  /** Is told once a file that cannot be written, such as on a full disk. @default a line on stderr */
  readonly onLost?: (path: string, error: Error) => void;
}

/** Keeps what the functions write: one file per function, begun anew unless it is to be appended to. A file that cannot be written stops nothing else. */
export function logFiles(folder: string, { append = false, onLost = tellLost }: LogFilesOptions = {}): LogFiles {
  // As it is now: whoever runs this may change its folder.
  const place = resolve(folder);
  mkdirSync(place, { recursive: true });
  const files = new Map<string, { readonly stream: WriteStream; readonly closed: Promise<void> }>();
  const open = (name: string) => {
    const path = join(place, `${name}.log`);
    const stream = createWriteStream(path, { flags: append ? 'a' : 'w' });
    return { stream, closed: finished(stream).catch((error: Error) => onLost(path, error)) };
  };
  return {
    write({ function: name, line }) {
      const file = files.get(name) ?? open(name);
      files.set(name, file);
      if (file.stream.writable) file.stream.write(`${line}\n`);
    },
    async close() {
      for (const { stream } of files.values()) stream.end();
      await Promise.all(Array.from(files.values(), ({ closed }) => closed));
    },
  };
}

const tellLost = (path: string, { message }: Error): void => {
  process.stderr.write(`the lines of ${path} are lost from now on: ${message}\n`);
};
