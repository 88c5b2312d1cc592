import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const PATH = process.env.PATH ?? '';

/** A process that is asked over its channel. */
export interface Child<Ask, Tell> {
  /** @throws Error when the process ends instead of answering */
  ask(question: Ask): Promise<Tell>;
  close(): Promise<void>;
}

/**
 * Starts a script, named from this folder, and waits for its first message. What the functions log goes nowhere, what they complain about
 * is shown when asked for.
 */
export async function startChild<Ask, Tell, Hello>(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly hello: Hello; readonly child: Child<Ask, Tell> }> {
  const child = fork(join(import.meta.dirname, script), args, {
    env: { PATH, ...env },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaints = '';
  child.stderr?.on('data', (text: Buffer) => {
    complaints = (complaints + text).slice(-4_000);
  });
  const next = async (): Promise<unknown> => {
    const over = new AbortController();
    const ended = once(child, 'exit', { signal: over.signal }).then(([code]) => {
      throw new Error(`${script} ended with ${code}: ${complaints}`);
    });
    const [message] = await Promise.race([once(child, 'message', { signal: over.signal }), ended]);
    over.abort();
    return message;
  };
  const hello = (await next()) as Hello;
  return {
    hello,
    child: {
      ask(question) {
        const answer = next() as Promise<Tell>;
        child.send(question as object);
        return answer;
      },
      close: () => closed(child),
    },
  };
}

async function closed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.disconnect();
  await ended;
}

/** Runs a script to its end. @returns what it wrote @throws Error with what it complained about when it fails */
export async function outputOf(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), ...args], { env: { PATH, ...env } });
  let output = '';
  let complaints = '';
  child.stdout.on('data', (text: Buffer) => {
    output += text;
  });
  child.stderr.on('data', (text: Buffer) => {
    complaints += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${complaints}`);
  return output;
}
