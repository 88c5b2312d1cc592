import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { environmentFor } from '../../bin/apps/sdk-environment.ts';
import { type DemoOptions, demo } from '../../bin/commands/demo.ts';
import type { Traffic } from '../../bin/demo/sample-traffic.ts';
import { CONSUMER_METRIC, METRIC_NAMESPACE } from '../../lib/contracts/agreed/metrics.ts';
import { log } from '../../lib/contracts/channels/log.ts';
import { event } from '../../lib/contracts/events/event.ts';
import { subscription } from '../../lib/contracts/subscriptions/subscription.ts';
import { systemContract } from '../../lib/contracts/system.ts';
import type { DeployedMessaging } from '../../lib/operations/deployed/messaging.ts';
import type {
  Findings,
  SampleProducer,
  System,
  SystemInput,
  SystemTools,
} from '../../lib/operations/systems/system.ts';
import { deployedLike } from '../operations/systems/deployed-like.ts';

/**
 * The demo, step by step, around an engine and tools that only note what they are asked: who is called, in which order, with what. The demo over a
 * real engine is in `test/integration/demo.test.ts`.
 */
const world = vi.hoisted(() => {
  const calls: unknown[][] = [];
  const noted =
    <A extends unknown[], T>(name: string, answer: (...args: A) => T) =>
    (...args: A): T => {
      calls.push([
        name,
        ...args.map((arg) => (typeof arg === 'object' && arg !== null && 'stackName' in arg ? 'the world' : arg)),
      ]);
      return answer(...args);
    };
  /** What a test changes, all of it anew for each. */
  const steps = {
    sent: [] as unknown[],
    random: undefined as unknown,
    left: [] as string[][],
    own: [] as string[][],
    busy: [] as number[],
    letters: {} as object,
    deployed: {} as object,
    reconcile: (): unknown => undefined,
    findings: {} as object,
    vitals: { waiting: 0, inFlight: 0, deadLetters: {}, alarms: [] } as object,
    during: (_step: string): unknown => undefined,
    options: undefined as unknown as Record<string, (...args: unknown[]) => void>,
    clock: undefined as number | undefined,
  };
  return { calls, noted, steps };
});
const { calls, steps } = world;

vi.mock('../../bin/apps/cdk-app.ts', () => ({
  readCdkApp: (_: string, output: string) => ({ folder: 'here', output, context: { own: 1 } }),
  synthesise: world.noted('synthesise', async () => undefined),
}));
vi.mock('../../bin/config/systems.ts', async (original) => ({
  ...(await original<object>()),
  systemsOf: async () => SYSTEMS,
}));
vi.mock('../../lib/local/engine.ts', () => ({
  startEngine: async (options: Record<string, never>) => {
    world.steps.options = options;
    const { onLog: _, onInvocation: __, ...others } = options;
    world.calls.push(['startEngine', others]);
    const faults = {
      random: world.steps.random,
      clear: world.noted('clear', () => {
        faults.random = undefined;
      }),
    };
    return {
      url: 'http://127.0.0.1:4711',
      services: { region: 'mars-1', faults },
      get busy() {
        return world.steps.busy.shift() ?? 0;
      },
      vitals: () => world.steps.vitals,
      close: world.noted('close engine', async () => undefined),
    };
  },
}));
vi.mock('../../bin/demo/function-logs.ts', async (original) => {
  const { logFiles } = await original<typeof import('../../bin/demo/function-logs.ts')>();
  return {
    logFiles: (folder: string) => {
      const files = logFiles(folder);
      return { ...files, close: world.noted('close logs', files.close) };
    },
  };
});
vi.mock('../../lib/operations/systems/world.ts', () => ({
  openWorld: world.noted('openWorld', async (stackName: string, mailbox: string) => ({
    ...{ stackName, mailbox, outputs: {}, deployed: world.steps.deployed },
    clients: { close: world.noted('close clients', () => undefined) },
  })),
}));
vi.mock('../../lib/operations/systems/samples.ts', () => ({ readSamples: () => 'the samples' }));
vi.mock('../../bin/demo/sample-traffic.ts', () => ({
  sendSamples: world.noted('sendSamples', async () => {
    await world.steps.during('sendSamples');
    return world.steps.sent;
  }),
  keepSending: world.noted('keepSending', async () => void (await world.steps.during('keepSending'))),
}));
vi.mock('../../lib/operations/systems/malformed.ts', () => ({
  sendMalformed: world.noted('sendMalformed', async () => ({
    ...{ consumers: ['charge-card'], reasons: ['broken-json', 'not-an-event'] },
  })),
}));
vi.mock('../../lib/operations/systems/letters.ts', async (original) => ({
  ...(await original<object>()),
  lettersOf: world.noted('lettersOf', async () => world.steps.letters),
}));
vi.mock('../../lib/operations/systems/settled.ts', () => ({
  stillToDo: world.noted('stillToDo', async () => {
    await world.steps.during('stillToDo');
    return world.steps.left.length > 1 ? world.steps.left.shift() : (world.steps.left[0] ?? []);
  }),
}));
// Naps pass at once, and take as long as they say.
vi.mock('node:timers/promises', () => ({
  setTimeout: async (ms: number) => {
    if (world.steps.clock === undefined) world.calls.push(['sleep', ms]);
    else world.steps.clock += ms;
  },
}));

