import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import * as v from 'valibot';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type SchemaWorld, schemaAsyncApi, schemaCheck, schemaWrite } from '../../bin/commands/schema.ts';
import { log } from '../../lib/contracts/channels/log.ts';
import { queue } from '../../lib/contracts/channels/queue.ts';
import { event } from '../../lib/contracts/events/event.ts';
import { previousVersion } from '../../lib/contracts/events/upcast.ts';
import { subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { type SystemContract, systemContract } from '../../lib/contracts/system.ts';

/**
 * What the commands say of schemas, word for word, kept in `kept/schema/`: each thing that may have become of an event since it was committed, in each
 * mode, and what `write` makes of it with each of its options (`npx vitest run test/bin/schema-words.test.ts -u`).
 */
type Data = StandardSchemaV1<unknown, { id: string }>;
interface Declared {
  /** The newest version's data last; those before are upcast. */
  readonly data: readonly Data[];
  /** @default all before the newest */
  readonly upcast?: readonly number[];
  /** @default as many as there are */
  readonly version?: number;
}
const thing = (more: v.ObjectEntries = {}) => v.object({ id: v.string(), ...more }) as unknown as Data;
const price = v.object({ pence: v.number(), currency: v.string() });

function store(declared: Readonly<Record<string, Declared>>): SystemContract {
  const events = Object.entries(declared).map(([name, { data, version = data.length, upcast }]) => {
    const numbers = upcast ?? data.slice(0, -1).map((_, i) => i + 1);
    const previous = numbers.map((n) => previousVersion(n, data[n - 1] as Data, (old: { id: string }) => old));
    return event(`store.${name}`, {
      ...{ version, data: data.at(-1) as Data, key: ({ id }: { id: string }) => id, previous: previous as [] },
    });
  });
  const [first, ...others] = events;
  if (first === undefined) return systemContract('store', {});
  const history = log('history', { events: [first, ...others] });
  const work = queue('work', { events: [first] });
  return systemContract('store', {
    ...Object.fromEntries(events.map((one, i) => [`e${i}`, one])),
    ...{ history, work, count: subscription('count', { to: history }), ship: subscription('ship', { to: work }) },
  });
}

const [OLD, OLDER] = [thing({ amount: v.number() }), thing()];
const NOW: Data = thing({ price, amount: v.number() });
const ALSO: Declared = { data: [OLDER, OLD] };
/** As it was committed over time: an event in three versions, one beside it with the same part, and a third. */
const HISTORY: readonly (readonly [day: string, declared: Readonly<Record<string, Declared>>])[] = [
  ['2026-01-02', { sold: { data: [OLDER] } }],
  ['2026-11-03', { sold: { data: [OLDER, OLD] }, also: { data: [OLDER] } }],
  ['2026-11-07', { also: ALSO }],
  [
    '2026-11-10',
    { also: ALSO, sold: { data: [OLDER, OLD, NOW] }, paid: { data: [thing({ price })] }, seen: { data: [thing()] } },
  ],
];
const COMMITTED = HISTORY.at(-1)?.[1] ?? {};
const brokenPrice = v.object({ pence: v.string(), currency: v.string() });
const inWords = v.object({ pence: v.pipe(v.number(), v.description('hundredths')), currency: v.string() });

const SINCE: Readonly<Record<string, Readonly<Record<string, Declared>>>> = {
  nothing: COMMITTED,
  'a part that two share': {
    ...COMMITTED,
    sold: { data: [OLDER, OLD, thing({ price: brokenPrice, amount: v.number() })] },
    paid: { data: [thing({ price: brokenPrice })] },
  },
  'an event gone and a version lowered': { also: ALSO, sold: { data: [OLDER, OLD] }, seen: { data: [thing()] } },
  'a new version that old code cannot read': {
    ...COMMITTED,
    sold: { data: [OLDER, OLD, NOW, thing({ amount: v.string() })] },
  },
  'an old version without a way from it': { ...COMMITTED, sold: { data: [OLDER, OLD, NOW], upcast: [2], version: 3 } },
  'more that all can read': {
    ...COMMITTED,
    paid: { data: [thing({ price, note: v.optional(v.string()) })] },
    seen: { data: [thing({ note: v.optional(v.string()) })] },
  },
  'an old version that was written otherwise': {
    ...COMMITTED,
    sold: { data: [OLDER, thing({ amount: v.string() }), NOW] },
  },
  'other words': {
    ...COMMITTED,
    sold: { data: [OLDER, OLD, thing({ price: inWords, amount: v.number() })] },
    paid: { data: [thing({ price: inWords })] },
  },
  'other words, and a mistake': {
    ...COMMITTED,
    paid: { data: [thing({ price: inWords })] },
    seen: { data: [thing({ id: v.number() })] },
  },
  'everything gone': {},
};

/** The snapshots as they were written over time, in a folder of their own. */
async function committed(): Promise<{
  folder: string;
  said: () => string;
  world: (one: SystemContract) => SchemaWorld;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-schemas-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const printed: string[] = [];
  const world = (system: SystemContract, now = new Date('2026-11-20T12:00:00Z')): SchemaWorld => ({
    ...{ systems: [system], folder, now, print: (text) => void printed.push(text) },
  });
  for (const [day, declared] of HISTORY)
    expect(await schemaWrite({ json: false, force: false, yes: false }, world(store(declared), new Date(day)))).toBe(0);
  printed.length = 0;
  const here = (text: string) => text.replaceAll(/[^\s"]*sluice-schemas-[^/]*\//g, 'schemas/');
  return { folder, world, said: () => here(`${printed.splice(0).join('\n')}\n`) };
}
const filesOf = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));

describe.each(Object.entries(SINCE))('since it was committed: %s', (name, declared) => {
  const file = (command: string) => `kept/schema/${name.replaceAll(/\W+/g, '-')}-${command}.txt`;

  it('check says so', async () => {
    const { folder, world, said } = await committed();
    const before = filesOf(folder);
    const texts: string[] = [];
    for (const mode of ['backward', 'forward', 'full'] as const)
      for (const json of [false, true]) {
        const code = await schemaCheck({ mode, json }, world(store(declared)));
        const text = json ? said().replaceAll(/(?=\{"(?:type|event)")/g, '\n') : said();
        texts.push(`# ${mode}${json ? ', json' : ''}: ${code}\n${text}`);
      }
    expect(filesOf(folder)).toEqual(before);
    await expect(texts.join('\n')).toMatchFileSnapshot(file('check'));
  });

  it('write writes what may be written', async () => {
    const texts: string[] = [];
    for (const [force, yes] of [
      [false, false],
      [false, true],
      [true, false],
      [true, true],
    ])
      for (const json of [false, true]) {
        const { folder, world, said } = await committed();
        const before = filesOf(folder);
        const code = await schemaWrite({ force: force ?? false, yes: yes ?? false, json }, world(store(declared)));
        const changed = Object.entries(filesOf(folder)).filter(([name, text]) => before[name] !== text);
        texts.push(
          `# force ${force}, yes ${yes}${json ? ', json' : ''}: ${code}\n${said()}${changed
            .map(([name, text]) => `> ${name} of ${(JSON.parse(text) as { since: string }).since}\n`)
            .join('')}`,
        );
      }
    await expect(texts.join('\n')).toMatchFileSnapshot(file('write'));
  });
});

it('the document is printed as it is written, without an empty line at its end', async () => {
  const { folder, world, said } = await committed();
  const file = join(folder, 'made.json');
  expect(await schemaAsyncApi({}, world(store(COMMITTED)))).toBe(0);
  const printed = said();
  expect(await schemaAsyncApi({ output: file }, world(store(COMMITTED)))).toBe(0);
  expect(said()).toBe('written  schemas/made.json\n');
  expect(printed).toBe(readFileSync(file, 'utf8'));
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  expect(JSON.parse(printed).info).toMatchObject({
    ...{ title: 'sluice', version },
    description: 'What the systems say to each other. Generated from their contracts: npx sluice schema asyncapi',
  });
});
