import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { exportsFor } from '../../bin/apps/sdk-environment.ts';
import { type LocalOptions, local } from '../../bin/commands/local.ts';

/** `sluice local` step by step, around an engine that only notes what it is asked; over a real one it is in `local.test.ts` and `watch.test.ts`. */
const world = vi.hoisted(() => ({
  calls: [] as unknown[][],
  engine: {} as Record<string, ((...args: unknown[]) => void) | undefined>,
  vitals: { waiting: 0, inFlight: 0, deadLetters: {}, alarms: [] as string[] },
  start: (): void => undefined,
  ready: (): void => undefined,
}));
const { calls } = world;
vi.mock('../../bin/apps/cdk-app.ts', () => ({
  readCdkApp: (folder: string, output = 'of-cdk.json') => {
    world.calls.push(['readCdkApp', folder]);
    return { folder, command: 'run it', output: `/resolved/${output}` };
  },
  synthesise: async (app: object) => void world.calls.push(['synthesise', app]),
}));
vi.mock('../../bin/apps/redeploy.ts', () => ({
  redeployOnChange: (
    app: object,
    engine: { url: string },
    { note, result }: Record<string, (text: string) => void>,
  ) => {
    world.calls.push(['redeployOnChange', app, engine.url]);
    note?.('a note of the redeployment');
    result?.('a result of the redeployment');
    return { close: async () => void world.calls.push(['close redeployment']) };
  },
}));
vi.mock('../../lib/local/engine.ts', async (original) => ({
  ...(await original<object>()),
  startEngine: async ({ onLog, onInvocation, onNotice, onChanges, ...options }: Record<string, never>) => {
    world.calls.push(['startEngine', options]);
    world.engine = { onLog, onInvocation, onNotice, onChanges };
    world.start();
    return {
      ...{ url: 'http://127.0.0.1:4711', services: { region: 'mars-1' }, busy: 0 },
      // The first look is when it begins to tell.
      vitals() {
        queueMicrotask(() => world.ready());
        return world.vitals;
      },
      close: async () => void world.calls.push(['close engine']),
    };
  },
}));

const home = process.cwd();
let folder: string;
let said: { out: string[]; err: string[] };
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-local-'));
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  rmSync(join(folder, '.sluice'), { recursive: true, force: true });
  said = { out: [], err: [] };
  calls.length = 0;
  Object.assign(world, {
    vitals: { waiting: 0, inFlight: 0, deadLetters: {}, alarms: [] },
    start: () => undefined,
    ready: () => process.emit('SIGINT'),
  });
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.out.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.err.push(String(text)) > 0);
});
afterEach(() => {
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.removeAllListeners(name);
});

const LOGS = `Logs of the functions: .sluice/logs. For another shell:\n  ${exportsFor('http://127.0.0.1:4711', 'mars-1')}\n`;
const NOTHING =
  'In 1 min: 0 invocations, 0 of them failed; 0 messages are left to do\ndead letters: 0\nalarms in ALARM: none\nfunctions that failed: none\n';
const run = (options: Partial<LocalOptions>) =>
  local({ watch: false, port: 4_712, iam: true, timeScale: 1, ...options });

