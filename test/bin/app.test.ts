import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFindings } from '../../bin/apps/lint-report.ts';
import { PACK_NAME } from '../../lib/lint/messaging-checks.ts';
import { SYSTEMS } from '../../lib/systems/systems.ts';

/** The app as `cdk synth` runs it: which stacks it has in a stage, and what of the context reaches them. */
const ROOT = join(import.meta.dirname, '../..');
let folder: string;
interface TemplateJson {
  readonly Description?: string;
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Record<string, unknown> }>
  >;
}
const json = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const template = (name: string) => json(`sluice-test-kept-${name}.template.json`) as TemplateJson;
const all = (name: string, type: string) => Object.values(template(name).Resources).filter(({ Type }) => Type === type);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-app-'));
  const context = { stage: 'test-kept' };
  execFileSync(process.execPath, ['bin/app.ts'], {
    cwd: ROOT,
    env: { ...process.env, CDK_OUTDIR: folder, CDK_CONTEXT_JSON: JSON.stringify(context) },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the app', () => {
  it('has a stack for each system and one over all, of the stage', () => {
    const stacks = readdirSync(folder).filter((name) => name.endsWith('.template.json'));
    const expected = [...SYSTEMS.map(({ name }) => name), 'overview'];
    expect(stacks.sort()).toEqual(expected.toSorted().map((name) => `sluice-test-kept-${name}.template.json`));
    for (const { name } of SYSTEMS) expect(template(name).Description).toBe(`Sluice: ${name}`);
    expect(template('overview').Description).toBe('Sluice: all systems on one dashboard');
  });

  it('shows the orders on the dashboard over all', () => {
    const [board] = all('overview', 'AWS::CloudWatch::Dashboard');
    expect(JSON.stringify(board?.Properties?.DashboardBody)).toMatch(/Orders.*order-outbox|Orders.*charge-card/);
  });

  it('gives the stacks what the line of the stage says: who sends mail and who hears of alarms', () => {
    expect(all('orders', 'AWS::SES::EmailIdentity').map(({ Properties }) => Properties?.EmailIdentity)).toEqual([
      'orders@sluice.example',
    ]);
    const endpoints = all('orders', 'AWS::SNS::Subscription').map(({ Properties }) => Properties?.Endpoint);
    expect(endpoints.filter((one) => one === 'on-call@sluice.example').length).toBeGreaterThan(0);
    for (const { Properties, ...table } of all('orders', 'AWS::DynamoDB::Table')) {
      expect(Properties?.Tags).toContainEqual({ Key: 'sluice:stage', Value: 'test-kept' });
      expect(table).toMatchObject({ DeletionPolicy: 'RetainExceptOnCreate' });
    }
  });

  it('bundles the function of each, and is looked at by the messaging pack', () => {
    const code = all('orders', 'AWS::Lambda::Function').map(({ Properties }) => Properties?.Code as { S3Key?: string });
    for (const { S3Key = '' } of code)
      expect(existsSync(join(folder, `asset.${S3Key.replace('.zip', '')}`)), S3Key).toBe(true);
    expect(
      json('validation-report.json').pluginReports.map(({ pluginName }: { pluginName: string }) => pluginName),
    ).toContain(PACK_NAME);
    expect(readFindings(folder)?.filter(({ acknowledged }) => acknowledged === undefined)).toEqual([]);
  });
});
