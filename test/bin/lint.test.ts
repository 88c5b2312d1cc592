import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type LintOptions, lint } from '../../bin/commands/lint.ts';
import { PACK_NAME } from '../../lib/lint/messaging-checks.ts';

/** What the command says of findings, word for word; the app is synthesised as a test says, and leaves the report that a test says. */
const world = vi.hoisted(() => ({
  read: [] as unknown[][],
  synthesised: [] as { output: string }[],
  synthesise: (_app: { output: string }): void => undefined,
}));
vi.mock('../../bin/apps/cdk-app.ts', () => ({
  readCdkApp: (...args: unknown[]) => {
    world.read.push(args);
    return { folder: args[0], command: 'run it', output: args[1], context: { a: 'of cdk.json', b: 'of cdk.json' } };
  },
  synthesise: async (app: { output: string }) => {
    world.synthesised.push(app);
    world.synthesise(app);
  },
}));

const finding = (rule: string, severity: string, path: string, more: object = {}) => ({
  ...{ ruleName: `Pack::Messaging-${rule}`, severity, suggestedFix: `mend ${path}` },
  ruleMetadata: { property: `Of${rule}`, value: `value of ${path}`, mistake: `mistake of ${rule}`, why: `why ${rule}` },
  ...{ violatingConstructs: [{ constructPath: path }], ...more },
});
const known = (rule: string, severity: string, path: string) =>
  finding(rule, severity, path, { reason: `known of ${path}`, acknowledgedAt: `at ${path}` });

const ERROR = finding('Queue', 'error', 'App/Q');
const WARNING = finding('Topic', 'warning', 'App/T');
const KNOWN = known('Queue', 'error', 'App/K');
/** More warnings than errors, and rules that break in turn. */
const MANY = [
  finding('Topic', 'warning', 'App/1'),
  finding('Log', 'error', 'App/2'),
  finding('Topic', 'warning', 'App/3'),
  finding('Queue', 'error', 'App/4'),
  finding('Topic', 'warning', 'App/5'),
  finding('Queue', 'error', 'App/6'),
];

let said: { out: string[]; err: string[] };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-linted-'));
  said = { out: [], err: [] };
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.out.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.err.push(String(text)) > 0);
  world.read.length = 0;
  world.synthesised.length = 0;
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  Reflect.deleteProperty(process.stdout, 'isTTY');
});

/** The app leaves these findings in its report; undefined: it has none of the pack, but a template. */
function leaves(violations: readonly object[], suppressedViolations: readonly object[] = []) {
  world.synthesise = ({ output }) =>
    writeFileSync(
      join(output, 'validation-report.json'),
      JSON.stringify({ pluginReports: [{ pluginName: PACK_NAME, violations, suppressedViolations }] }),
    );
}
const run = async (options: Partial<LintOptions> = {}) => {
  const code = await lint({ json: false, all: false, context: {}, ...options });
  return { code, out: said.out.splice(0).join(''), err: said.err.splice(0).join('') };
};

describe('sluice lint', () => {
  it.each<[string, readonly object[], readonly object[], number]>([
    ['nothing', [], [], 0],
    ['one error', [ERROR], [], 1],
    ['one warning', [WARNING], [], 0],
    ['what is acknowledged alone', [], [KNOWN], 0],
    ['a warning, and what is acknowledged', [WARNING], [KNOWN, known('Topic', 'warning', 'App/L')], 0],
    ['one of each', [ERROR, WARNING], [KNOWN], 1],
    ['many', MANY, [], 1],
  ])('says %s', async (name, violations, suppressed, code) => {
    leaves(violations, suppressed);
    const texts: string[] = [];
    for (const all of [false, true])
      for (const json of [false, true]) {
        const ended = await run({ all, json });
        expect([ended.code, ended.err], name).toEqual([code, '']);
        texts.push(`# all ${all}, json ${json}\n\n${json ? ended.out.replaceAll(/(?=\{"rule")/g, '\n') : ended.out}`);
      }
    await expect(texts.join('\n')).toMatchFileSnapshot(`kept/lint/${name.replaceAll(/\W+/g, '-')}.txt`);
  });

  it('marks errors, warnings and what is acknowledged on a terminal', async () => {
    Object.defineProperty(process.stdout, 'isTTY', { value: true, configurable: true });
    vi.stubEnv('FORCE_COLOR', '1');
    vi.stubEnv('NO_COLOR', undefined);
    leaves([ERROR, WARNING], [KNOWN]);
    const { out } = await run({ all: true });
    for (const [colour, word] of [
      [31, 'error'],
      [32, 'ok   '],
      [33, 'warn '],
    ])
      expect(out).toMatch(new RegExp(`\u001B\\[${colour}m${word} Messaging-`));
    expect(out).toContain('┌');
  });

  it('synthesises the app of the folder elsewhere, with the context that is given, and leaves nothing behind', async () => {
    leaves([]);
    await run({ context: { b: 'given', c: 'given' } });
    const [app] = world.synthesised;
    expect(world.read).toEqual([[process.cwd(), app?.output]]);
    expect(app).toEqual({
      ...{ folder: process.cwd(), command: 'run it', output: expect.stringMatching(/sluice-synth-/) },
      context: { a: 'of cdk.json', b: 'given', c: 'given', '@aws-cdk/core:failSynthOnValidationErrors': false },
    });
    expect(existsSync(app?.output ?? '')).toBe(false);
    world.synthesise = () => {
      throw new Error('it does not synthesise');
    };
    await expect(run()).rejects.toThrow('it does not synthesise');
    expect(existsSync(world.synthesised[1]?.output ?? '')).toBe(false);
  });

  const QUEUE = { Type: 'AWS::SQS::Queue' };
  const MAPPING = {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: { EventSourceArn: { 'Fn::GetAtt': ['Work', 'Arn'] }, FunctionName: 'somebody' },
  };
  const template = (more: object = {}) => JSON.stringify({ ...more, Resources: { Work: QUEUE, Mapping: MAPPING } });
  const rules = (out: string) => [...out.matchAll(/^(?:error|warn ) (\S+) {2}(\S+)$/gm)].map(([, ...found]) => found);

  it('lints an app without the pack by its templates', async () => {
    world.synthesise = ({ output }) => {
      writeFileSync(join(output, 'shop.template.json'), template());
    };
    const { code, out, err } = await run();
    expect([code, err]).toEqual([1, '']);
    expect(rules(out)).toContainEqual(['Messaging-QueueWithoutDeadLetters', expect.stringMatching(/Work$/)]);
  });

  it('lints what is synthesised already, and says what of it cannot be seen', async () => {
    writeFileSync(join(folder, 'plain.json'), template());
    writeFileSync(join(folder, 'sam.json'), template({ Transform: 'AWS::Serverless-2016-10-31' }));
    const { code, out, err } = await run({ assembly: folder });
    expect(code).toBe(1);
    expect(rules(out).map(([, path]) => path)).toEqual(expect.arrayContaining(['plain/Work', 'sam/Work']));
    expect(err).toBe(
      'sam: what SAM makes of it is not seen (functions, their events and policies); lint what it was transformed to.\n',
    );
    expect([world.read, world.synthesised]).toEqual([[], []]);
  });
});
