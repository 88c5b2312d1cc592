import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function sluice(...args: string[]): Promise<Ended> {
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    AWS_MAX_ATTEMPTS: '1',
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(ROOT, 'bin/sluice.ts'), ...args], { cwd: ROOT, env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe('what the package calls its programs', () => {
  const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { bin: Record<string, string> };
  it.each(Object.entries(bin))('%s runs by itself', async (_, file) => {
    // The Node that runs the tests is found first, as npx has it.
    const PATH = `${dirname(process.execPath)}:${process.env.PATH}`;
    const { stdout } = await promisify(execFile)(join(ROOT, file), ['--help'], { env: { ...process.env, PATH } });
    expect(stdout).toMatch(/^Usage: sluice /);
  });
});

describe('help', () => {
  it.each([
    [['demo']],
    [['local']],
    [['produce']],
    [['systems']],
    [['parked', 'list']],
    [['parked', 'show']],
    [['parked', 'resume']],
    [['parked', 'skip']],
    [['parked', 'edit']],
  ])('%s shows options and an example', async (command) => {
    const { code, stdout } = await sluice(...command, '--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(/Options:[\s\S]*Examples?:\n {2}\$ /);
  });
});

describe('errors name what is wrong and the exit code says so', () => {
  it.each([
    ['an unknown command', ['teleport'], 2, "unknown command 'teleport'"],
    ['an unknown system', ['produce', 'goods'], 2, "there is no system 'goods' here (there are: orders"],
    ['an unknown system of the demo', ['demo', 'goods'], 2, "there is no system 'goods' here (there are: orders"],
    ['an unknown option', ['produce', 'orders', '--fast'], 2, "unknown option '--fast'"],
    ['a rate that is no number', ['produce', 'orders', '--rate', 'fast'], 2, 'the rate must be a number above 0'],
    ['ids of no kind', ['produce', 'orders', '--ids', 'old'], 2, 'Allowed choices are new, same.'],
    [
      'a mode that is none',
      ['schema', 'check', '--mode', 'sideways'],
      2,
      'Allowed choices are backward, forward, full.',
    ],
    ['a count below one', ['produce', 'orders', '--count', '0'], 2, 'the count must be a whole number from 1'],
    [
      'a port out of range',
      ['local', '--assembly', 'cdk.out', '--port', '70000'],
      2,
      'the port must be a whole number from 0 to 65535',
    ],
    [
      'a rate of faults above one',
      ['local', '--assembly', 'x', '--faults', 'throttle=2'],
      2,
      "the rate of throttle is '2'; it must be a probability from 0 to 1",
    ],
    ['a kind of fault that is none', ['demo', '--faults', 'thunder=0.1'], 2, "there is no kind of fault 'thunder'"],
    ['an account that is neither a name nor a file', ['local', '--account', 'old'], 2, 'there is no such file'],
    [
      'an account that makes no sense',
      ['demo', '--account', 'package.json'],
      2,
      'there is no name; an account has ses,',
    ],
    ['a seed that is no number', ['demo', '--faults', '0.01', '--seed', 'x'], 2, 'the seed must be a whole number'],
    ['a seed without faults', ['local', '--assembly', 'x', '--seed', '7'], 1, 'say which with --faults'],
    ['no time at all', ['demo', '--minutes', '0'], 2, 'the time must be a number above 0'],
    ['a missing assembly', ['local', '--assembly', 'no-such-dir'], 1, 'no-such-dir'],
    [
      'a file that does not exist',
      ['produce', 'orders', '--file', 'no-such-file.ndjson'],
      1,
      '--file no-such-file.ndjson does not exist',
    ],
    [
      'nobody at the endpoint',
      ['produce', 'orders', '--count', '1'],
      1,
      "stack 'sluice-dev-orders' was not found at http://127.0.0.1:9",
    ],
    ['neither a subscription nor all', ['parked', 'list'], 2, 'name a subscription, or say --all (given neither)'],
    ['a key and all', ['parked', 'resume', 'charge-card', 'K', '--all'], 2, 'name a key, or say --all (given both)'],
    ['no new body', ['parked', 'edit', 'charge-card', 'K'], 2, 'name the new body with --file, or where to write'],
    [
      'a subscription that nobody declares',
      ['parked', 'show', 'no-such', 'K'],
      1,
      "no system here declares subscription 'no-such' (known: charge-card,",
    ],
    [
      'a stack that is not there',
      ['parked', 'list', 'charge-card', '--stage', 'prod'],
      1,
      "stack 'sluice-prod-orders' was not found at http://127.0.0.1:9",
    ],
  ])('%s', async (_name, args, code, text) => {
    const ended = await sluice(...args);
    expect(ended.stderr).toContain(text);
    expect(ended.code).toBe(code);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });

  it('a port in use', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    try {
      const { code, stderr } = await sluice('demo', '--once', '--port', String(port));
      expect(stderr).toContain(`port ${port}`);
      expect(stderr).toContain('--port');
      expect(code).toBe(1);
    } finally {
      server.close();
    }
  });
});
