import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readCdkApp, synthesise } from '../../bin/apps/cdk-app.ts';
import { readTemplateFile } from '../../bin/apps/template-file.ts';
import { logFiles } from '../../bin/demo/function-logs.ts';
import { atRisk } from '../../bin/demo/reconciled-run.ts';
import { FAULTS_HELP, faultsInWords, plannedFaults } from '../../bin/options/fault-options.ts';
import { FAULT_KINDS, type FaultKindName, type Made } from '../../lib/local/faults.ts';
import { disturbanceBy } from '../../lib/systems/orders/tools/tools.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-app-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  vi.unstubAllEnvs();
});
const write = (name: string, content: unknown) =>
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
const at = (name: string) => join(folder, name);

describe('the app of a folder', () => {
  it.each<[string, object, object | undefined, string | undefined, object]>([
    ['has defaults', {}, undefined, undefined, { output: 'cdk.out', context: {}, include: ['**'], exclude: [] }],
    ['has what cdk.json says', { output: 'made' }, undefined, undefined, { output: 'made' }],
    ['goes where it is told', { output: 'made' }, undefined, 'told', { output: 'told' }],
    [
      'one glob is a list',
      { watch: { include: 'a/**', exclude: 'b' } },
      undefined,
      undefined,
      { include: ['a/**'], exclude: ['b'] },
    ],
    [
      'globs',
      { watch: { include: ['a', 'b'], exclude: ['c', 'd'] } },
      undefined,
      undefined,
      { include: ['a', 'b'], exclude: ['c', 'd'] },
    ],
    ['what was looked up is context, too', {}, { zone: 1 }, undefined, { context: { zone: 1 } }],
    [
      'what cdk.json says goes before it',
      { context: { zone: 2, x: 3 } },
      { zone: 1, y: 4 },
      undefined,
      { context: { zone: 2, x: 3, y: 4 } },
    ],
  ])('%s', (_, config, context, output, expected) => {
    write('cdk.json', { app: 'run it', ...config });
    if (context !== undefined) write('cdk.context.json', context);
    const { watch, ...app } = readCdkApp(folder, output);
    const { output: made = 'cdk.out', ...others } = expected as { output?: string };
    expect({ ...app, ...watch }).toMatchObject({ folder, command: 'run it', output: at(made), ...others });
  });

  it.each<[string, unknown, RegExp]>([
    [
      'no cdk.json',
      undefined,
      /^there is no .*cdk\.json, which names the app to run\. Start the command in the folder of/,
    ],
    ['no app', {}, /cdk\.json names no app: add "app"/],
    ['an empty app', { app: '' }, /cdk\.json names no app: add "app"/],
    ['no JSON', '{"app"', /cdk\.json is not valid JSON: /],
  ])('is refused: %s', (_, content, text) => {
    if (content !== undefined) write('cdk.json', content);
    expect(() => readCdkApp(folder)).toThrow(text);
  });

  const app = (script: string, context = {}) => {
    write('app.cjs', script);
    return { folder, command: `"${process.execPath}" app.cjs`, output: at('out'), context };
  };

  it('is told where to write, its context, and to leave out what takes long', async () => {
    vi.stubEnv('NODE_COMPILE_CACHE', at('cache'));
    await synthesise(
      app(`require('fs').writeFileSync('told', JSON.stringify([process.cwd(), process.env]))`, { a: 1 }),
    );
    const [cwd, env] = JSON.parse(readFileSync(at('told'), 'utf8'));
    expect(cwd).toBe(folder);
    expect(env).toMatchObject({
      ...{ CDK_OUTDIR: at('out'), CDK_CONTEXT_JSON: '{"a":1}', CDK_VALIDATION: 'false' },
      ...{ NODE_COMPILE_CACHE: at('cache'), PATH: process.env.PATH },
    });
  });

  it('that fails says so, with the end of what it printed', async () => {
    const failing = synthesise(app(`process.stderr.write('x'.repeat(5_000) + ' at last '); process.exitCode = 7`));
    await expect(failing).rejects.toThrow(/^the app does not synthesise \(".*" ended with 7\):\nx{3991} at last$/);
  });
});

describe('a template', () => {
  it('in YAML is what it is in JSON, short forms and aliases included', () => {
    const yaml = `
Shared: &shared { a: 1 }
Resources:
  Q: { Type: AWS::SQS::Queue, Properties: { Arn: !GetAtt Dead.Arn, Url: !Ref Dead } }
  R: !Join ['', [!Sub 'x', *shared]]
  C: !If [IsProd, !Condition IsProd, 010]
  T: !!str 5
  N:
  1: one
`;
    const expected = {
      Shared: { a: 1 },
      Resources: {
        Q: { Type: 'AWS::SQS::Queue', Properties: { Arn: { 'Fn::GetAtt': 'Dead.Arn' }, Url: { Ref: 'Dead' } } },
        R: { 'Fn::Join': ['', [{ 'Fn::Sub': 'x' }, { a: 1 }]] },
        C: { 'Fn::If': ['IsProd', { Condition: 'IsProd' }, 10] },
        ...{ T: '5', N: null, 1: 'one' },
      },
    };
    write('t.yaml', yaml);
    write('t.template', JSON.stringify(expected));
    write('t.json', expected);
    for (const name of ['t.yaml', 't.template', 't.json']) expect(readTemplateFile(at(name)), name).toEqual(expected);
    write('bad.yaml', 'a: [');
    expect(() => readTemplateFile(at('bad.yaml'))).toThrow(`${at('bad.yaml')} is not valid YAML: `);
    write('bad.json', 'a: 1');
    expect(() => readTemplateFile(at('bad.json'))).toThrow(`${at('bad.json')} is not valid JSON: `);
  });
});

