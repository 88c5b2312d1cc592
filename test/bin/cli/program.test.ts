import { InvalidArgumentError } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

/** What the command line makes of what is typed: which command is called with what, and what it says when it is called wrongly. */
const world = vi.hoisted(() => {
  const calls: unknown[][] = [];
  const steps = { answer: (): unknown => 0 };
  const noted =
    (name: string) =>
    async (...args: unknown[]): Promise<unknown> => {
      calls.push([name, ...args]);
      return steps.answer();
    };
  const module = (...names: string[]) => Object.fromEntries(names.map((name) => [name, noted(name)]));
  return { calls, steps, module };
});
vi.mock('../../../bin/commands/capacity.ts', () => world.module('capacity'));
vi.mock('../../../bin/commands/change-parked.ts', () => world.module('parkedSkip', 'parkedEdit'));
vi.mock('../../../bin/commands/cost.ts', () => world.module('cost'));
vi.mock('../../../bin/commands/demo.ts', () => world.module('demo'));
vi.mock('../../../bin/commands/lint.ts', () => world.module('lint'));
vi.mock('../../../bin/commands/local.ts', () => world.module('local'));
vi.mock('../../../bin/commands/parked.ts', () => world.module('parkedList', 'parkedShow', 'parkedResume'));
vi.mock('../../../bin/commands/produce.ts', () => world.module('produce'));
vi.mock('../../../bin/commands/schema.ts', () => world.module('schemaCheck', 'schemaWrite', 'schemaAsyncApi'));
vi.mock('../../../bin/commands/systems.ts', () => world.module('listSystems'));

const argv = process.argv;
let said: { out: string[]; err: string[] };
beforeEach(() => {
  world.steps.answer = () => 0;
  said = { out: [], err: [] };
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.out.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.err.push(String(text)) > 0);
});
afterEach(() => {
  process.argv = argv;
  process.exitCode = undefined;
});

/** Starts the program anew, as a shell does. @returns what was called, said on standard error, and the exit code */
async function sluice(text: string) {
  process.argv = ['node', 'sluice', ...text.split(' ').filter((word) => word !== '')];
  process.exitCode = undefined;
  vi.resetModules();
  await import('../../../bin/cli/program.ts');
  return { code: process.exitCode, calls: world.calls.splice(0), err: said.err.splice(0).join('') };
}

/** Each command bare, and with every option; the options without a value by themselves. */
const TYPED: readonly string[] = [
  'demo',
  'demo --once --minutes 0.5 --rate 7.5 --faults throttle=0.05,kill=0.001 --seed 9 --port 0 --json',
  'demo --faults 0.01 --seed -3 --port 65535',
  'demo orders',
  'demo --system orders',
  'demo orders --system orders',
  'local',
  'local --assembly made --watch --port 1 --no-iam --data kept --time-scale 60 --faults kill=1 --seed 0',
  'local --watch',
  'lint',
  'lint --all -c a=1 --context b=2=3 -c a=4 --json',
  'lint --assembly made',
  'produce orders',
  'produce orders --file - --rate 0.5 --count 1 --ids new --stage prod --json',
  'produce orders --ids same',
  'produce orders --producer orders --prepare',
  'produce orders --prepare --file orders --count 1 --stage prod --json',
  'systems',
  'systems --stage prod --json',
  'parked list',
  'parked list charge-card --all --stage prod --stack shop --json',
  'parked show charge-card key-1',
  'parked show charge-card key-1 --limit 1 --bodies --stage prod --stack shop --json',
  'parked resume charge-card',
  'parked resume charge-card key-1 --all --yes --stage prod --stack shop --json',
  'parked skip charge-card key-1',
  'parked skip charge-card key-1 --drop --by jo --yes --stage prod --stack shop --json',
  'parked edit charge-card key-1',
  'parked edit charge-card key-1 --file event.json --by jo --yes --stage prod --stack shop --json',
  'parked edit charge-card key-1 --save event.json',
  'schema check',
  'schema check --mode forward --json',
  'schema check --mode full',
  'schema write',
  'schema write --force --yes --json',
  'schema asyncapi',
  'schema asyncapi --output made.json',
  'cost',
  'cost --rate 0.5 --region eu-west-1 --duration 250.5 --effect-items 0 --assembly made --stage prod --lines --prices --json',
  'cost --effect-items 99',
  'capacity --rate 5',
  'capacity --producers 1 --rate 0.1 --peak 0.2 --bytes 2KiB --retention 1.5h --copies 1 --per-consumer 0.5 --readers 1 --outage 2d --batch 1 --duration 9 --region eu-west-1 --json',
  'capacity --rate 1 --batch 10000',
];

