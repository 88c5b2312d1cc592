import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { produce } from '../../../bin/commands/produce.ts';
import { listSystems } from '../../../bin/commands/systems.ts';
import { firstOf, NoSystems, systemNamed, systemsOf, toolsOf } from '../../../bin/config/systems.ts';
import { systemContract } from '../../../lib/contracts/system.ts';
import { type System, stackNameOf } from '../../../lib/operations/systems/system.ts';
import { SYSTEMS } from '../../../lib/systems/systems.ts';
import { temporaryDirectory } from '../../local/engine/support.ts';

afterEach(() => void vi.restoreAllMocks());

const contract = systemContract('parcels', {});
const parcels: System = { name: 'parcels', summary: 'sends parcels', contract };
const CONTRACT = JSON.stringify(contract);

describe('the systems of a folder', () => {
  const folderWith = (file: string, text: string): string => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, file), text);
    return folder;
  };
  const config = (systems: string) => `export default { systems: ${systems} };`;
  const one = `[{ name: 'parcels', summary: 'sends parcels', contract: ${CONTRACT} }]`;

  it.each(['sluice.config.ts', 'sluice.config.js', 'sluice.config.mjs'])('stand in its %s', async (file) => {
    expect(await systemsOf(folderWith(file, config(one)))).toEqual([parcels]);
  });

  it('are those of this house here', async () => {
    expect((await systemsOf()).map(({ name }) => name)).toEqual(SYSTEMS.map(({ name }) => name));
  });

  it('that says none is told what to write there', async () => {
    const folder = temporaryDirectory();
    const failed = systemsOf(folder);
    await expect(failed).rejects.toThrow(NoSystems);
    await expect(failed).rejects.toThrow(`there is no sluice.config.ts in ${folder}, which says what systems`);
    await expect(failed).rejects.toThrow('export default { systems: [{ name:');
  });

  it.each([
    ['nothing by default', 'export const systems = [];'],
    ['no list', config('{}')],
    ['an empty list', config('[]')],
    ['a system without a name', config(`[{ summary: 'x', contract: ${CONTRACT} }]`)],
    ['a system without a summary', config(`[{ name: 'x', contract: ${CONTRACT} }]`)],
    ['a system without a contract', config(`[{ name: 'x', summary: 'x', contract: null }]`)],
    ['one that is right beside one that is not', config(`[...${one}, null]`)],
  ])('is told so when it exports %s', async (_, text) => {
    const folder = folderWith('sluice.config.mjs', text);
    const failed = systemsOf(folder);
    await expect(failed).rejects.toThrow(NoSystems);
    await expect(failed).rejects.toThrow(
      `${join(folder, 'sluice.config.mjs')} must export by default { systems: [...] } with a name, a summary and a contract each`,
    );
  });
});

describe('one of them', () => {
  const other: System = { ...parcels, name: 'other', stackName: (stage) => `by-hand-${stage}` };

  it('is found by its name, or is the first', () => {
    expect(systemNamed([parcels, other], 'other')).toBe(other);
    expect(firstOf([parcels, other])).toBe(parcels);
    expect(() => systemNamed([parcels, other], 'nobody')).toThrow(
      "there is no system 'nobody' here (there are: parcels, other). Check the name, or add it to sluice.config.ts.",
    );
  });

  it('has a stack by its name, or as it says', () => {
    expect([parcels, other].map((system) => stackNameOf(system, 'dev'))).toEqual(['sluice-dev-parcels', 'by-hand-dev']);
  });

  it('without tools cannot be run, and the error says what to give it', async () => {
    await expect(toolsOf(parcels)).rejects.toThrow(
      "system 'parcels' has no sample producers: give it 'tools' in sluice.config.ts",
    );
    const tools = {} as never;
    expect(await toolsOf({ ...parcels, tools: async () => tools })).toBe(tools);
  });
});

describe('sluice systems', () => {
  const said = async (options: { stage: string; json: boolean }) => {
    const out: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0);
    expect(await listSystems(options)).toBe(0);
    return out.join('');
  };

  it('lists them for people', async () => {
    const [head, ...rows] = (await said({ stage: 'prod', json: false })).trimEnd().split('\n');
    expect(head).toMatch(/^system +what it is for +stack +consumers +samples$/);
    const orders = rows.find((row) => row.startsWith('orders '));
    expect(orders).toMatch(
      / sluice-prod-orders +charge-card, make-invoice, reserve-stock, sales-totals, send-email +yes$/,
    );
    expect(rows.filter((row) => /^[a-z]/.test(row))).toHaveLength(SYSTEMS.length);
  });

  it('lists them for machines', async () => {
    const { systems } = JSON.parse(await said({ stage: 'dev', json: true }));
    expect(systems).toHaveLength(SYSTEMS.length);
    expect(systems).toContainEqual({
      ...{ name: 'orders', stack: 'sluice-dev-orders', samples: true },
      summary: expect.stringContaining('place an order'),
      channels: ['emails', 'invoices', 'order-log', 'order-topic', 'payments', 'stock'],
      subscriptions: ['charge-card', 'make-invoice', 'reserve-stock', 'sales-totals', 'send-email'],
    });
  });
});

describe('sluice produce in the folder of another app', () => {
  const home = process.cwd();
  afterEach(() => process.chdir(home));

  it.each([
    ['no tools', 'undefined', {}, "system 'parcels' has no sample producers"],
    [
      'nothing to prepare',
      'async () => ({ producers: { all: { unit: "parcels", file: "p.ndjson" } } })',
      { prepare: true },
      "the samples of system 'parcels' need nothing: leave out --prepare",
    ],
  ])('is refused for a system with %s', async (_, tools, options, text) => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'p.ndjson'), '{}\n');
    writeFileSync(
      join(folder, 'sluice.config.mjs'),
      `export default { systems: [{ name: 'parcels', summary: 's', contract: ${CONTRACT}, tools: ${tools} }] };`,
    );
    process.chdir(folder);
    await expect(produce('parcels', { stage: 'dev', json: false, prepare: false, ...options })).rejects.toThrow(text);
  });
});
