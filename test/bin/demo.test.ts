import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { environmentFor } from '../../bin/apps/sdk-environment.ts';
import { type DemoOptions, demo } from '../../bin/commands/demo.ts';
import type { Traffic } from '../../bin/demo/sample-traffic.ts';
import { CONSUMER_METRIC, METRIC_NAMESPACE } from '../../lib/contracts/agreed/metrics.ts';

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
        ...args.map((arg) => (typeof arg === 'object' && arg !== null && 'opened' in arg ? 'clients' : arg)),
      ]);
      return answer(...args);
    };
  /** What a test changes, all of it anew for each. */
  const steps = {
    placed: [] as unknown[],
    random: undefined as unknown,
    left: [] as string[][],
    busy: [] as number[],
    snapshot: (): unknown => undefined,
    findings: {} as object,
    vitals: { waiting: 0, inFlight: 0, deadLetters: {}, alarms: [] } as object,
    during: (_step: string): unknown => undefined,
    options: undefined as unknown as Record<string, (...args: unknown[]) => void>,
    clock: undefined as number | undefined,
  };
  return { calls, noted, steps };
});
const { calls, steps } = world;

vi.mock('../../bin/apps/synth.ts', () => ({ synthesise: world.noted('synthesise', async () => undefined) }));
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
vi.mock('../../lib/operations/deployed/deployment.ts', async (original) => ({
  ...(await original<object>()),
  outputsOf: world.noted('outputsOf', async () => ({
    ...{ StockTable: 'the shelves', PlaceOrderFunction: 'the function', OutboxTable: 'the outbox' },
  })),
}));
vi.mock('../../lib/systems/orders/tools/clients.ts', () => ({
  openClients: () => ({ opened: true, close: world.noted('close clients', () => undefined) }),
}));
vi.mock('../../lib/systems/orders/tools/stock.ts', () => ({ fillShelf: world.noted('fillShelf', async () => 1) }));
vi.mock('../../lib/systems/orders/tools/samples.ts', () => ({
  readSamples: () => 'the samples',
  shelfFor: (orders: string) => `the shelf for ${orders}`,
}));
vi.mock('../../bin/demo/sample-traffic.ts', () => ({
  DUPLICATE_EVERY: 2,
  placeSamples: world.noted('placeSamples', async () => {
    await world.steps.during('placeSamples');
    return world.steps.placed;
  }),
  keepPlacing: world.noted('keepPlacing', async () => void (await world.steps.during('keepPlacing'))),
}));
vi.mock('../../lib/systems/orders/tools/mishaps.ts', () => ({
  publishedEvents: world.noted('publishedEvents', async () => 'the events'),
  publishAgain: world.noted('publishAgain', async () => undefined),
  sendMalformed: world.noted('sendMalformed', async () => ['broken-json', 'not-an-event']),
}));
vi.mock('../../lib/systems/orders/tools/settled.ts', () => ({
  stillToDo: world.noted('stillToDo', async () => {
    await world.steps.during('stillToDo');
    return world.steps.left.length > 1 ? world.steps.left.shift() : (world.steps.left[0] ?? []);
  }),
}));
vi.mock('../../lib/systems/orders/tools/snapshot.ts', () => ({
  takeSnapshot: world.noted('takeSnapshot', async () => world.steps.snapshot()),
}));
vi.mock('../../lib/systems/orders/tools/reconcile.ts', () => ({
  reconcile: world.noted('reconcile', () => world.steps.findings),
}));
// Naps pass at once, and take as long as they say.
vi.mock('node:timers/promises', () => ({
  setTimeout: async (ms: number) => {
    if (world.steps.clock === undefined) world.calls.push(['sleep', ms]);
    else world.steps.clock += ms;
  },
}));

const placed = (orderId: string, sequence: number, more: object = {}) => ({
  request: { invoiceNo: orderId },
  reply: { status: 'accepted', orderId, sequence, duplicate: false, ...more },
});
const PLACED = [
  ...[placed('9', 1), placed('10', 2), placed('10', 1), placed('10', 1, { duplicate: true }), placed('2', 1)],
  ...[placed('4', 1), { request: { invoiceNo: '5' }, reply: { status: 'refused', reason: 'malformed', message: '' } }],
];
/** In the order of their numbers as texts, every second. */
const AGAIN = [
  { orderId: '10', sequence: 1 },
  { orderId: '2', sequence: 1 },
  { orderId: '9', sequence: 1 },
];
const OUTPUTS = { StockTable: 'the shelves', PlaceOrderFunction: 'the function', OutboxTable: 'the outbox' };
const FINDINGS = {
  ...{ orders: 5, placed: 4, cancelled: 1, refused: {}, charged: { approved: 5 }, reserved: {}, invoiced: 5 },
  ...{ emailed: 5, emailedAgain: 0, guests: 0, counted: 5, lost: 0, duplicatedEffects: 0, outOfOrder: 0 },
  ...{ deadLettered: 0, deadLetters: {}, givenUp: {}, unseenLetters: {}, problems: [] as string[] },
};
/** The first charge is not the first that was read. */
const payments = () =>
  [7_000, 2_540, 3_000].map((after) => ({
    settledAt: new Date(Math.ceil(performance.timeOrigin) + after).toISOString(),
  }));