/** Just beyond what is taken, and what is left out. */
const WRONG: readonly string[] = [
  ...['', 'help me', 'produce', 'parked', 'schema', 'demo orders more', 'demo --json=x'],
  ...['demo orders --system reminders', 'demo --system', 'systems orders', 'systems --stage'],
  ...['demo --minutes 0', 'demo --rate 0', 'demo --port 65536', 'demo --port -1', 'demo --port', 'demo --seed 1.5'],
  ...['demo --seed 9007199254740992', 'demo --faults 1.1', 'demo --faults kill', 'demo --faults thunder=1'],
  ...['local --time-scale 0', 'local --iam', 'local --once', 'local --json', 'local --data'],
  ...['lint --assembly made -c a=1', 'lint -c a', 'lint -c =1'],
  ...['produce orders --rate 0', 'produce orders --count 0', 'produce orders --count 1.5', 'produce orders --ids old'],
  ...['produce orders --prepare --rate 1', 'produce orders --prepare --ids new', 'produce orders stock'],
  ...['produce orders --producer'],
  ...['parked list a b', 'parked show a', 'parked show a k --limit 0', 'parked resume', 'parked skip a'],
  ...['parked skip a k --file x', 'parked edit a', 'parked edit a k --file x --save y', 'parked edit a k --drop'],
  ...['schema check --mode sideways', 'schema write --mode full', 'schema asyncapi --json'],
  ...[
    'cost --rate 0',
    'cost --region mars-1',
    'cost --duration 0',
    'cost --effect-items 100',
    'cost --effect-items -1',
  ],
  ...['capacity', 'capacity --rate 0', 'capacity --rate 1 --producers 0', 'capacity --rate 1 --peak 0'],
  ...['capacity --rate 1 --bytes 0', 'capacity --rate 1 --retention 0d', 'capacity --rate 1 --copies 0'],
  ...['capacity --rate 1 --per-consumer 0', 'capacity --rate 1 --readers 0', 'capacity --rate 1 --outage 5'],
  ...['capacity --rate 1 --batch 0', 'capacity --rate 1 --batch 10001', 'capacity --rate 1 --duration 0'],
];

describe('what is typed', () => {
  it('is what the commands are called with: their options, defaults among them', async () => {
    const texts: string[] = [];
    for (const text of TYPED) {
      const { code, calls, err } = await sluice(text);
      expect([code, err, calls.length], text).toEqual([0, '', 1]);
      const [name, ...args] = calls[0] ?? [];
      // Commander adds itself.
      const given = args.filter((arg) => typeof arg !== 'object' || arg?.constructor.name !== 'Command');
      texts.push(`$ sluice ${text}\n${name}(${given.map((arg) => JSON.stringify(arg) ?? 'undefined').join(', ')})\n`);
    }
    await expect(texts.join('\n')).toMatchFileSnapshot('kept/called.txt');
  });

  it('is refused with what is wrong, and calls nothing', async () => {
    const texts: string[] = [];
    for (const text of WRONG) {
      const { code, calls, err } = await sluice(text);
      expect(calls, text).toEqual([]);
      expect(code, text).toBe(2);
      // The help of a group is kept elsewhere.
      texts.push(`$ sluice ${text}\n${err.startsWith('Usage:') || err.includes('\nUsage:') ? '(its help)\n' : err}`);
    }
    await expect(texts.join('\n')).toMatchFileSnapshot('kept/refused.txt');
  });
});

describe('the exit code', () => {
  it.each([0, 1, 130])('is what the command answers: %i', async (answer) => {
    world.steps.answer = () => answer;
    for (const text of ['demo', 'parked list --all', 'cost']) expect((await sluice(text)).code).toBe(answer);
  });

  it.each<[string, unknown, number, string]>([
    ['that fails', new Error('no power'), 1, 'sluice: no power\n'],
    ['that was called wrongly', new InvalidArgumentError('name one'), 2, 'sluice: name one\n'],
    ['that fails with no error', 'just text', 1, 'sluice: just text\n'],
  ])('tells a command %s', async (_, error, code, text) => {
    world.steps.answer = () => {
      throw error;
    };
    for (const typed of ['demo', 'parked list --all', 'cost'])
      expect(await sluice(typed)).toMatchObject({ code, err: text });
  });

  it('comes with where it failed when that is asked for', async () => {
    world.steps.answer = () => {
      throw new Error('no power');
    };
    vi.stubEnv('SLUICE_DEBUG', '1');
    expect((await sluice('demo')).err).toMatch(/^sluice: Error: no power\n {4}at .*program\.test\.ts:\d+/);
    vi.stubEnv('SLUICE_DEBUG', '0');
    expect((await sluice('demo')).err).toBe('sluice: no power\n');
    vi.stubEnv('SLUICE_DEBUG', '1');
    world.steps.answer = () => Promise.reject('just text');
    expect((await sluice('demo')).err).toBe('sluice: just text\n');
  });

  it('is 0 for help', async () => {
    for (const text of ['--help', 'demo --help', 'help demo']) expect((await sluice(text)).code, text).toBe(0);
  });
});
