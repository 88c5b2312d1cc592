import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { size, time } from '../../bin/options/option-values.ts';

const ROOT = join(import.meta.dirname, '../..');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const sluice = (...args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [join(ROOT, 'bin/sluice.ts'), ...args], { cwd: ROOT }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

/** The arguments of `npx sluice ...` in a text. */
const callsIn = (text: string): string[][] =>
  [...text.matchAll(/^\s*\$ npx sluice (.+)$/gm)].map(([, args = '']) => args.split(' '));

describe.each(['cost', 'capacity'])('%s --help', (command) => {
  it('shows examples that run', async () => {
    const { stdout } = await sluice(command, '--help');
    const examples = callsIn(stdout);
    expect(examples.length).toBeGreaterThanOrEqual(2);
    for (const args of examples) {
      const ended = await sluice(...args);
      expect(ended, args.join(' ')).toMatchObject({ code: 0, stderr: '' });
      if (args.includes('--json')) JSON.parse(ended.stdout.trim().split('\n').at(-1) ?? '');
    }
  });
});

it('docs/cost.md shows what the commands print', async () => {
  const file = join(ROOT, 'docs/cost.md');
  const text = readFileSync(file, 'utf8');
  let current = text;
  const blocks = [...text.matchAll(/^```\n(\$ npx sluice .+)\n[\s\S]*?^```$/gm)];
  expect(blocks).toHaveLength(2);
  for (const [block, call = ''] of blocks) {
    const [args = []] = callsIn(call);
    const { stdout } = await sluice(...args);
    current = current.replace(block, () => `\`\`\`\n${call}\n${stdout}\`\`\``);
  }
  if (process.env.UPDATE_DOCS === '1') writeFileSync(file, current);
  else expect(text, 'UPDATE_DOCS=1 npx vitest run test/bin/cost.test.ts writes it anew').toBe(current);
});

describe('what a stack deploys', () => {
  const assembly = (resources: object): string => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-cost-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'sluice-prod-orders.template.json'), JSON.stringify({ Resources: resources }));
    return folder;
  };

  it('is counted: alarms by the metrics they watch, keys, dashboards, memory of functions', async () => {
    const metric = (Id: string) => ({ Id, MetricStat: {} });
    const folder = assembly({
      One: { Type: 'AWS::CloudWatch::Alarm', Properties: { MetricName: 'Depth' } },
      Math: {
        Type: 'AWS::CloudWatch::Alarm',
        Properties: { Metrics: [metric('a'), metric('b'), { Expression: 'a/b' }] },
      },
      All: { Type: 'AWS::CloudWatch::CompositeAlarm' },
      Key: { Type: 'AWS::KMS::Key' },
      Board: { Type: 'AWS::CloudWatch::Dashboard' },
      Invoice: {
        Type: 'AWS::Lambda::Function',
        Properties: { FunctionName: 'sluice-prod-orders-make-invoice', MemorySize: 2_048 },
      },
    });
    const ended = await sluice('cost', '--json', '--assembly', folder, '--stage', 'prod');
    const [{ charges, notes }] = JSON.parse(ended.stdout).systems;
    const quantity = (part: string, price: string) =>
      charges.find((one: { part: string; price: string }) => one.part === part && one.price === price)?.quantity;
    const stack = 'stack sluice-prod-orders';
    expect(['alarms', 'compositeAlarms', 'keys', 'dashboards'].map((price) => quantity(stack, price))).toEqual([
      3, 1, 1, 1,
    ]);
    expect(quantity('consumer make-invoice', 'lambdaTime')).toBe(4 * quantity('consumer send-email', 'lambdaTime'));
    expect(notes).toEqual([]);
  });

  it('is asked for by stage', async () => {
    const { code, stderr } = await sluice('cost', '--assembly', assembly({}));
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^sluice: --assembly .+ has no template of stack 'sluice-dev-orders' .+ --stage names the same stage\n$/,
    );
  });
});

it('shows every line, and which prices are not confirmed', async () => {
  const { stdout } = await sluice('cost', '--lines', '--region', 'eu-west-1');
  expect(stdout).toMatch(/log order-log +Kinesis +shard hours \(not confirmed\) +1,460 shard-hour +24\.82/);
  expect(stdout).toMatch(/- not confirmed, see --prices: .*Kinesis: shard hours/);
});

it('--prices shows where prices are from', async () => {
  const { stdout } = await sluice('cost', '--prices', '--region', 'eu-west-1');
  expect(stdout).toMatch(
    /^SQS +standard queue requests +0\.4, 0\.3, 0\.24 +million requests +yes +https:\/\/aws\.amazon\.com\/sqs\/pricing\/$/m,
  );
  expect(stdout).toMatch(/^Kinesis +shard hours +0\.017 +shard-hour +no /m);
});

describe('errors name option, value, rule and fix', () => {
  it.each([
    [
      ['cost', '--region', 'mars-1'],
      "option '--region <name>' argument 'mars-1' is invalid. Allowed choices are us-east-1, eu-west-1.",
    ],
    [['cost', '--rate', '0'], "argument '0' is invalid. the rate must be a number above 0."],
    [['cost', '--effect-items', '100'], 'the number of items must be a whole number from 0 to 99.'],
    [['capacity'], "required option '--rate <n>' not specified"],
    [
      ['capacity', '--rate', '1', '--retention', '7'],
      "option '--retention <time>' argument '7' is invalid. the retention must be a number above 0 with its unit, s, m, h or d. Write for example 7d.",
    ],
    [
      ['capacity', '--rate', '1', '--bytes', '1kb'],
      "argument '1kb' is invalid. the size must be a whole number of bytes, or of KB, KiB, MB or MiB. Write for example 1KB.",
    ],
    [
      ['capacity', '--rate', '1', '--retention', '1d', '--outage', '36h'],
      '--retention 1 d must be longer than --outage 1.5 d: what expires unread is lost. Raise --retention.',
    ],
    [
      ['capacity', '--rate', '10', '--peak', '5'],
      '--peak 5 must not be below --rate 10: the peak is the most that is ever sent. Raise --peak, or leave it out.',
    ],
  ])('%j', async (args, message) => {
    const { code, stderr } = await sluice(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('times and sizes', () => {
  it.each([
    ['90s', 90],
    ['1.5m', 90],
    ['12h', 43_200],
    ['7d', 604_800],
  ])('%s is %i s', (text, seconds) => {
    expect(time('it')(text)).toBe(seconds);
  });

  it.each(['', '7', 'd', '7 d', '7D', '-1d', '0d', '1d12h', '1e3s', '7days'])("'%s' is no time", (text) => {
    expect(() => time('it')(text)).toThrow('it must be a number above 0 with its unit');
  });

  it.each([
    ['1024', 1_024],
    ['1KB', 1_000],
    ['1KiB', 1_024],
    ['2MB', 2e6],
    ['1MiB', 1_048_576],
  ])('%s is %i bytes', (text, bytes) => {
    expect(size('it')(text)).toBe(bytes);
  });

  it.each(['', '0', '1.5KB', '-1', '1 KB', '1kb', '1GB', 'KB'])("'%s' is no size", (text) => {
    expect(() => size('it')(text)).toThrow('it must be a whole number of bytes');
  });
});
