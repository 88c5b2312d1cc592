import { createInterface } from 'node:readline/promises';

/**
 * Asks before something is changed. Only a person can answer: without a terminal the answer is no.
 * @returns whether the answer was yes
 */
export async function confirm(question: string): Promise<boolean> {
  if (process.stdin.isTTY !== true) return false;
  const line = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await line.question(`${question} [y/N] `)).trim());
  } finally {
    line.close();
  }
}
