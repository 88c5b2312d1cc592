import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCdkApp, synthesise } from '../../bin/apps/cdk-app.ts';
import type { ReportedFinding } from '../../bin/apps/lint-report.ts';
import { stackNameOf } from '../../lib/operations/systems/system.ts';
import { SYSTEMS } from '../../lib/systems/systems.ts';

const ROOT = join(import.meta.dirname, '../..');
const EXAMPLE = join(import.meta.dirname, 'example-app');
const SYNTH_MS = 60_000;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const run = (cwd: string, file: string, ...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [join(ROOT, file), ...args], { cwd }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });

const sluiceLint = (cwd: string, ...args: string[]) => run(cwd, 'bin/sluice.ts', 'lint', ...args);
const resultOf = ({ stdout }: Ended): { readonly ok: boolean; readonly findings: readonly ReportedFinding[] } =>
  JSON.parse(stdout);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-pack-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('an app of plain constructs with seeded mistakes', () => {
  const source = readFileSync(join(EXAMPLE, 'app.ts'), 'utf8');
  const seeded = [...source.matchAll(/\/\/ seeded (Messaging-\w+)/g)].map(([, id]) => id ?? '').sort();

  it('sluice lint finds every one of them and nothing else, and ends with 1', { timeout: SYNTH_MS }, async () => {
    const ended = await sluiceLint(EXAMPLE, '--json');
    const { ok, findings } = resultOf(ended);
    expect(seeded.length).toBeGreaterThanOrEqual(40);
    expect(findings.map(({ rule }) => rule).sort()).toEqual(seeded);
    expect({ ok, code: ended.code }).toEqual({ ok: false, code: 1 });
  });

  it('sluice lint prints where, what, why and how to mend it', { timeout: SYNTH_MS }, async () => {
    const { stdout, code } = await sluiceLint(EXAMPLE);
    expect(stdout).toContain(
      [
        'error Messaging-DeadLettersExpireEarly  Shop/DeadOrders/Resource',
        "      Dead letters of a standard queue are not kept longer than its messages: MessageRetentionPeriod is 345600 s; that of its source 'Shop/Orders' is 345600 s",
        '      why: A standard dead-letter queue counts age from the first enqueue, so that a message that waited long in its queue is deleted among the dead letters before anybody looks.',
        '      fix: Write retentionPeriod: Duration.days(14) on the dead-letter queue, and less than that on its source.',
      ].join('\n'),
    );
    expect(stdout).toMatch(/\n2 +warning +Messaging-FilterDeletesMessages +a mapping on a queue has a filter\n/);
    expect(stdout).toMatch(/\n22 errors, 19 warnings, 0 acknowledged\n$/);
    expect(code).toBe(1);
  });

  it('cdk synth fails and says why', { timeout: SYNTH_MS }, async () => {
    const { code, stderr, stdout } = await run(
      EXAMPLE,
      'node_modules/aws-cdk/bin/cdk',
      ...['synth', '--quiet', '--no-notices', '--output', join(folder, 'cdk.out')],
    );
    expect(code).not.toBe(0);
    const said = `${stdout}${stderr}`.replace(/\s+/g, ' ');
    expect(said).toContain(
      'Messaging-QueueWithoutDeadLetters: a queue has no dead-letter queue (RedrivePolicy is none).',
    );
    expect(said).toContain('Shop/Payments/Resource');
    expect(said).toContain('deadLetterQueue: { queue: deadLetters, maxReceiveCount: 5 }');
  });
});

describe('the app of this house', () => {
  it.each(['dev', 'dev-alice', 'test-kept'])(
    'has one finding, which is acknowledged with a reason, in the app and in what it synthesises to (%s)',
    { timeout: 2 * SYNTH_MS },
    async (stage) => {
      const accepted = SYSTEMS.flatMap((system) =>
        system.contract.outboxes.map(({ name }) => ({
          rule: 'Messaging-StreamWithoutLagAlarm',
          path: `${stackNameOf(system, stage)}/${name}/Relay/Function/Resource`,
          acknowledged: {
            reason: 'the age of the oldest unpublished row says the same, whether the relay or the sweeper is behind',
            at: `${stackNameOf(system, stage)}/${name}/Relay/Function`,
          },
        })),
      );
      const ended = await sluiceLint(ROOT, '--all', '--json', '-c', `stage=${stage}`);
      const { ok, findings } = resultOf(ended);
      expect(findings.map(({ rule, path, acknowledged }) => ({ rule, path, acknowledged }))).toEqual(accepted);
      expect({ ok, code: ended.code }).toEqual({ ok: true, code: 0 });

      const out = join(folder, `${stage}.out`);
      const { command, context } = readCdkApp(ROOT);
      await synthesise({ folder: ROOT, command, output: out, context: { ...context, stage } });
      const assembly = await sluiceLint(folder, '--assembly', out, '--all', '--json');
      expect(resultOf(assembly)).toEqual({ ok, findings });
      expect(assembly.code).toBe(0);
    },
  );
});

describe('sluice lint', () => {
  it('shows options and examples', async () => {
    const { stdout, code } = await sluiceLint(ROOT, '--help');
    expect(stdout).toMatch(/Options:[\s\S]*Examples?:\n {2}\$ /);
    expect(code).toBe(0);
  });

  it.each([
    ['a folder without an app', () => folder, [], 1, 'which names the app to run'],
    ['an assembly that is not there', () => folder, ['--assembly', 'no.out'], 1, 'there is no no.out'],
    [
      'context for what is synthesised already',
      () => ROOT,
      ['--assembly', '.', '-c', 'stage=dev'],
      2,
      'cannot be used with',
    ],
    ['context without a value', () => ROOT, ['-c', 'stage'], 2, 'context must be given as name=value'],
    ['context that the app refuses', () => ROOT, ['-c', 'stage=NO'], 1, "context 'stage' must be"],
  ])('refuses %s', { timeout: SYNTH_MS }, async (_, cwd, args, code, message) => {
    const ended = await sluiceLint(cwd(), ...args);
    expect(ended.stderr).toContain(message);
    expect(ended.code).toBe(code);
  });
});