describe('files of logs', () => {
  it.each([
    [{ append: true }, 'before\n'],
    [{ append: false }, ''],
    [undefined, ''],
  ])('one for each function, begun anew or not: %o', async (options, kept) => {
    write('a.log', 'before\n');
    const files = logFiles(folder, options);
    for (const line of ['one', 'two']) files.write({ function: 'a', line } as never);
    files.write({ function: 'b', line: 'three' } as never);
    await files.close();
    expect(readFileSync(at('a.log'), 'utf8')).toBe(`${kept}one\ntwo\n`);
    expect(readFileSync(at('b.log'), 'utf8')).toBe('three\n');
  });

  it('that cannot be written are told of once, and stop nothing else', async () => {
    const lost: string[] = [];
    const gone = join(folder, 'gone');
    const files = logFiles(gone, { onLost: (path, { message }) => lost.push(`${path}: ${message}`) });
    rmSync(gone, { recursive: true });
    files.write({ function: 'a', line: 'one' } as never);
    await vi.waitFor(() => expect(lost).toEqual([expect.stringMatching(/gone\/a\.log: ENOENT/)]));
    files.write({ function: 'a', line: 'two' } as never);
    await files.close();
    expect(lost).toHaveLength(1);
  });

  it('stay where they are when the process goes to another folder', async () => {
    const home = process.cwd();
    process.chdir(folder);
    try {
      const files = logFiles('logs');
      process.chdir(home);
      files.write({ function: 'a', line: 'one' } as never);
      await files.close();
      expect(readFileSync(at('logs/a.log'), 'utf8')).toBe('one\n');
    } finally {
      process.chdir(home);
    }
  });
});

describe('faults by chance', () => {
  const kinds = Object.keys(FAULT_KINDS) as FaultKindName[];

  it('are planned as asked for, with a seed in any case', () => {
    expect(plannedFaults({})).toBeUndefined();
    expect(plannedFaults({ faults: { kill: 0.1 }, seed: 0 })).toEqual({ rates: { kill: 0.1 }, seed: 0 });
    const seeds = [1, 2, 3].map(() => plannedFaults({ faults: { kill: 0.1 } })?.seed);
    expect(new Set(seeds).size).toBeGreaterThan(1);
    expect(faultsInWords({ rates: { kill: 0.1, latency: 1 }, seed: 7 })).toBe(
      'Faults by chance: kill 0.1, latency 1. Again with: --seed 7',
    );
    for (const kind of kinds)
      expect(FAULTS_HELP).toContain(`${FAULT_KINDS[kind].effect} (x ${FAULT_KINDS[kind].share})`);
  });

  /** What each kind excuses when it is made of the mailer, and of another consumer: e-mails and dead letters once more, or times. */
  const EXCUSES: Readonly<Record<string, { mails?: 1; letters?: 1; clocks?: true }>> = {
    kill: { mails: 1, letters: 1 },
    'lose-response': { letters: 1 },
    duplicate: { letters: 1 },
    throttle: { letters: 1 },
    'skew-clock': { mails: 1, clocks: true },
  };
  it.each(kinds)('%s excuses what it may cause, and no more', (kind) => {
    const { mails = 0, letters, clocks = false } = EXCUSES[kind] ?? {};
    const made = (name: string, service = 'sqs') =>
      ({ kind, functionName: `sluice-dev-orders-${name}`, service }) as unknown as Made;
    const lettersOf = (...names: readonly string[]) =>
      atRisk(
        { stackName: 'sluice-dev-orders' },
        names.map((name) => made(name)),
      );
    expect(disturbanceBy([made('send-email')])).toEqual({ mailsAtRisk: mails, clocksWrong: clocks });
    expect(lettersOf('send-email')).toEqual(letters === undefined ? {} : { 'send-email': letters });
    expect(disturbanceBy([made('charge-card', 'ses')])).toEqual({ mailsAtRisk: 0, clocksWrong: clocks });
    expect(disturbanceBy([made('send-email', 'ses')]).mailsAtRisk).toBe(kind === 'lose-response' ? 1 : mails);
    expect(lettersOf('a', 'b', 'a')).toEqual(letters === undefined ? {} : { a: 2, b: 1 });
  });
});