/** A reply is its outcome. */
const sent = (id: string, outcome: string) => ({ request: { id }, reply: outcome });
const SENT = [
  ...['1', '2', '3', '4'].map((id) => sent(id, 'accepted')),
  ...[sent('1', 'duplicate'), sent('5', 'refused'), sent('5', 'refused'), sent('6', 'refused')],
];
const producer: SampleProducer = {
  ...{ unit: 'parcels', takenBy: 'post', file: 'parcels.ndjson' },
  ...{ keyOf: String, renewed: (one) => one, open: () => ({ send: async () => 'no', close: () => undefined }) },
  answerOf: (outcome) => ({ outcome }),
};
const contract = systemContract('parcels', {});
const TOOLS: SystemTools = {
  producers: { parcels: producer, other: { ...producer, unit: 'others' } },
  prepare: world.noted('prepare', async () => 1),
  trouble: world.noted('trouble', async () => ({ parcelsSentBack: 3 })),
  reconciled: ['charge-card', 'send-email'],
  deliberate: { 'charge-card': ['attempts-exhausted'] },
  reconcile: world.noted('reconcile', async () => {
    world.steps.reconcile();
    return world.steps.findings as Findings;
  }),
};
const SYSTEMS: readonly System[] = [
  { name: 'parcels', summary: 'of the tests', contract, tools: async () => TOOLS },
  { name: 'plain', summary: 'brings no tools', contract },
  {
    ...{ name: 'least', summary: 'brings as little as it may', contract: systemContract('least', {}) },
    stackName: (stage) => `the-${stage}`,
    tools: async () => {
      const { prepare: _, trouble: __, deliberate: ___, ...least } = TOOLS;
      return { ...least, stillToDo: world.noted('own stillToDo', async () => world.steps.own.shift() ?? []) };
    },
  },
];
const FINDINGS = {
  ...{ rows: [['parcels in', 4, 'all of them']], figures: { parcels: 4 }, problems: [] as string[] },
  ...{ lost: 0, duplicatedEffects: 0, outOfOrder: 0 },
};
const letter = (reason: string, eventId?: string) => ({ letter: { reason, eventId } });
const LETTERS = {
  seen: { 'charge-card': [letter('broken-json'), letter('not-an-event')], outbox: [] },
  ...{ unseen: {}, unread: {} },
};
/** The first effect came so many milliseconds after the start. */
const FIRST_EFFECT_MS = 2_540;
const DEPLOYED = deployedLike({ consumers: ['charge-card', 'send-email'] });

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const home = process.cwd();
let folder: string;
let out: string[];
let err: string[];
let listeners: ReadonlyMap<string, readonly unknown[]>;
let environment: NodeJS.ProcessEnv;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-demo-'));
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  environment = { ...process.env };
  listeners = new Map(SIGNALS.map((name) => [name, process.listeners(name)]));
  [out, err] = [[], []];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => err.push(String(text)) > 0);
  calls.length = 0;
  Object.assign(steps, {
    ...{ sent: SENT, random: undefined, left: [], own: [], busy: [], clock: undefined, during: () => undefined },
    ...{ letters: LETTERS, deployed: DEPLOYED, reconcile: () => undefined },
    findings: { ...FINDINGS, firstEffect: performance.timeOrigin + FIRST_EFFECT_MS },
    vitals: { waiting: 0, inFlight: 0, deadLetters: {}, alarms: [] },
  });
});
afterEach(() => {
  vi.useRealTimers();
  process.env = environment;
  for (const name of SIGNALS)
    for (const one of process.listeners(name)) if (!listeners.get(name)?.includes(one)) process.off(name, one);
  Reflect.deleteProperty(process.stderr, 'isTTY');
});

