import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SchemaWorld, schemaAsyncApi, schemaCheck, schemaWrite } from '../../bin/commands/schema.ts';
import { log } from '../../lib/contracts/channels/log.ts';
import { queue } from '../../lib/contracts/channels/queue.ts';
import { topic } from '../../lib/contracts/channels/topic.ts';
import { event } from '../../lib/contracts/events/event.ts';
import { previousVersion } from '../../lib/contracts/events/upcast.ts';
import { subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { type SystemContract, systemContract } from '../../lib/contracts/system.ts';
import { SYSTEMS } from '../../lib/systems/systems.ts';

/** A small shop, in the versions its developers try. */
const base = { id: v.string(), price: v.number() };
const Sold1 = v.object(base);

function shop(version: number, data: StandardSchemaV1<unknown, { id: string }>, upcasts = true): SystemContract {
  const previous =
    version > 1 && upcasts
      ? [previousVersion(1, Sold1, (old): { id: string } => ({ ...old, currency: 'GBP' }) as { id: string })]
      : [];
  const Sold = event('shop.thing-sold', { version, data, key: ({ id }) => id, previous: previous as [] });
  const sales = topic('sales', { events: [Sold] });
  const history = log('history', { events: [Sold] });
  const work = queue('work', { events: [Sold], from: sales });
  return systemContract('shop', {
    Sold,
    sales,
    history,
    work,
    ship: subscription('ship', { to: work }),
    count: subscription('count', { to: history }),
  });
}

let folder: string;
let printed: string[];
const world = (system: SystemContract, now = '2026-11-20T00:00:00Z'): SchemaWorld => ({
  systems: [system],
  folder,
  now: new Date(now),
  print: (text) => void printed.push(text),
});
const output = (): string => printed.splice(0).join('\n');
const CHECK = { json: false, mode: 'backward' } as const;
const WRITE = { json: false, force: false, yes: false } as const;
const FILE = 'shop.thing-sold.v1.json';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-schemas-'));
  printed = [];
  await schemaWrite(WRITE, world(shop(1, Sold1)));
  output();
});
afterEach(() => rm(folder, { recursive: true }));

describe('schema check', () => {
  it('passes what is committed', async () => {
    expect(await schemaCheck(CHECK, world(shop(1, Sold1)))).toBe(0);
    expect(output()).toBe('ok    shop.thing-sold  version 1\n1 of 1 events are as committed');
  });

  it('fails a breaking change, naming field, rule, what was and is, the consumers and the fix', async () => {
    const breaking = v.object({ id: v.string(), price: v.string(), currency: v.string() });
    expect(await schemaCheck(CHECK, world(shop(1, breaking)))).toBe(1);
    const text = output();
    expect(text).toContain(
      [
        'error shop.thing-sold version 1  price: type-changed',
        '        - number',
        '        + string',
        '      full: new code cannot read what is in the channels, nor the code that is still running what will be sent',
        '      consumers: count, ship',
        '      fix: Restore version 1 as in schemas/shop.thing-sold.v1.json; declare the change as version 2 with previousVersion(1, …)',
      ].join('\n'),
    );
    expect(text).toContain('error shop.thing-sold version 1  currency: required-field-added');
    expect(text).toMatch(/currency[^\n]*\n.*\n.*\n {6}backward: new code cannot read what is in the channels/);
    expect(text).toMatch(/\d problems; nothing was changed$/);
  });

  it('passes the same change as a new version with an upcaster, once it is committed', async () => {
    const next = world(shop(2, v.object({ ...base, currency: v.string() })));
    expect(await schemaCheck(CHECK, next)).toBe(1);
    expect(output()).toContain('error shop.thing-sold version 2: not-committed');
    expect(await schemaWrite(WRITE, next)).toBe(0);
    output();
    expect(await schemaCheck(CHECK, next)).toBe(0);
    expect(output()).toContain('ok    shop.thing-sold  version 2; reads 1 (in channels until 2026-12-11)');
  });

  it('fails a new version that forgets the old one, until the old events are gone', async () => {
    const data = v.object({ ...base, currency: v.string() });
    await schemaWrite(WRITE, world(shop(2, data)));
    output();
    expect(await schemaCheck(CHECK, world(shop(2, data, false)))).toBe(1);
    expect(output()).toContain('upcaster-missing');
    expect(await schemaCheck(CHECK, world(shop(2, data, false), '2026-12-11T00:00:00Z'))).toBe(0);
  });

  it('passes a change of words', async () => {
    const reworded = v.object({ ...base, price: v.pipe(v.number(), v.description('in pence')) });
    expect(await schemaCheck({ ...CHECK, mode: 'full' }, world(shop(1, reworded)))).toBe(0);
  });

  it('tells what write would bring up to date, and write does just that', async () => {
    const reworded = world(shop(1, v.object({ ...base, price: v.pipe(v.number(), v.description('in pence')) })));
    expect(await schemaCheck(CHECK, reworded)).toBe(0);
    const told = output();
    expect(told).toMatch(/^stale .*shop\.thing-sold\.v1\.json: other words, channels or retention than declared$/m);
    expect(told).toContain('fix: Run: npx sluice schema write, and commit what it writes');
    expect(told).toMatch(/1 of 1 events break nobody; 1 of their snapshots are to be written again$/);
    await schemaWrite(WRITE, reworded);
    expect(output()).toMatch(/^new facts {4}\S*shop\.thing-sold\.v1\.json$/);
    expect(await schemaCheck(CHECK, reworded)).toBe(0);
    const clean = output();
    expect(clean).toMatch(/1 of 1 events are as committed$/);
    expect(clean).not.toContain('fix:');
  });

  it('tells one mistake once, in a part that several events share', async () => {
    const twoEvents = (price: v.GenericSchema) => {
      const data = v.object({ id: v.string(), price });
      const declared = (type: string) =>
        event(type, { version: 1, data: data as StandardSchemaV1<unknown, { id: string }>, key: ({ id }) => id });
      const [Sold, Returned] = [declared('shop.thing-sold'), declared('shop.thing-returned')];
      const history = log('history', { events: [Sold, Returned] });
      return systemContract('shop', { Sold, Returned, history, count: subscription('count', { to: history }) });
    };
    await schemaWrite({ ...WRITE, force: true, yes: true }, world(twoEvents(v.number())));
    output();
    expect(await schemaCheck(CHECK, world(twoEvents(v.string())))).toBe(1);
    expect(output().split('\n')).toEqual([
      'error shop.thing-returned version 1  price: type-changed',
      '      the same in shop.thing-sold version 1',
      '        - number',
      '        + string',
      '      full: new code cannot read what is in the channels, nor the code that is still running what will be sent',
      '      consumers: count',
      expect.stringMatching(
        /^ {6}fix: Restore version 1 as in schemas\/shop\.thing-returned\.v1\.json; .*; so for the others$/,
      ),
      '1 problem; nothing was changed',
    ]);
  });

  it('--json is one line with everything in it', async () => {
    expect(
      await schemaCheck({ json: true, mode: 'full' }, world(shop(1, v.object({ id: v.string(), price: v.string() })))),
    ).toBe(1);
    const [line, more] = output().split('\n');
    expect(more).toBe(undefined);
    expect(JSON.parse(line ?? '')).toMatchObject({
      ok: false,
      mode: 'full',
      events: [{ type: 'shop.thing-sold', versions: [1], consumers: ['count', 'ship'], retentionDays: 21 }],
      findings: expect.arrayContaining([
        expect.objectContaining({
          event: 'shop.thing-sold',
          version: 1,
          path: 'price',
          rule: 'type-changed',
          breaks: 'full',
        }),
      ]),
    });
  });
});

