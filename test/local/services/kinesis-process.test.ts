import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { createKinesis } from '../../../lib/local/kinesis.ts';
import { startServices } from '../../../lib/local/services.ts';
import { until } from './harness.ts';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

it('ends with close()', async () => {
  const kinesis = createKinesis({ region: 'us-east-1' });
  expect(kinesis.pid).toBeUndefined();
  kinesis.start();
  const pid = Number(kinesis.pid);
  expect(isAlive(pid)).toBe(true);
  await kinesis.close();
  expect(isAlive(pid)).toBe(false);
});

it('ends with the process that started it, even when that one is killed', async () => {
  const module = new URL('../../../lib/local/kinesis.ts', import.meta.url).href;
  // It is up, not just started, when it has answered.
  const script = `
    import { createKinesis } from ${JSON.stringify(module)};
    const kinesis = createKinesis({ region: 'us-east-1' });
    await kinesis.handle({ method: 'GET', url: '/healthcheck', headers: {}, body: Buffer.alloc(0) });
    console.log(kinesis.pid);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(String(line).trim());
  expect(isAlive(pid)).toBe(true);
  parent.kill('SIGKILL');
  await until('kinesis-local to end', () => (isAlive(pid) ? undefined : true));
});

it('leaves nothing behind that keeps the engine process running', async () => {
  const module = new URL('../../../lib/local/services.ts', import.meta.url).href;
  const script = `import { startServices } from ${JSON.stringify(module)}; const s = await startServices(); await fetch(s.url); await s.close(); console.log('closed');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  expect(String(line).trim()).toBe('closed');
  const [code] = (await once(child, 'exit')) as [number];
  expect(code).toBe(0);
});

it('frees the port on close', async () => {
  const first = await startServices();
  await first.close();
  const second = await startServices({ port: first.port });
  expect(second.port).toBe(first.port);
  await second.close();
});