const run = (options: Partial<DemoOptions> = {}) => demo({ once: true, port: 4_712, json: true, rate: 3, ...options });
const names = () => calls.map(([name]) => name);
const reported = () => JSON.parse(out.at(-1) ?? '');
const CLOSED = ['close clients', 'close engine', 'close logs'];

describe('the demo', () => {
  it('synthesises, starts the engine, prepares, sends, makes trouble, waits, reads back, and reconciles', async () => {
    steps.left = [['3 events to publish'], []];
    steps.busy = [1];
    expect(await run()).toBe(0);
    const signal = expect.any(AbortSignal);
    expect(calls).toEqual([
      [
        'synthesise',
        { folder: 'here', output: '.sluice/cdk.out', context: { own: 1, stage: 'dev', systems: 'parcels' } },
      ],
      ['startEngine', { assembly: '.sluice/cdk.out', port: 4_712 }],
      ['openWorld', 'sluice-dev-parcels', 'http://127.0.0.1:4711/_aws/ses'],
      ['prepare', 'the world', 'the samples'],
      [
        'sendSamples',
        producer,
        'the world',
        { once: true, port: 4_712, json: true, rate: 3, signal },
        expect.objectContaining({ json: true }),
      ],
      ['trouble', 'the world', SENT],
      ['sendMalformed', contract, 'the world'],
      ['clear'],
      ['stillToDo', contract, 'the world'],
      ['sleep', 250],
      // Nothing is left, but a function is at work.
      ['stillToDo', contract, 'the world'],
      ['sleep', 250],
      ['stillToDo', contract, 'the world'],
      ['lettersOf', 'the world'],
      [
        'reconcile',
        { sent: SENT, prepared: 'the samples', faults: [], isDead: expect.any(Function), unseen: {} },
        'the world',
      ],
      ...CLOSED.map((name) => [name]),
    ]);
    expect(process.env).toMatchObject(environmentFor('http://127.0.0.1:4711', 'mars-1'));
    expect(err).toEqual([
      'Synthesising the app of parcels ...\n',
      'Engine ready at http://127.0.0.1:4711\n',
      'Making trouble: events published twice, and messages that nobody can read ...\n',
      'Waiting until everything has come to rest ...\n',
    ]);
    expect(out).toHaveLength(1);
    expect(reported()).toEqual({
      ...{ system: 'parcels', unit: 'parcels', takenBy: 'post', parcels: 4 },
      ...{ lost: 0, duplicatedEffects: 0, outOfOrder: 0, problems: [] },
      ...{ deadLettered: 2, deadLetters: { 'charge-card': { 'broken-json': 1, 'not-an-event': 1 } } },
      ...{ unread: {}, unchecked: [], faults: null, malformed: 2, sentTwice: 1, refusedTwice: 1 },
      ...{ trouble: { parcelsSentBack: 3 }, duplicatesSuppressed: 1, duplicates: { post: 1 } },
      ...{ seconds: expect.closeTo(performance.now() / 1_000, 0), secondsToFirstEffect: 2.5 },
    });
    expect(reported().seconds * 10 - Math.round(reported().seconds * 10)).toBeCloseTo(0);
  });

  it('runs the system that is named, under the name that its stack has, and asks it what is left', async () => {
    steps.own = [['1 parcel under way'], []];
    expect(await run({ system: 'least' })).toBe(0);
    const { contract: least } = SYSTEMS[2] as System;
    expect(calls.slice(2).map(([name, ...args]) => (name === 'stillToDo' ? [name, args[0] === least] : name))).toEqual([
      ...['openWorld', 'sendSamples', 'sendMalformed', 'clear'],
      ...[['stillToDo', true], 'own stillToDo', 'sleep', ['stillToDo', true], 'own stillToDo'],
      ...['lettersOf', 'reconcile', ...CLOSED],
    ]);
    expect(calls.find(([name]) => name === 'openWorld')?.[1]).toBe('the-dev');
    expect(reported()).toMatchObject({ system: 'least', trouble: {} });
  });

  it.each([
    ['nobody', "there is no system 'nobody' here (there are: parcels, plain, least). Check the name, or add it"],
    ['plain', "system 'plain' has no sample producers: give it 'tools' in sluice.config.ts"],
  ])('refuses %s before it does anything', async (system, text) => {
    await expect(run({ system })).rejects.toThrow(text);
    expect(calls).toEqual([]);
  });

  it('tells a system which events were given up, and what was not seen', async () => {
    steps.letters = {
      seen: { 'charge-card': [...LETTERS.seen['charge-card'], letter('attempts-exhausted', 'e-1')] },
      ...{ unseen: { 'charge-card': 4 }, unread: { exports: 2 } },
    };
    expect(await run()).toBe(0);
    const [, given] = calls.find(([name]) => name === 'reconcile') ?? [];
    const { isDead, unseen } = given as SystemInput;
    expect([isDead('charge-card', 'e-1'), isDead('charge-card', 'e-2'), isDead('send-email', 'e-1')]).toEqual([
      ...[true, false, false],
    ]);
    expect(unseen).toEqual({ 'charge-card': 4 });
    expect(reported()).toMatchObject({
      ...{ deadLettered: 7, unread: { exports: 2 }, problems: [] },
      deadLetters: { 'charge-card': { 'broken-json': 1, 'not-an-event': 1, 'attempts-exhausted': 1, 'not-seen': 4 } },
    });
  });

  it('a consumer that nobody told it of, and gives everything up, is in the report, and it does not reconcile', async () => {
    steps.deployed = deployedLike({ consumers: ['charge-card', 'loyalty', 'send-email'] });
    const gone = Array.from({ length: 4 }, (_, n) => letter('attempts-exhausted', `e-${n}`));
    steps.letters = { ...LETTERS, seen: { ...LETTERS.seen, loyalty: gone } };
    expect(await run()).toBe(1);
    expect(reported()).toMatchObject({
      ...{ deadLettered: 6, unchecked: ['loyalty'] },
      deadLetters: { loyalty: { 'attempts-exhausted': 4 } },
      problems: ['dead letters of loyalty that nobody expects: 4 attempts-exhausted'],
    });
  });

  /** Nothing shows how far these are. */
  it.each<[string, Partial<DeployedMessaging>, number]>([
    ['a consumer of a log without positions', { logs: [{ name: 'l', consumers: ['copy'] }] }, 6],
    ['a consumer of changes of a table', { tableStreams: [{ name: 't', consumers: ['copy'] }] }, 6],
    ['an aggregation', { logs: [{ name: 'l', consumers: ['totals'] }] }, 1],
    ['the relay of an outbox', { outboxTables: ['t'], tableStreams: [{ name: 't', consumers: ['relay'] }] }, 1],
  ])('waits with %s until nothing has been called for a while', async (_, more, looks) => {
    const said = log('said', { events: [event('talk.said', { version: 1, data: v.string(), key: String })] });
    const totals = subscription('totals', { to: said, guarantee: 'exactly-once-aggregation' });
    (SYSTEMS as System[]).unshift({ ...(SYSTEMS[0] as System), contract: systemContract('parcels', { totals }) });
    try {
      steps.deployed = { ...DEPLOYED, ...more };
      await run();
      expect(names().filter((name) => name === 'stillToDo')).toHaveLength(looks);
      if (looks === 1) return;
      // Each call begins the wait anew.
      calls.length = 0;
      let asked = 0;
      steps.during = (step) => {
        if (step === 'stillToDo' && ++asked === 4) steps.options.onInvocation?.({ function: 'copy' });
      };
      await run();
      expect(names().filter((name) => name === 'stillToDo')).toHaveLength(4 + looks);
    } finally {
      (SYSTEMS as System[]).shift();
    }
  });

  it('keeps what the functions write, and counts the duplicates that they suppress', async () => {
    const metric = (subscription: string, count: number) =>
      JSON.stringify({
        _aws: { CloudWatchMetrics: [{ Namespace: METRIC_NAMESPACE }] },
        ...{ subscription, [CONSUMER_METRIC.duplicates]: [count] },
      });
    steps.during = (step) => {
      if (step !== 'sendSamples') return;
      for (const line of ['a line', metric('charge-card', 4), metric('send-email', 2)])
        steps.options.onLog?.({ function: 'work', line });
    };
    await run();
    expect(reported()).toMatchObject({
      ...{ duplicatesSuppressed: 7, duplicates: { post: 1, 'charge-card': 4, 'send-email': 2 } },
    });
    const logs = join(folder, '.sluice', 'logs');
    await vi.waitFor(() => expect(readFileSync(join(logs, 'work.log'), 'utf8')).toMatch(/^a line\n(?:\{.*\}\n){2}$/));
    expect(readdirSync(logs)).toEqual(['work.log']);
  });

  it('says it to people, in the words of the report', async () => {
    steps.findings = FINDINGS;
    expect(await run({ json: false })).toBe(0);
    expect(out.join('')).toMatch(/^parcels in +4 {2}.*\n[\s\S]*\nseconds +[\d.]+\nIt reconciles: .*\n$/);
  });

  it.each<[string, { problems?: string[]; letters?: object }, string[], string[]]>([
    ['what does not reconcile', { problems: ['one is lost'] }, [], ['one is lost']],
    ['what has not come to rest', {}, ['2 messages in stock'], ['did not come to rest: 2 messages in stock']],
    [
      'all of it, what is still under way before the rest, and what was given up at the end',
      {
        problems: ['one is lost', 'figures do not add up'],
        letters: { ...LETTERS, seen: { outbox: [letter('late')] } },
      },
      ['2 messages in stock', '1 records for totals'],
      [
        'did not come to rest: 2 messages in stock',
        'did not come to rest: 1 records for totals',
        'one is lost',
        'figures do not add up',
        'dead letters of outbox that nobody expects: 1 late',
        "dead letters of charge-card: 0 with reason 'broken-json' instead of 1",
        "dead letters of charge-card: 0 with reason 'not-an-event' instead of 1",
      ],
    ],
  ])('ends with 1 for %s', async (_, { letters = LETTERS, ...findings }, left, problems) => {
    Object.assign(steps, { letters, findings: { ...FINDINGS, ...findings } });
    steps.left = [left];
    steps.clock = 1_000_000;
    vi.spyOn(performance, 'now').mockImplementation(() => steps.clock ?? 0);
    expect(await run()).toBe(1);
    expect(reported().problems).toEqual(problems);
    expect(names().slice(-3)).toEqual(CLOSED);
  });

  const random = {
    plan: { rates: { kill: 0.25, latency: 1 }, seed: 8 },
    counts: { kill: 2, latency: 5 },
    made: [
      ...[1, 2].map(() => ({ kind: 'kill', functionName: 'sluice-dev-parcels-charge-card' })),
      { kind: 'latency', functionName: 'sluice-dev-parcels-charge-card' },
    ],
  };

  it('makes faults by chance until the last sample is sent, and says which, and what they excuse', async () => {
    const [one, other] = LETTERS.seen['charge-card'];
    Object.assign(steps, { random, letters: { ...LETTERS, seen: { 'charge-card': [one, one, one, other] } } });
    expect(await run({ faults: { kill: 0.25, latency: 1 }, seed: 8, minutes: 2 })).toBe(0);
    expect(calls[1]).toEqual([
      'startEngine',
      { assembly: '.sluice/cdk.out', port: 4_712, faults: { rates: { kill: 0.25, latency: 1 }, seed: 8 } },
    ]);
    expect(err[2]).toBe('Faults by chance: kill 0.25, latency 1. Again with: --seed 8\n');
    expect(calls.find(([name]) => name === 'sendSamples')?.[3]).toMatchObject({ minutes: 2, rate: 3 });
    expect(calls.find(([name]) => name === 'reconcile')?.[1]).toMatchObject({ faults: random.made });
    // Two were killed: each may have given a message up once more.
    expect(reported()).toMatchObject({
      problems: [],
      faults: { rates: { kill: 0.25, latency: 1 }, seed: 8, made: { kill: 2, latency: 5 } },
    });
    steps.letters = { ...LETTERS, seen: { 'charge-card': [one, one, one, one, other] } };
    steps.random = random;
    expect(await run({ faults: { kill: 0.25, latency: 1 }, seed: 8 })).toBe(1);
  });

  it.each([
    ['75 seconds', {}, 75],
    ['a quarter of an hour after faults', { faults: { kill: 1 }, seed: 1 }, 900],
  ])('waits no longer than %s', async (_, options, seconds) => {
    steps.clock = 1_000_000;
    vi.spyOn(performance, 'now').mockImplementation(() => steps.clock ?? 0);
    steps.left = [['1 messages in stock']];
    await run(options);
    expect(names().filter((name) => name === 'stillToDo')).toHaveLength(seconds * 4 + 2);
  });

  it('waits for longer while things come on, on a slow machine, but not for ever', async () => {
    steps.clock = 1_000_000;
    vi.spyOn(performance, 'now').mockImplementation(() => steps.clock ?? 0);
    steps.left = Array.from({ length: 400 }, (_, n) => [`${400 - n} messages in stock`]);
    await run();
    // 100 s in which something came on, and 75 in which nothing did.
    expect(names().filter((name) => name === 'stillToDo')).toHaveLength(400 + 75 * 4 + 1);
    calls.length = 0;
    steps.clock = 1_000_000;
    let n = 0;
    steps.during = (step) => {
      if (step === 'stillToDo') steps.left = [[`${n++} messages in stock`]];
    };
    await run();
    expect(names().filter((name) => name === 'stillToDo')).toHaveLength(900 * 4 + 2);
  });

  it.each<[string, string, string[]]>([
    ['while it sends', 'sendSamples', ['sendSamples']],
    ['while it waits', 'stillToDo', ['sendMalformed', 'clear', 'stillToDo', 'sleep']],
  ])('ends with 130 when it is interrupted %s, without a report', async (_, at, last) => {
    steps.left = [['1 messages in stock']];
    steps.during = (step) => step === at && process.emit('SIGINT');
    expect(await run({ once: false })).toBe(130);
    expect(names().slice(-last.length - CLOSED.length)).toEqual([...last, ...CLOSED]);
    expect(out).toEqual([]);
  });

  it('closes what it has opened when something fails', async () => {
    steps.reconcile = () => {
      throw new Error('no snapshot');
    };
    await expect(run()).rejects.toThrow('no snapshot');
    expect(names().slice(-3)).toEqual(CLOSED);
  });

  it('refuses a seed without faults before it does anything', async () => {
    await expect(run({ seed: 7 })).rejects.toThrow('--seed 7 chooses among faults');
    expect([calls, existsSync(join(folder, 'none'))]).toEqual([[], false]);
  });
});

