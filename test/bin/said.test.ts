import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { capacity } from '../../bin/commands/capacity.ts';
import { cost } from '../../bin/commands/cost.ts';
import { REGIONS } from '../../lib/operations/cost/price-list.ts';
import { SYSTEMS } from '../../lib/systems/systems.ts';

/**
 * What commands say, kept word for word in `kept/`: options, their defaults and choices, figures with their units. Whoever changes them on purpose
 * looks at what else has changed: `npx vitest run test/bin/said.test.ts -u`.
 */
const ROOT = join(import.meta.dirname, '../..');
const said = (args: readonly string[]) =>
  promisify(execFile)(process.execPath, [join(ROOT, 'bin/sluice.ts'), ...args], { cwd: ROOT });

const COMMANDS: readonly string[] = [
  ...['', 'demo', 'local', 'lint', 'produce', 'systems'],
  ...['parked', 'parked list', 'parked show', 'parked resume', 'parked skip', 'parked edit'],
  ...['schema', 'schema check', 'schema write', 'schema asyncapi', 'cost', 'capacity'],
];

/** Everything that a plan may say, and as little as it may. */
const PLANS = {
  least: { producers: 1, rate: 1, bytes: 1, retention: 1, copies: 1, perConsumer: 1, readers: 1, batch: 1 },
  usual: { producers: 3, rate: 500, peak: 700, bytes: 900, retention: 90_000, copies: 3, perConsumer: 1_000 },
  large: {
    ...{ producers: 10_000, rate: 100, peak: 150, bytes: 1_000, retention: 604_800, copies: 3, perConsumer: 50_000 },
    ...{ readers: 3, outage: 172_800, batch: 50 },
  },
  big: { producers: 2, rate: 10, bytes: 30_000, retention: 1_209_600, copies: 2, perConsumer: 7, outage: 86_400 },
} as const;

describe('sluice', () => {
  it('says what each command takes', async () => {
    const texts: string[] = [];
    for (const command of COMMANDS) {
      const { stdout } = await said([...command.split(' ').filter((word) => word !== ''), '--help']);
      texts.push(`$ sluice ${command}\n\n${stdout}`);
    }
    await expect(texts.join('\n')).toMatchFileSnapshot('kept/help.txt');
  });

  it.each(REGIONS)('capacity says what each plan takes, and costs in %s', async (region) => {
    const texts: string[] = [];
    const print = (text: string) => void texts.push(text);
    for (const [name, plan] of Object.entries(PLANS)) {
      const options = { readers: 1, batch: 100, duration: 100, ...plan, region };
      texts.push(`\n# ${name}\n`);
      expect(await capacity({ ...options, json: false }, print)).toBe(0);
      expect(await capacity({ ...options, json: true }, print)).toBe(0);
      // A line for each charge.
      texts.push(texts.pop()?.replaceAll(/(?=\{"(?:name|price)")|(?<=\},)/g, '\n') ?? '');
    }
    await expect(texts.join('\n')).toMatchFileSnapshot(`kept/capacity-${region}.txt`);
  });

  it.each([
    [
      1,
      1_000,
      /\nsteps from 1 +2, 3 +at most double and at least half in a step, ten steps in 24 hours; a deployment for each *\n/,
    ],
    [3, 1_000, /\nsteps from 3 +none +it has as many as it needs *\n/],
    [20, 1_000, /\nsteps from 20 +10, 5, 3 +at most/],
    [
      1,
      600_000,
      /\nsteps from 1 +2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1800 +.*; a deployment for each: 2 days *\n/,
    ],
  ])('capacity says in which steps %i shards become those for %i messages a second', async (shards, rate, row) => {
    const texts: string[] = [];
    const options = { ...PLANS.least, duration: 100, bytes: 1_000, region: REGIONS[0], rate, shards };
    await capacity({ ...options, json: false }, (text) => void texts.push(text));
    expect(texts.join('')).toMatch(row);
    await capacity({ ...options, json: true }, (text) => void texts.push(text));
    const { steps, capacity: needed } = JSON.parse(texts.at(-1) ?? '');
    expect(steps.at(-1) ?? shards).toBe(needed.shards);
  });

  it.each(REGIONS)('cost says what the orders cost in %s, line by line, and at what prices', async (region) => {
    const texts: string[] = [];
    const world = { systems: SYSTEMS, print: (text: string) => void texts.push(text) };
    const options = { region, duration: 250, effectItems: 2, stage: 'dev', lines: true, idle: false, json: false };
    expect(await cost({ ...options, rate: 77, prices: false }, world)).toBe(0);
    expect(await cost({ ...options, prices: true }, world)).toBe(0);
    await expect(`${texts.join('\n\n')}\n`).toMatchFileSnapshot(`kept/cost-${region}.txt`);
    // The list in JSON is of the region, too.
    expect(await cost({ ...options, prices: true, json: true }, world)).toBe(0);
    expect(JSON.parse(texts.at(-1) ?? '')).toMatchObject({ region, date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) });
  });

  const CALLED_WRONGLY = { producers: 1, bytes: 1, copies: 1, perConsumer: 1, readers: 1, batch: 1, duration: 1 };
  it.each([
    [{ rate: 2, peak: 1.9, retention: 60 }, /^--peak 1.9 must not be below --rate 2: /],
    [{ rate: 2, peak: 2, retention: 60, outage: 60 }, /^--retention 1 min must be longer than --outage 1 min: /],
  ])('capacity refuses %o', async (some, text) => {
    const options = { ...CALLED_WRONGLY, region: REGIONS[0], json: false, ...some };
    await expect(capacity(options, () => undefined)).rejects.toThrow(text);
  });
});
