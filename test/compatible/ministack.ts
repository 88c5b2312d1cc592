import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PythonTool, programsOf } from '../python/environment.ts';

/** https://pypi.org/project/ministack/ */
export const MINISTACK: PythonTool = { name: 'ministack', version: '1.5.33' };

const READY_WITHIN_MS = 60_000;
const POLL_MS = 200;
const STOP_WITHIN_MS = 5_000;
const STDERR_TAIL_CHARS = 4_000;

export interface Ministack {
  readonly url: string;
  readonly pid: number;
  /** Ends it and the functions it runs, and deletes what it wrote. */
  close(): Promise<void>;
}

/**
 * Starts MiniStack on a free port of 127.0.0.1 and waits until it answers.
 * @throws Error with what it complained about when it ends or does not answer within a minute
 */
export async function startMinistack(): Promise<Ministack> {
  const programs = await programsOf(MINISTACK);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const scratch = mkdtempSync(join(tmpdir(), 'sluice-ministack-'));
  const server = spawn(join(programs, 'python'), ['-m', 'ministack'], {
    env: {
      // It runs functions with the first `node` of the path: the one that runs this.
      PATH: `${join(process.execPath, '..')}:${process.env.PATH}`,
      TMPDIR: scratch,
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      // In the URLs of queues.
      MINISTACK_HOST: '127.0.0.1',
      LOG_LEVEL: 'WARNING',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
    // Its functions are processes of its group, which Ctrl-C in a shell does not reach: `close` ends them together.
    detached: true,
  });
  let complaints = '';
  server.stderr.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk).slice(-STDERR_TAIL_CHARS);
  });
  const { pid } = server;
  if (pid === undefined) {
    const [error] = await once(server, 'error');
    throw error;
  }
  const ended = once(server, 'close');
  const close = async (): Promise<void> => {
    await endGroup(pid, ended);
    rmSync(scratch, { recursive: true, force: true });
  };
  try {
    await answering(url, () => server.exitCode !== null || server.signalCode !== null);
  } catch (error) {
    await close();
    throw new Error(`${error instanceof Error ? error.message : error}\n${complaints.trim()}`, { cause: error });
  }
  return { url, pid, close };
}

/** Politely, then not. */
async function endGroup(pid: number, ended: Promise<unknown>): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!signalGroup(pid, signal)) return;
    const over = new AbortController();
    await Promise.race([ended, sleep(STOP_WITHIN_MS, undefined, { signal: over.signal }).catch(() => undefined)]);
    over.abort();
  }
}

/** @returns false when the group has ended */
function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

async function answering(url: string, hasEnded: () => boolean): Promise<void> {
  const until = performance.now() + READY_WITHIN_MS;
  while (performance.now() < until) {
    if (hasEnded()) throw new Error(`MiniStack ended before it answered at ${url}`);
    // Until it listens, the connection is refused.
    const answer = await fetch(`${url}/_ministack/health`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(POLL_MS);
  }
  throw new Error(`MiniStack did not answer at ${url} within ${READY_WITHIN_MS / 1_000} s`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
