import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OrdersOnEngine, startOrders } from './orders-app.ts';

let app: OrdersOnEngine;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-diff-'));
  app = await startOrders();
}, 60_000);
afterAll(async () => {
  await app?.close();
  rmSync(folder, { recursive: true, force: true });
});

const run = promisify(execFile);
const CDK = join(import.meta.dirname, '../../node_modules/aws-cdk/bin/cdk');

/** What the CDK's command line says of an assembly against what is deployed. */
async function diff(assembly: string): Promise<string> {
  const options = ['--app', assembly, '--no-change-set', '--no-color', '--no-notices', '--ci'];
  const { stdout, stderr } = await run(process.execPath, [CDK, 'diff', '--all', ...options], {
    env: { ...process.env, AWS_ENDPOINT_URL: app.engine.url },
  });
  return stdout + stderr;
}

it('cdk diff sees nothing where nothing has changed, and only what has', async () => {
  expect(await diff(app.assembly)).toContain('There were no differences');

  const changed = join(folder, 'changed');
  cpSync(app.assembly, changed, { recursive: true });
  const file = join(changed, 'sluice-test-orders.template.json');
  const template = readFileSync(file, 'utf8');
  expect(template).toContain('"RetentionPeriodHours": 168');
  writeFileSync(file, template.replace('"RetentionPeriodHours": 168', '"RetentionPeriodHours": 336'));
  const said = await diff(changed);
  expect(said.match(/\[[~+-]\] AWS::\S+/g)).toEqual(['[~] AWS::Kinesis::Stream']);
  expect(said).toContain('336');
}, 120_000);
