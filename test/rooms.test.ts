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
  'lib/runtime': {
    '': 'the public door',
    aws: 'the light client: what a function says to AWS, signed, and what the services answered',
    'aws/calls': 'the form of a call, and what items weigh',
    'aws/protocols': 'how each service is spoken to',
    backpressure: 'how fast a producer may go',
    invocation: 'what an invocation has: clock, chance, AWS, deadline, patience, logs and metrics, environment',
    messages: 'messages as they arrive, whatever they came in, and bodies as they leave',
    inbox: 'what was done already: one effect per message',
    control: 'what a consumer remembers of its messages and itself: tries, what it gave up, its breaker',
    'dead-letters': 'what leaves the flow: dead letters for any bytes, and parked messages of a failed key',
    settling: 'what the source is told of each message',
    consuming: 'batches through a handler: order, suspects, deadline, resumption',
    publishing: 'events to channels, in order, with retries that are no second messages; later()',
    outbox: 'rows that commit with the state, and the relay that sends them',
    aggregation: 'folds over a log, state per shard, lateness',
    archive: 'a log into objects',
  },
  'lib/testing': {
    '': 'the public door: tests of a consumer, an aggregation, a producer',
    world: 'time that nobody waits for, and chance that repeats itself',
    services: 'the services of AWS in memory',
    calls: 'the way of a request to a service and back, and what goes wrong on it',
    lambda: 'functions and their event source mappings in memory',
    account: 'what a test has around the code under test: services, environment, clock, outbox',
    source: 'a subscription as it is deployed; what is given to it, and what became of it',
    tested: 'what a test can do and see',
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
  'lib/lint': {
    '': 'the public door, and a run over templates',
    reading: 'what stands in templates: values, references, resources, constructs',
    policies: 'who may do what, with which keys',
    patterns: 'filter patterns and event patterns, and whether they can ever match',
    graph: 'who sends to whom, and where it ends; what a rule is',
    rules: 'all rules',
    'rules/channels': 'rules about queues, topics, deliveries, filters and senders',
    'rules/consumers': 'rules about consumers and their mappings',
    'rules/stacks': 'rules about alarms, declarations and deployment',
    plan: 'an assembly against what is deployed',
  },
  'lib/operations': {
    deployed: 'what a deployed stack says of itself: queues, logs, consumers, dead letters; and the SDK for tools',
    systems: 'what a system says of itself for the tools: producers, trouble, rest, reconciliation',
    schemas: 'schemas and AsyncAPI documents of the contracts',
    parked: 'parked messages: shown, edited, skipped, resumed',
    'dead-letters': 'dead letters as tools read them',
    traffic: 'events from files and logs, at a pace',
    capacity: 'how many shards, how much concurrency',
    cost: 'what a month costs',
  },
  bin: {
    '': 'the CDK app, the command line, the stages',
    cli: 'which commands there are, and their options',
    options: 'values of options, and questions to who typed them',
    commands: 'what each command does',
    apps: 'CDK apps and assemblies, and where the SDK points',
    config: 'which systems a folder has',
    new: 'what a new system and a new consumer begin with',
    demo: 'sample traffic, a run that is reconciled, and the report',
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
    const door = filesOf(house).length > 0 ? [''] : [];
    expect(new Set([...door, ...there]), house).toEqual(new Set(Object.keys(rooms)));
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
