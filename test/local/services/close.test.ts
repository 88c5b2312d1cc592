import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startServices } from '../../../lib/local/services.ts';

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

it('leaves no file when it is killed, however much a log holds', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-killed-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const module = new URL('../../../lib/local/state/transactions.ts', import.meta.url).href;
  const log = new URL('../../../lib/local/kinesis/record-log.ts', import.meta.url).href;
  // Far more than the file's part that is kept in memory.
  const script = `
    import { temporaryFile } from ${JSON.stringify(module)};
    import { createRecordLog } from ${JSON.stringify(log)};
    const log = createRecordLog(temporaryFile());
    for (let n = 0; n < 40; n++) log.append(0, { partitionKey: 'k', data: Buffer.alloc(2 ** 20), encrypted: false }, n);
    console.log(process.memoryUsage.rss());
    setInterval(() => undefined, 1_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, SQLITE_TMPDIR: folder, TMPDIR: folder },
  });
  await once(child.stdout, 'data');
  expect(readdirSync(folder)).toEqual([]);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(readdirSync(folder)).toEqual([]);
});

it('frees the port on close', async () => {
  const first = await startServices();
  await first.close();
  const second = await startServices({ port: first.port });
  expect(second.port).toBe(first.port);
  await second.close();
});