describe('npm start', () => {
  it.each([
    ['a terminal', true],
    ['a file', false],
  ])('stays up after the report, and tells %s what goes on until it is interrupted', async (_, isTTY) => {
    Object.defineProperty(process.stderr, 'isTTY', { value: isTTY, configurable: true });
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    steps.options = {};
    const before: string[] = [];
    const invoked = (name: string, error?: object) => steps.options.onInvocation?.({ function: name, error });
    steps.during = async (step) => {
      if (step === 'sendSamples') invoked('charge-card', { errorType: 'Broken', errorMessage: 'on purpose' });
      if (step !== 'keepSending') return;
      before.push(...err.splice(0));
      expect(out.join('')).toMatch(/It reconciles/);
      steps.vitals = { waiting: 4, inFlight: 2, deadLetters: { dead: 1 }, alarms: ['late'] };
      for (const name of ['charge-card', 'send-email', 'send-email']) invoked(name);
      invoked('make-invoice', { errorType: 'TypeError', errorMessage: 'no paper' });
      steps.options.onLog?.({ function: 'a', line: '{"level":"error","error":"Odd","errorMessage":"no"}' });
      steps.busy = [5];
      await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(1_000);
      steps.during = () => undefined;
    };
    expect(await run({ once: false, json: false })).toBe(0);
    expect(names().slice(-4)).toEqual(['keepSending', ...CLOSED]);
    expect(calls.at(-4)).toEqual(['keepSending', producer, 'the world', { rate: 3, signal: expect.any(AbortSignal) }]);
    const exported = Object.entries(environmentFor('http://127.0.0.1:4711', 'mars-1')).map((pair) => pair.join('='));
    const [steady = '', first, ...more] = before.slice(4);
    expect(steady.split('\n')).toEqual([
      '',
      'Steady traffic of 3 parcels a second until Ctrl-C. In another shell:',
      expect.stringMatching(/^ {2}unset AWS_PROFILE .*; export /),
      '',
    ]);
    expect(steady.trimEnd().split('export ')[1]).toBe(exported.join(' '));
    expect(first).toBe(
      `  aws --endpoint-url $AWS_ENDPOINT_URL sqs list-queues\n  npx sluice produce parcels --count 10\nLogs of the functions: .sluice/logs\n`,
    );
    expect(more).toEqual([]);
    const clear = '\r\u001B[K';
    // What failed on purpose, before, is not told: `charge-card`.
    const news = [
      'make-invoice failed: TypeError: no paper\n',
      'a failed: Odd: no\n',
      '1 more in dead-letter queue dead (1)\n',
      'late went to ALARM\n',
    ];
    const line =
      '4 invocations/s, 5 under way  |  4 messages wait, 2 in flight  |  dead letters 1  |  alarms 1  |  failing functions 2';
    const summary = [
      'In 1 min: 4 invocations, 1 of them failed; 6 messages are left to do',
      'dead letters: 1',
      '  1 in dead',
      'alarms in ALARM: late',
      'functions that failed:',
      '  make-invoice, 1 times; first: TypeError: no paper',
      '  a, 1 times; first: Odd: no',
      '',
    ].join('\n');
    expect(err).toEqual([...news, ...(isTTY ? [`${clear}${line.slice(0, 79)}`, clear] : []), summary]);
    // It has ended: nothing more is told.
    vi.advanceTimersByTime(5_000);
    expect(err.at(-1)).toBe(summary);
  });

  it('is interrupted by Ctrl-C, and by a polite kill, once', async () => {
    for (const name of SIGNALS) {
      let signal: AbortSignal | undefined;
      const answer = new Promise<void>((resolve) => {
        steps.during = (step) => {
          if (step !== 'keepSending') return undefined;
          signal = (calls.at(-1)?.[3] as Traffic | undefined)?.signal;
          signal?.addEventListener('abort', () => resolve());
          queueMicrotask(() => process.emit(name));
          return answer;
        };
      });
      expect(await run({ once: false })).toBe(0);
      expect(signal?.aborted).toBe(true);
      expect(process.listeners(name)).toEqual(listeners.get(name));
    }
  });
});