describe('sluice local', () => {
  it.each<[string, Partial<LocalOptions>, object]>([
    ['an assembly', { assembly: 'made' }, { assembly: 'made', port: 4_712, iam: true, timeScale: 1 }],
    [
      'all that can be asked for',
      { assembly: 'made', port: 0, iam: false, timeScale: 60, data: 'kept', faults: { kill: 0.5 }, seed: 3 },
      {
        ...{ assembly: 'made', port: 0, iam: false, timeScale: 60, data: 'kept' },
        faults: { rates: { kill: 0.5 }, seed: 3 },
      },
    ],
  ])('runs %s until Ctrl-C', async (_, options, asked) => {
    expect(await run(options)).toBe(0);
    expect(calls).toEqual([['startEngine', asked], ['close engine']]);
    expect(said.out).toEqual(['ready http://127.0.0.1:4711\n']);
    const faults = 'faults' in asked ? ['Faults by chance: kill 0.5. Again with: --seed 3\n'] : [];
    expect(said.err).toEqual([...faults, LOGS, NOTHING]);
  });

  it.each([
    [undefined, '/resolved/of-cdk.json'],
    ['made', '/resolved/made'],
  ])('runs the app of the folder, and deploys it again when it changes: assembly %s', async (assembly, output) => {
    expect(await run({ watch: true, ...(assembly === undefined ? {} : { assembly }) })).toBe(0);
    const app = { folder: process.cwd(), command: 'run it', output };
    expect(calls).toEqual([
      ['readCdkApp', process.cwd()],
      ['synthesise', app],
      ['startEngine', { assembly: output, port: 4_712, iam: true, timeScale: 1 }],
      ['redeployOnChange', app, 'http://127.0.0.1:4711'],
      ['close redeployment'],
      ['close engine'],
    ]);
    expect(said.out).toEqual(['ready http://127.0.0.1:4711\n', 'a result of the redeployment\n']);
    expect(said.err).toEqual(['Synthesising: run it\n', 'a note of the redeployment\n', LOGS, NOTHING]);
  });

  it('tells notices, changes and failures as they come, and sums up what came to pass', async () => {
    world.start = () => {
      world.engine.onNotice?.('not done here');
      world.engine.onInvocation?.({ function: 'early', error: { errorType: 'Broken', errorMessage: 'before' } });
    };
    world.ready = () => {
      world.ready = () => undefined;
      const change = (kind: string, logicalId: string) => ({
        kind,
        stackName: 'shop',
        logicalId,
        type: 'T',
        properties: [],
      });
      world.engine.onChanges?.([change('create', 'A'), change('delete', 'B')]);
      world.engine.onInvocation?.({ function: 'work', error: { errorType: 'TypeError', errorMessage: 'no answer' } });
      world.engine.onLog?.({ function: 'tell', line: '{"level":"warn","error":"Odd","errorMessage":"no"}' });
      world.vitals = { waiting: 1, inFlight: 2, deadLetters: { dead: 3 }, alarms: ['late'] };
      process.emit('SIGTERM');
    };
    expect(await run({ assembly: 'made' })).toBe(0);
    expect(said.err).toEqual([
      'not done here\n',
      LOGS,
      'Changes:\n  + shop/A (T)\n  - shop/B (T)\n',
      'work failed: TypeError: no answer\n',
      'tell failed: Odd: no\n',
      'In 1 min: 1 invocations, 1 of them failed; 3 messages are left to do\ndead letters: 3\n  3 in dead\nalarms in ALARM: late\nfunctions that failed:\n  work, 1 times; first: TypeError: no answer\n  tell, 1 times; first: Odd: no\n',
    ]);
  });

  it.each([
    ['anew', {}, 'line 2\n'],
    ['on, when all is kept over a restart', { data: 'kept' }, 'line 1\nline 2\n'],
  ])('writes the logs %s', async (_, options, text) => {
    for (const n of [1, 2]) {
      world.start = () => world.engine.onLog?.({ function: 'work', line: `line ${n}` });
      await run({ assembly: 'made', ...options });
      const file = join('.sluice', 'logs', 'work.log');
      await vi.waitFor(() => expect(existsSync(file) && readFileSync(file, 'utf8')).toMatch(`line ${n}\n`));
    }
    expect(readFileSync(join('.sluice', 'logs', 'work.log'), 'utf8')).toBe(text);
  });

  it.each<[string, Partial<LocalOptions>, string]>([
    ['nothing to run', {}, 'name an assembly (--assembly cdk.out), or run the app of cdk.json (--watch)'],
    ['a seed without faults', { assembly: 'made', seed: 7 }, '--seed 7 chooses among faults'],
  ])('refuses %s before it starts anything', async (_, options, text) => {
    await expect(run(options)).rejects.toThrow(text);
    expect(calls).toEqual([]);
  });
});