describe('schema write', () => {
  const changed = shop(1, v.object({ id: v.string() }));
  const committed = () => readFile(join(folder, FILE), 'utf8');

  it('has nothing to do twice', async () => {
    expect(await schemaWrite(WRITE, world(shop(1, Sold1), '2027-01-01T00:00:00Z'))).toBe(0);
    expect(output()).toBe('nothing to write: 1 of 1 snapshots are up to date');
  });

  it.each([
    ['by itself', WRITE, 'Raise the version and upcast the old one'],
    ['with --yes alone', { ...WRITE, yes: true }, 'Raise the version and upcast the old one'],
    ['with --force alone', { ...WRITE, force: true }, 'Nothing was overwritten'],
  ])('never overwrites a committed version %s', async (_, options, advice) => {
    const before = await committed();
    expect(await schemaWrite(options, world(changed))).toBe(1);
    expect(await committed()).toBe(before);
    const text = output();
    expect(text).toMatch(/left alone .*shop\.thing-sold\.v1\.json: it is committed and its data differs/);
    expect(text).toContain(advice);
  });

  it('overwrites with --force --yes, and says so', async () => {
    expect(await schemaWrite({ ...WRITE, force: true, yes: true }, world(changed))).toBe(0);
    expect(output()).toMatch(/overwritten .*shop\.thing-sold\.v1\.json/);
    expect(await committed()).not.toContain('price');
  });

  it('--json says what was written and what was left', async () => {
    await schemaWrite({ ...WRITE, json: true }, world(changed));
    expect(JSON.parse(output())).toEqual({
      ok: false,
      written: [],
      left: [{ file: expect.stringContaining(FILE), change: 'overwrite' }],
    });
  });
});

describe('schema asyncapi', () => {
  it('prints the document, or writes it', async () => {
    const here = world(shop(1, Sold1));
    expect(await schemaAsyncApi({}, here)).toBe(0);
    const document = JSON.parse(output());
    expect(document).toMatchObject({ asyncapi: '3.0.0', operations: { ship: { action: 'receive' } } });
    const file = join(folder, 'asyncapi.json');
    await schemaAsyncApi({ output: file }, here);
    expect(output()).toBe(`written  ${file}`);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(document);
  });
});

describe('this house', () => {
  it('is committed as it is declared', async () => {
    const print = (text: string) => void printed.push(text);
    const schemas = join(import.meta.dirname, '../../schemas');
    const code = await schemaCheck(CHECK, {
      systems: SYSTEMS.map(({ contract }) => contract),
      folder: schemas,
      now: new Date(),
      print,
    });
    const told = output();
    expect(code, told).toBe(0);
    expect(told).toMatch(/ events are as committed$/);
  });
});

describe('the command line', () => {
  const sluice = (...args: string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      const file = join(import.meta.dirname, '../../bin/sluice.ts');
      execFile(process.execPath, [file, 'schema', ...args], (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });

  it.each(['check', 'write', 'asyncapi'])('%s shows options and an example', async (command) => {
    const { code, stdout } = await sluice(command, '--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(/Options:[\s\S]*Examples?:\n {2}\$ /);
  });

  it('checks this house, as JSON on one line', async () => {
    const { code, stdout } = await sluice('check', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, mode: 'backward', findings: [] });
    expect(code).toBe(0);
  });

  it('refuses a mode that is none with exit code 2', async () => {
    const { code, stderr } = await sluice('check', '--mode', 'sideways');
    expect(stderr).toContain('Allowed choices are backward, forward, full');
    expect(code).toBe(2);
  });
});
