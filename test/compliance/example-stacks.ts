import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import { historyStack } from '../integration/history/system.ts';
import { sendingStack } from '../integration/sending/system.ts';
import { ticketsStack } from '../integration/tickets/system.ts';

/** Stacks of the integration tests, which between them use every construct. */
const STACKS = { tickets: ticketsStack, sending: sendingStack, history: historyStack } as const;

export const EXAMPLE_STACKS = Object.keys(STACKS) as (keyof typeof STACKS)[];

/** Tables that the tests make for themselves, and what they let functions do with them. */
export const OF_TESTS = /(^|\/)(work|shelf)/;

/** Looks at one of them, with a stub in place of each function's bundle. */
export function exampleStack<T>(name: keyof typeof STACKS, look: (stack: Stack) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-example-'));
  try {
    const code = join(folder, 'code');
    mkdirSync(code);
    writeFileSync(join(code, 'index.mjs'), 'export const handler = async () => undefined;\n');
    return look(STACKS[name](new App({ outdir: join(folder, 'cdk.out') }), () => code));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