const SHELF = 'the shelf for the samples';

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
    ...{ placed: PLACED, random: undefined, left: [], busy: [], findings: FINDINGS, clock: undefined },
    ...{ snapshot: () => ({ payments: payments() }), during: () => undefined },
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
  it('synthesises, starts the engine, fills the shelf, places, makes trouble, waits, reads back, and reconciles', async () => {
    steps.left = [['3 events to publish'], []];
    steps.busy = [1];
    expect(await run()).toBe(0);
    const signal = expect.any(AbortSignal);
    expect(calls).toEqual([
      ['synthesise', '.sluice/cdk.out', 'dev'],
      ['startEngine', { assembly: '.sluice/cdk.out', port: 4_712 }],
      ['outputsOf', 'sluice-dev-orders'],
      ['fillShelf', 'clients', 'the shelves', SHELF],
      [
        'placeSamples',
        'the function',
        { once: true, port: 4_712, json: true, rate: 3, signal },
        expect.objectContaining({ json: true }),
      ],
      ['publishedEvents', 'clients', 'the outbox', AGAIN],
      ['publishAgain', OUTPUTS, 'the events'],
      ['sendMalformed', 'clients', OUTPUTS],
      ['clear'],
      ['stillToDo', 'clients', OUTPUTS],
      ['sleep', 250],
      // Nothing is left, but a function is at work.
      ['stillToDo', 'clients', OUTPUTS],
      ['sleep', 250],
      ['stillToDo', 'clients', OUTPUTS],
      ['takeSnapshot', 'clients', OUTPUTS, 'http://127.0.0.1:4711/_aws/ses'],
      [
        'reconcile',
        {
          ...{ placed: PLACED, shelf: SHELF, malformed: ['broken-json', 'not-an-event'] },
          disturbance: { mailsAtRisk: 0, deadLettersAtRisk: {}, clocksWrong: false },
        },
        { payments: expect.any(Array) },
      ],
      ...CLOSED.map((name) => [name]),
    ]);
    expect(process.env).toMatchObject(environmentFor('http://127.0.0.1:4711', 'mars-1'));
    expect(err).toEqual([
      'Synthesising the app ...\n',
      'Engine ready at http://127.0.0.1:4711\n',
      'Publishing every tenth event again, and sending malformed messages ...\n',
      'Waiting until everything has come to rest ...\n',
    ]);
    expect(out).toHaveLength(1);
    expect(reported()).toEqual({
      ...FINDINGS,
      ...{ faults: null, emailsAtRisk: 0, malformed: 2, ordersSentTwice: 1, ordersRefusedTwice: 1 },
      ...{ eventsPublishedTwice: 3, duplicatesSuppressed: 1, duplicates: { 'place-order': 1 } },
      ...{ seconds: expect.closeTo(performance.now() / 1_000, 0), secondsToFirstCharge: 2.5 },
    });
    expect(reported().seconds * 10 - Math.round(reported().seconds * 10)).toBeCloseTo(0);
  });

  it('keeps what the functions write, and counts the duplicates that they suppress', async () => {
    const metric = (subscription: string, count: number) =>
      JSON.stringify({
        _aws: { CloudWatchMetrics: [{ Namespace: METRIC_NAMESPACE }] },
        ...{ subscription, [CONSUMER_METRIC.duplicates]: [count] },
      });
    steps.during = (step) => {
      if (step !== 'placeSamples') return;
      for (const line of ['a line', metric('charge-card', 4), metric('send-email', 2)])
        steps.options.onLog?.({ function: 'work', line });
    };
    await run();
    expect(reported()).toMatchObject({
      ...{ duplicatesSuppressed: 7, duplicates: { 'place-order': 1, 'charge-card': 4, 'send-email': 2 } },
    });
    const logs = join(folder, '.sluice', 'logs');
    await vi.waitFor(() => expect(readFileSync(join(logs, 'work.log'), 'utf8')).toMatch(/^a line\n(?:\{.*\}\n){2}$/));
    expect(readdirSync(logs)).toEqual(['work.log']);
  });

  it('says it to people, in the words of the report', async () => {
    steps.snapshot = () => ({ payments: [] });
    expect(await run({ json: false })).toBe(0);
    expect(out.join('')).toMatch(/^orders in +5 {2}.*\n[\s\S]*no order was charged\nIt reconciles: .*\n$/);
  });

  it.each<[string, object, string[], string[]]>([
    ['what does not reconcile', { problems: ['one is lost'] }, [], ['one is lost']],
    ['figures that do not add up', { counted: 4 }, [], ['the figures do not add up: counted: 4 counted = 5']],
    ['what has not come to rest', {}, ['2 messages in stock'], ['did not come to rest: 2 messages in stock']],
    [
      'all of it, what is still under way before the rest',
      { problems: ['one is lost'], counted: 4 },
      ['2 messages in stock', '1 records to count'],
      [
        'did not come to rest: 2 messages in stock',
        'did not come to rest: 1 records to count',
        'one is lost',
        'the figures do not add up: counted: 4 counted = 5',
      ],
    ],
  ])('ends with 1 for %s', async (_, findings, left, problems) => {
    steps.findings = { ...FINDINGS, ...findings };
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
      ...[1, 2].map(() => ({ kind: 'kill', functionName: 'sluice-dev-orders-send-email' })),
      { kind: 'latency', functionName: 'sluice-dev-orders-send-email' },
    ],
  };

  it('makes faults by chance until the last order is placed, and says which, and what they excuse', async () => {
    Object.assign(steps, { random, findings: { ...FINDINGS, counted: 4 } });
    expect(await run({ faults: { kill: 0.25, latency: 1 }, seed: 8, minutes: 2 })).toBe(0);
    expect(calls[1]).toEqual([
      'startEngine',
      { assembly: '.sluice/cdk.out', port: 4_712, faults: { rates: { kill: 0.25, latency: 1 }, seed: 8 } },
    ]);
    expect(err[2]).toBe('Faults by chance: kill 0.25, latency 1. Again with: --seed 8\n');
    expect(calls.find(([name]) => name === 'placeSamples')?.[2]).toMatchObject({ minutes: 2, rate: 3 });
    expect(calls.find(([name]) => name === 'reconcile')?.[1]).toMatchObject({
      disturbance: { mailsAtRisk: 2, deadLettersAtRisk: { 'send-email': 2 }, clocksWrong: false },
    });
    // An event may have been given up after its effect: the figures need not add up.
    expect(reported()).toMatchObject({
      ...{ problems: [], emailsAtRisk: 2 },
      faults: { rates: { kill: 0.25, latency: 1 }, seed: 8, made: { kill: 2, latency: 5 } },
    });
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

  it.each<[string, string, string[]]>([
    ['while it places', 'placeSamples', ['placeSamples']],
    ['while it waits', 'stillToDo', ['sendMalformed', 'clear', 'stillToDo', 'sleep']],
  ])('ends with 130 when it is interrupted %s, without a report', async (_, at, last) => {
    steps.left = [['1 messages in stock']];
    steps.during = (step) => step === at && process.emit('SIGINT');
    expect(await run({ once: false })).toBe(130);
    expect(names().slice(-last.length - CLOSED.length)).toEqual([...last, ...CLOSED]);
    expect(out).toEqual([]);
  });

  it('closes what it has opened when something fails', async () => {
    steps.snapshot = () => {
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
      if (step === 'placeSamples') invoked('charge-card', { errorType: 'Broken', errorMessage: 'on purpose' });
      if (step !== 'keepPlacing') return;
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
    expect(names().slice(-4)).toEqual(['keepPlacing', ...CLOSED]);
    expect(calls.at(-4)).toEqual(['keepPlacing', 'the function', { rate: 3, signal: expect.any(AbortSignal) }]);
    const exported = Object.entries(environmentFor('http://127.0.0.1:4711', 'mars-1')).map((pair) => pair.join('='));
    const [steady = '', first, ...more] = before.slice(4);
    expect(steady.split('\n')).toEqual([
      '',
      'Steady traffic of 3 orders a second until Ctrl-C. In another shell:',
      expect.stringMatching(/^ {2}unset AWS_PROFILE .*; export /),
      '',
    ]);
    expect(steady.trimEnd().split('export ')[1]).toBe(exported.join(' '));
    expect(first).toBe(
      `  aws --endpoint-url $AWS_ENDPOINT_URL sqs list-queues\n  npx sluice produce orders --count 10\nLogs of the functions: .sluice/logs\n`,
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
          if (step !== 'keepPlacing') return undefined;
          signal = (calls.at(-1)?.[2] as Traffic | undefined)?.signal;
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
