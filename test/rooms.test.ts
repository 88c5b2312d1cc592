import { globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, it } from 'vitest';

/**
 * The rooms of the house: what each folder is for, how large it may be, and that imports between rooms go one way. The table in docs/architecture.md
 * is written from here: `UPDATE_DOCS=1 npx vitest run test/rooms.test.ts`.
 */
const ROOT = join(import.meta.dirname, '..');
const PAGE = join(ROOT, 'docs/architecture.md');
const MOST_FILES = 12;

/** By house: rooms, and the sentence at the door of each. A house that is not here is one room still. */
const HOUSES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'lib/contracts': {
    '': 'the public door, and a system as the sum of its declarations',
    agreed:
      'names that who deploys and who runs agree upon: tables, variables, metrics, trace, the form of dead letters',
    declaring:
      'what declarations are made of: durations, retries, limits of AWS, shards, alarms, errors that name the fix',
    events: 'event types, their envelope, changes of items, older versions',
    schemas: 'JSON Schemas of events, their snapshots, and which changes break readers',
    channels: 'queues, logs, topics, outboxes, changes of tables, and what may be sent to them',
    subscriptions: 'who consumes which channel, with which promise, and the numbers that follow',
  },
  'lib/constructs': {
    '': 'the public door',
    stages: 'what a stage keeps and how large it is; ids and acknowledgements',
    stores: 'buckets, the inbox, keys',
    functions: 'functions with their role, log and code, and what invokes them',
    channels: 'logs, topics and queues as they are declared, and who may send',
    consumers: 'consumers of queues, logs and tables, the archive, the breaker controller',
    producing: 'the outbox, scheduled work, mail, the schema registry',
    alarms: 'every kind of alarm, and what it watches',
    dashboards: 'rows and pages of dashboards',
  },
  bin: {
    '': 'the CDK app, the command line, the stages',
    cli: 'which commands there are, and their options',
    options: 'values of options, and questions to who typed them',
    commands: 'what each command does',
    apps: 'CDK apps and assemblies, and where the SDK points',
    demo: 'sample traffic, what is disturbed, and the report',
    terminal: 'tables, colours, figures, differences',
  },
};

const filesOf = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.ts'));
const roomOf = (file: string): string => dirname(file);
const houseOf = (room: string): string | undefined =>
  Object.keys(HOUSES).find((house) => room === house || room.startsWith(`${house}/`));

/** Rooms of the same house that each room imports from; the public door, which only hands on, is not counted. */
function importsBetweenRooms(): ReadonlyMap<string, ReadonlySet<string>> {
  const between = new Map<string, Set<string>>();
  for (const file of globSync(['lib/**/*.ts', 'bin/**/*.ts'], { cwd: ROOT })) {
    const [room, house] = [roomOf(file), houseOf(roomOf(file))];
    if (house === undefined) continue;
    const known = between.get(room) ?? new Set();
    between.set(room, known);
    for (const [, path = ''] of readFileSync(join(ROOT, file), 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)) {
      const other = roomOf(normalize(join(dirname(file), path)));
      if (other !== room && houseOf(other) === house) known.add(other);
    }
  }
  return between;
}

it('every room says what it is for, and has a dozen files at most', () => {
  for (const [house, rooms] of Object.entries(HOUSES)) {
    const there = globSync('**/', { cwd: join(ROOT, house) }).filter((folder) => folder !== '.');
    expect(new Set(['', ...there]), house).toEqual(new Set(Object.keys(rooms)));
    for (const room of Object.keys(rooms))
      expect(filesOf(join(house, room)).length, room).toBeLessThanOrEqual(MOST_FILES);
  }
});

it('imports between rooms go one way', () => {
  const imports = importsBetweenRooms();
  const goesTo = (room: string, seen = new Set<string>()): Set<string> => {
    for (const next of imports.get(room) ?? []) if (!seen.has(next)) goesTo(next, seen.add(next));
    return seen;
  };
  expect([...imports.keys()].filter((room) => goesTo(room).has(room))).toEqual([]);
});

it('docs/architecture.md has the table of rooms', () => {
  const imports = importsBetweenRooms();
  const rows = Object.entries(HOUSES).flatMap(([house, rooms]) =>
    Object.entries(rooms).map(([room, purpose]) => {
      const path = room === '' ? house : `${house}/${room}`;
      const from = [...(imports.get(path) ?? [])].map((one) => one.slice(house.length + 1) || 'the door').sort();
      return `| \`${path}\` | ${purpose} | ${filesOf(path).length} | ${from.join(', ') || 'none'} |`;
    }),
  );
  const table = ['| room | what is in it | files | imports from its house |', '|---|---|---|---|', ...rows].join('\n');
  const page = readFileSync(PAGE, 'utf8');
  const written = page.replace(/<!-- rooms -->[\s\S]*?<!-- \/rooms -->/, `<!-- rooms -->\n${table}\n<!-- /rooms -->`);
  if (process.env.UPDATE_DOCS === '1') writeFileSync(PAGE, written);
  else expect(page, 'UPDATE_DOCS=1 npx vitest run test/rooms.test.ts writes it anew').toBe(written);
});
