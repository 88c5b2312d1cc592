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

const SLUICE = join(import.meta.dirname, '../../bin/sluice.ts');

/** `sluice plan` of an assembly against what is deployed. */
async function plan(assembly: string, ...more: string[]) {
  const env = { ...process.env, AWS_ENDPOINT_URL: app.engine.url };
  const args = [SLUICE, 'plan', '--assembly', assembly, '--json', ...more];
  const { stdout, code } = await run(process.execPath, args, { env }).then(
    (said) => ({ ...said, code: 0 }),
    (failed: { stdout: string; code: number }) => failed,
  );
  const { ok, findings, accepted, newStacks } = JSON.parse(stdout);
  return { code, ok, newStacks, findings, accepted };
}

it('sluice plan sees nothing where nothing has changed, and what would be lost or refused', async () => {
  expect(await plan(app.assembly)).toEqual({ code: 0, ok: true, newStacks: [], findings: [], accepted: [] });

  const changed = join(folder, 'planned');
  cpSync(app.assembly, changed, { recursive: true });
  const file = join(changed, 'sluice-test-orders.template.json');
  const template = JSON.parse(readFileSync(file, 'utf8'));
  const resources = template.Resources as Record<string, { Type: string; Properties: Record<string, unknown> }>;
  const idOf = (type: string, id: RegExp) =>
    Object.entries(resources).find(([logicalId, { Type }]) => Type === type && id.test(logicalId))?.[0] ?? '';
  const [table, stream] = [
    idOf('AWS::DynamoDB::Table', /^orders[0-9A-F]{8}$/),
    idOf('AWS::Kinesis::Stream', /^orderlog/i),
  ];
  if (!(table in resources && stream in resources)) throw new Error('the orders have neither this table nor this log');
  delete resources[table];
  Object.assign(resources[stream]?.Properties ?? {}, { ShardCount: 5 });
  writeFileSync(file, JSON.stringify(template));
  const said = await plan(changed);
  expect(said.code).toBe(1);
  expect(said.findings.map(({ check, path }: Record<string, string>) => `${check}:${path}`)).toEqual([
    'shards-in-steps:sluice-test-orders/order-log/Stream',
    'data-goes:sluice-test-orders/orders',
  ]);
  const meant = await plan(changed, '--accept', 'data-goes:sluice-test-orders/orders', '--accept', 'shards-in-steps');
  expect(meant).toMatchObject({ code: 0, ok: true, findings: [] });
  expect(meant.accepted).toHaveLength(2);
}, 120_000);
