import { createReadStream } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { createInterface } from 'node:readline';

/** One line of the input: parsed, or what is wrong with it. */
export type InputLine =
  | { readonly line: number; readonly value: unknown }
  | { readonly line: number; readonly error: string };

/**
 * Reads JSON objects, one a line, from a file or (`-`) standard input, without holding them all in memory.
 * @throws Error naming the file when it cannot be read
 */
export async function* readLines(file: string): AsyncGenerator<InputLine> {
  if (file !== '-') {
    await access(file, constants.R_OK).catch((cause: NodeJS.ErrnoException) => {
      const problem = cause.code === 'ENOENT' ? 'does not exist' : `cannot be read (${cause.code})`;
      throw new Error(`--file ${file} ${problem}. Name a file with one JSON object a line, or - for standard input.`, {
        cause,
      });
    });
  }
  const input = file === '-' ? process.stdin : createReadStream(file, 'utf8');
  let line = 0;
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    if (text.trim() === '') continue;
    try {
      yield { line, value: JSON.parse(text) };
    } catch (error) {
      yield { line, error: `line ${line} is not JSON: ${(error as Error).message}` };
    }
  }
}
