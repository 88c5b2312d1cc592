import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { log } from '../../../lib/contracts/channels/log.ts';
import { fifoQueue, queue } from '../../../lib/contracts/channels/queue.ts';
import { topic } from '../../../lib/contracts/channels/topic.ts';
import { days } from '../../../lib/contracts/declaring/duration.ts';
import { event } from '../../../lib/contracts/events/event.ts';
import { previousVersion } from '../../../lib/contracts/events/upcast.ts';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { systemContract } from '../../../lib/contracts/system.ts';
import { declaredSchemas, jsonSchemaOf } from '../../../lib/operations/schemas/schemas.ts';
import { planSnapshots, readSnapshots, writeSnapshots } from '../../../lib/operations/schemas/schemas-files.ts';

const V1 = v.object({ id: v.string() });
const V2 = v.object({ id: v.string(), note: v.optional(v.string(), '') });
const Sold = event('tickets.ticket-sold', {
  version: 2,
  data: V2,
  key: ({ id }) => id,
  previous: [previousVersion(1, V1, ({ id }) => ({ id, note: '' }))],
});
const sales = topic('sales', { events: [Sold] });
const system = (exports: Record<string, unknown>) => systemContract('tickets', exports);

describe('jsonSchemaOf', () => {
  it('writes what is read: a field with a default may be missing', async () => {
    expect(await jsonSchemaOf(V2, 'tickets')).toEqual({
      type: 'object',
      properties: { id: { type: 'string' }, note: { type: 'string', default: '' } },
      required: ['id'],
    });
  });

  it('takes what another validator converts by itself', async () => {
    const asked: unknown[] = [];
    const input = (options: unknown) => {
      asked.push(options);
      return { $schema: 'http://json-schema.org/draft-07/schema#', type: 'string' };
    };
    const other = {
      '~standard': { version: 1, vendor: 'other', validate: () => ({ value: 1 }), jsonSchema: { input } },
    };
    expect(await jsonSchemaOf(other as StandardSchemaV1, 'tickets')).toEqual({ type: 'string' });
    expect(asked).toEqual([{ target: 'draft-07' }]);
  });

  it.each([
    [
      'a rule in code',
      v.pipe(
        v.string(),
        v.check((text) => text !== ''),
      ),
      /^urn:x: its data cannot be written as JSON Schema: The "check" action/,
    ],
    [
      'another validator',
      { '~standard': { version: 1, vendor: 'other', validate: () => ({ value: 1 }) } },
      /'other' has no converter/,
    ],
    [
      'a converter that gives nothing',
      {
        '~standard': {
          version: 1,
          vendor: 'other',
          validate: () => ({ value: 1 }),
          jsonSchema: { input: () => undefined },
        },
      },
      /the converter gave no schema/,
    ],
  ])('refuses %s', async (_, schema, message) => {
    await expect(jsonSchemaOf(schema as StandardSchemaV1, 'urn:x')).rejects.toThrow(message);
  });
});

describe('declaredSchemas', () => {
  it('has each version, the channels, the consumers', async () => {
    const work = queue('work', { events: [Sold], from: sales });
    const worker = subscription('worker', { to: work });
    const [sold] = await declaredSchemas([system({ Sold, sales, work, worker })]);
    expect(sold).toMatchObject({
      type: 'tickets.ticket-sold',
      channels: ['sales', 'work'],
      consumers: ['worker'],
      versions: [{ version: 1 }, { version: 2 }],
    });
  });

  it.each([
    ['a topic keeps nothing', { sales }, 0],
    [
      'a queue: its retention, then the dead letters',
      { sales, q: queue('q', { events: [Sold], retention: days(2), deadLetterRetention: days(5) }) },
      7,
    ],
    [
      'the longest counts',
      { a: fifoQueue('a', { events: [Sold] }), b: log('b', { events: [Sold], retention: days(30) }) },
      44,
    ],
  ])('retention: %s', async (_, exports, retentionDays) => {
    expect(await declaredSchemas([system({ Sold, ...exports })])).toEqual([expect.objectContaining({ retentionDays })]);
  });

  it('an event may be shared by systems, but not declared twice', async () => {
    expect(await declaredSchemas([system({ Sold }), system({ Sold })])).toHaveLength(1);
    const again = event('tickets.ticket-sold', { version: 1, data: V1, key: ({ id }) => id });
    await expect(declaredSchemas([system({ Sold }), system({ again })])).rejects.toThrow(
      "event 'tickets.ticket-sold' is declared more than once. Declare it in one contract and import it in the others",
    );
  });
});

describe('snapshot files', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-schemas-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const plan = async (now = new Date('2026-11-20T00:00:00Z'), exports: Record<string, unknown> = { sales }) =>
    planSnapshots(await declaredSchemas([system({ Sold, ...exports })]), await readSnapshots(folder), now);

  it('are none where there is no folder', async () => {
    expect(await readSnapshots(join(folder, 'none'))).toEqual([]);
  });

  it('are not none where the folder cannot be read', async () => {
    const file = join(folder, 'README.md');
    await writeFile(file, 'x');
    await expect(readSnapshots(file)).rejects.toThrow('ENOTDIR');
    const loop = join(folder, 'loop');
    await symlink(loop, loop);
    await expect(readSnapshots(loop)).rejects.toThrow('ELOOP');
    // A snapshot that cannot be read is not passed over either.
    await mkdir(join(folder, 'tickets.ticket-sold.v1.json'));
    await expect(readSnapshots(folder)).rejects.toThrow('EISDIR');
  });

  it('are written once and read back, other files beside them passed over', async () => {
    const first = await plan();
    expect(first.map(({ change }) => change)).toEqual(['new', 'new']);
    await writeSnapshots(
      folder,
      first.map(({ snapshot }) => snapshot),
    );
    await writeFile(join(folder, 'README.md'), 'x');
    expect((await readdir(folder)).sort()).toEqual([
      'README.md',
      'tickets.ticket-sold.v1.json',
      'tickets.ticket-sold.v2.json',
    ]);
    expect((await plan()).map(({ change }) => change)).toEqual(['same', 'same']);
  });

  it('keep the day they were first written when their facts change', async () => {
    await writeSnapshots(
      folder,
      (await plan()).map(({ snapshot }) => snapshot),
    );
    const later = await plan(new Date('2027-01-01T00:00:00Z'), { sales, more: log('more', { events: [Sold] }) });
    expect(later.map(({ change }) => change)).toEqual(['facts', 'facts']);
    expect(later[0]?.snapshot).toMatchObject({ since: '2026-11-20', channels: ['more', 'sales'], retentionDays: 21 });
  });

  it('say when the data differs from what is committed', async () => {
    const [one, two] = await plan();
    if (one === undefined || two === undefined) throw new Error('nothing planned');
    await writeSnapshots(folder, [one.snapshot, { ...two.snapshot, schema: { type: 'object' } }]);
    expect((await plan()).map(({ change }) => change)).toEqual(['same', 'overwrite']);
  });
});
