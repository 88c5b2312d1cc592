import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A shell that stays open: what one block of commands sets, the next ones use. */
export interface Shell {
  /**
   * Runs commands.
   * @returns what they printed
   * @throws ShellFailed when one of them fails (also within a pipe), or the block does not end in time
   */
  run(commands: string): Promise<string>;
  close(): Promise<void>;
}

export class ShellFailed extends Error {
  override readonly name = 'ShellFailed';
  constructor(why: string, commands: string, output: string) {
    super(`${why}:\n${commands}\nIt printed:\n${output}`);
  }
}

const BLOCK_TIMEOUT_MS = 60_000;

/** Opens a bash in a folder. */
export function openShell(folder: string, env: Readonly<Record<string, string | undefined>>): Shell {
  // A group of its own, so that a command that hangs ends with its shell.
  const bash = spawn('bash', ['--norc', '--noprofile'], { cwd: folder, env, detached: true });
  let printed = '';
  let heard = (): void => {};
  for (const stream of [bash.stdout, bash.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      heard();
    });
  }
  const ended = once(bash, 'close').then(() => heard());
  let count = 0;
  // -e does not look into functions that stand in a condition, which is what people's shells do as well.
  bash.stdin.write('set -o pipefail\n');
  return {
    async run(commands) {
      count += 1;
      const mark = `-- end of block ${count}: `;
      printed = '';
      // Commands that read would read the ones behind them.
      bash.stdin.write(`set -e\n{\n${commands}\n} < /dev/null\nset +e\nprintf '%s%s\\n' '${mark}' "$?"\n`);
      const deadline = performance.now() + BLOCK_TIMEOUT_MS;
      while (!printed.includes(mark)) {
        const left = deadline - performance.now();
        if (left <= 0) throw new ShellFailed(`not done within ${BLOCK_TIMEOUT_MS / 1_000} s`, commands, printed);
        if (bash.exitCode !== null) throw new ShellFailed(`exit code ${bash.exitCode}`, commands, printed);
        await news(left);
      }
      return printed.slice(0, printed.indexOf(mark)).trim();
    },
    async close() {
      endGroup(bash);
      await ended;
    },
  };

  /** Waits until something is printed, the shell ends, or the time is up. */
  function news(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      heard = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function endGroup({ pid, exitCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null) process.kill(-pid, 'SIGKILL');
}
