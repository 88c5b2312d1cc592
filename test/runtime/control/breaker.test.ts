import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { seconds } from '../../../lib/contracts/declaring/duration.ts';
import { breaker as policyOf, subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { dynamodbOver } from '../../../lib/runtime/aws/dynamodb.ts';
import { type Breaker, coolDownMillis, tableBreaker } from '../../../lib/runtime/control/breaker.ts';
import {
  controlBreakers,
  type MappingMode,
  mappingUpdate,
  type SwitchMapping,
} from '../../../lib/runtime/control/breaker-controller.ts';
import { readControl } from '../../../lib/runtime/control/control-items.ts';
import { lambda, type Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import { workQueue } from '../../contracts/sample-declarations.ts';
import { lambdaContext } from '../lambda-events.ts';
import { createInboxTable, useLocalServices } from '../local-services.ts';

useLocalServices();

const TABLE = 'breakers';
const policy = policyOf({ failures: 2, coolDown: seconds(30), maxCoolDown: seconds(100) });
let now: number;
let count = 0;
let name: string;
let breaker: Breaker;
const runtime: Runtime = { ...lambda, now: () => now, write: () => undefined };

beforeAll(() => createInboxTable(TABLE));
beforeEach(() => {
  now = 1_000_000;
  count += 1;
  name = `worker-${count}`;
  breaker = tableBreaker(TABLE, worker(), policy, runtime);
});

const worker = () => subscription(name, { to: workQueue, breaker: policy });
const state = () => readControl(lambda, TABLE, worker(), []);

describe('a breaker', () => {
  it('opens after outages in a row, lets one try when the pause has passed, and closes with a success', async () => {
    expect(breaker.admit(await state())).toBe('all');
    expect(await breaker.failed('psp')).toBe(false);
    expect(await breaker.failed('psp')).toBe(true);
    expect(breaker.admit(await state())).toBe('none');
    now += 30_000;
    expect(breaker.admit(await state())).toBe('one');
    await breaker.succeeded();
    expect(await state()).toMatchObject({ openUntil: undefined, failing: false });
  });

  it('counts outages in a row only', async () => {
    await breaker.failed('psp');
    await breaker.succeeded();
    expect(await breaker.failed('psp')).toBe(false);
  });

  it('opens for longer each time that the trial fails, and not again while it is open', async () => {
    await breaker.failed('psp');
    await breaker.failed('psp');
    const first = (await state()).openUntil ?? 0;
    await breaker.failed('psp');
    expect((await state()).openUntil).toBe(first);
    now = first;
    expect(await breaker.failed('psp')).toBe(true);
    expect((await state()).openUntil).toBe(first + 60_000);
  });

  it('is opened by one of several that see the threshold passed at the same time', async () => {
    await breaker.failed('psp');
    const opened: number[] = [];
    const racing = tableBreaker(TABLE, worker(), policy, {
      ...runtime,
      aws: async (service, operation, input) => {
        // Before this one writes that it is open, another one has.
        if ('ConditionExpression' in input && opened.push(now) === 1) await breaker.failed('psp');
        return lambda.aws(service, operation, input);
      },
    });
    expect(await racing.failed('psp')).toBe(true);
    expect(opened).toHaveLength(1);
    expect((await state()).openUntil).toBe(now + 30_000);
  });

  it('does not say that it is open when nobody knows', async () => {
    await breaker.failed('psp');
    const cut = tableBreaker(TABLE, worker(), policy, {
      ...runtime,
      aws: (service, operation, input) =>
        'ConditionExpression' in input ? Promise.reject(new Error('no answer')) : lambda.aws(service, operation, input),
    });
    await expect(cut.failed('psp')).rejects.toThrow('no answer');
  });

  it('says that it is open to whoever fails meanwhile', async () => {
    await breaker.failed('psp');
    await breaker.failed('psp');
    expect(await breaker.failed('psp')).toBe(true);
  });

  it.each([
    [1, 30],
    [2, 60],
    [3, 100],
    [50, 100],
  ])('pauses after opening for the %d. time in a row for %d s', (opened, expected) => {
    expect(coolDownMillis(policy, opened)).toBe(expected * 1_000);
  });
});

describe('the controller', () => {
  const LONGER_THAN_A_CONTROLLER = 90_001;
  const switches: [string, MappingMode][] = [];
  const switchMapping: SwitchMapping = async ({ id, batchSize }, mode) =>
    void switches.push([`${id}/${batchSize}`, mode]);
  const controller = (change = switchMapping, own: Partial<Runtime> = {}) => {
    const env: Record<string, string> = {
      SLUICE_INBOX_TABLE: TABLE,
      SLUICE_MAPPINGS: JSON.stringify({ [name]: { id: 'mapping-1', batchSize: 10 } }),
    };
    return controlBreakers({ ...runtime, ...own, env: (variable) => env[variable] }, change);
  };
  const control = async () => {
    await controller()({}, lambdaContext());
    return switches.splice(0);
  };

  it('switches a mapping off, on trial, and on as declared; and leaves it alone when it did nothing', async () => {
    expect(await control()).toEqual([]);
    await breaker.failed('psp');
    await breaker.failed('psp');
    expect(await control()).toEqual([['mapping-1/10', 'off']]);
    now += 30_000;
    expect(await control()).toEqual([['mapping-1/10', 'trial']]);
    await breaker.failed('psp');
    expect(await control()).toEqual([['mapping-1/10', 'off']]);
    await breaker.succeeded();
    expect(await control()).toEqual([['mapping-1/10', 'on']]);
    now += LONGER_THAN_A_CONTROLLER;
    expect(await control()).toEqual([['mapping-1/10', 'on']]);
    expect(await control()).toEqual([]);
  });

  it('switches on again as long as a slower one may still be switching off', async () => {
    await breaker.failed('psp');
    await breaker.failed('psp');
    await control();
    await breaker.succeeded();
    now += LONGER_THAN_A_CONTROLLER - 1;
    expect(await control()).toEqual([['mapping-1/10', 'on']]);
    expect(await control()).toEqual([['mapping-1/10', 'on']]);
    now += 1;
    expect(await control()).toEqual([['mapping-1/10', 'on']]);
    expect(await control()).toEqual([]);
  });

  it('switches at every call as long as the breaker is not closed, whatever became of the call before', async () => {
    await breaker.failed('psp');
    await breaker.failed('psp');
    const crash = controller(() => Promise.reject(new Error('crash')));
    await expect(crash({}, lambdaContext())).rejects.toThrow('crash');
    expect(await control()).toEqual([['mapping-1/10', 'off']]);
    expect(await control()).toEqual([['mapping-1/10', 'off']]);
  });

  it('keeps looking after a mapping whose breaker opened again while it was being switched on', async () => {
    await breaker.failed('psp');
    await breaker.failed('psp');
    await control();
    await breaker.succeeded();
    now += LONGER_THAN_A_CONTROLLER;
    const meanwhile = controller(async () => {
      await breaker.failed('psp');
      await breaker.failed('psp');
      await control();
    });
    await meanwhile({}, lambdaContext());
    expect(await control()).toEqual([['mapping-1/10', 'off']]);
    await breaker.succeeded();
    expect(await control()).toEqual([['mapping-1/10', 'on']]);
  });

  it('answers and logs what it switched, each change once', async () => {
    const lines: object[] = [];
    const env: Record<string, string> = {
      SLUICE_INBOX_TABLE: TABLE,
      SLUICE_MAPPINGS: JSON.stringify({ [name]: { id: 'mapping-1', batchSize: 10 } }),
    };
    const logged = controlBreakers(
      { ...runtime, env: (variable) => env[variable], write: (line) => lines.push(JSON.parse(line)) },
      async () => undefined,
    );
    await breaker.failed('psp');
    await breaker.failed('psp');
    expect(await logged({}, lambdaContext())).toEqual({ switched: { [name]: 'off' } });
    expect(lines).toHaveLength(1);
    expect(await logged({}, lambdaContext())).toEqual({ switched: { [name]: 'off' } });
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'warn',
        message: 'mapping off',
        function: 'breaker-controller',
        subscription: name,
        mappingId: 'mapping-1',
      }),
    ]);
    await breaker.succeeded();
    for (const _ of [1, 2]) await logged({}, lambdaContext());
    expect(lines.slice(1)).toEqual([expect.objectContaining({ message: 'mapping on' })]);
  });

  describe("a mapping's trouble", () => {
    /** A controller of three open breakers' mappings, of which the second has trouble. */
    async function controlThree(trouble: () => Promise<void>) {
      const mappings = ['a', 'b', 'c'].map((id) => [`${name}-${id}`, { id, batchSize: 10 }] as const);
      for (const [own] of mappings) {
        const one = tableBreaker(TABLE, { ...worker(), name: own }, policy, runtime);
        await one.failed('psp');
        await one.failed('psp');
      }
      const env: Record<string, string> = {
        SLUICE_INBOX_TABLE: TABLE,
        SLUICE_MAPPINGS: JSON.stringify(Object.fromEntries(mappings)),
      };
      const end = Date.now() + 1_500;
      const run = controlBreakers({ ...runtime, env: (variable) => env[variable] }, async (mapping, mode) => {
        if (mapping.id === 'b') await trouble();
        await switchMapping(mapping, mode);
      });
      const error = await run(
        {},
        lambdaContext(() => end - Date.now()),
      ).then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      return { error, left: end - Date.now(), order: switches.splice(0).map(([mapping]) => mapping) };
    }

    it('keeps no other from being switched, and fails the run by name', async () => {
      const { error, order } = await controlThree(() => Promise.reject(new Error('AccessDenied')));
      expect(order).toEqual(['a/10', 'c/10']);
      expect(error?.message).toBe(`1 of 3 mappings could not be switched: ${name}-b (AccessDenied)`);
    });

    it('is that no answer comes: the others are switched before the function ends, and so is the answer', async () => {
      const { error, left, order } = await controlThree(() => new Promise(() => undefined));
      expect(order).toEqual(['a/10', 'c/10']);
      expect(error?.message).toMatch(new RegExp(`^1 of 3 mappings could not be switched: ${name}-b \\(no answer in`));
      expect(left).toBeGreaterThan(0);
    });
  });

  it('that has had to answer switches nothing when its mark is put away after all', async () => {
    await breaker.failed('psp');
    await breaker.failed('psp');
    const over = Promise.withResolvers<void>();
    let put: Promise<unknown> | undefined;
    let millisLeft: (() => number) | undefined;
    const aws: Runtime['aws'] = (service, operation, input, time) => {
      if (operation !== 'PutItem') return runtime.aws(service, operation, input, time);
      millisLeft = time?.millisLeft;
      put = over.promise.then(() => runtime.aws(service, operation, input));
      return put;
    };
    const end = Date.now() + 1_500;
    const context = lambdaContext(() => end - Date.now());
    await expect(controller(switchMapping, { aws })({}, context)).rejects.toThrow('no answer in');
    // So that the client, of its own, begins no try any more.
    expect(millisLeft?.()).toBeLessThanOrEqual(0);
    over.resolve();
    await put;
    await new Promise(setImmediate);
    expect(switches.splice(0)).toEqual([]);
    // The mark stands: the next run looks after the mapping.
    expect(await control()).toEqual([['mapping-1/10', 'off']]);
  });

  describe('a mapping that another change has in use', () => {
    const inUse = Object.assign(new Error('it is in use'), { name: 'ResourceInUseException' });
    const lines: { message: string }[] = [];
    const slept: number[] = [];
    /** A controller of two open breakers' mappings, `busy` and `free`. @param refusals how often the first is refused */
    async function controlTwo(refusals: number) {
      lines.splice(0);
      slept.splice(0);
      switches.splice(0);
      const env: Record<string, string> = {
        SLUICE_INBOX_TABLE: TABLE,
        SLUICE_MAPPINGS: JSON.stringify({
          [name]: { id: 'busy', batchSize: 10 },
          [`${name}-too`]: { id: 'free', batchSize: 10 },
        }),
      };
      for (const one of [breaker, tableBreaker(TABLE, { ...worker(), name: `${name}-too` }, policy, runtime)]) {
        await one.failed('psp');
        await one.failed('psp');
      }
      const { switched } = await controlBreakers(
        {
          ...runtime,
          env: (variable) => env[variable],
          write: (line) => lines.push(JSON.parse(line)),
          sleep: async (milliseconds) => void slept.push(milliseconds),
        },
        async (mapping, mode) => {
          if (mapping.id === 'busy' && refusals-- > 0) throw inUse;
          await switchMapping(mapping, mode);
        },
      )({}, lambdaContext());
      return { switched, order: switches.splice(0).map(([mapping]) => mapping) };
    }

    it('is tried again, and keeps no other waiting', async () => {
      const { switched, order } = await controlTwo(2);
      expect(order).toEqual(['free/10', 'busy/10']);
      expect(switched).toEqual({ [name]: 'off', [`${name}-too`]: 'off' });
      expect(slept).toHaveLength(2);
      expect(lines.map(({ message }) => message)).toEqual(['mapping off', 'mapping off']);
    });

    it('is left to the next run when that takes long, which finds it marked', async () => {
      const { switched } = await controlTwo(Number.POSITIVE_INFINITY);
      expect(switched).toEqual({ [`${name}-too`]: 'off' });
      expect(slept.reduce((sum, one) => sum + one, 0)).toBeLessThan(25_000);
      expect(lines.at(-1)).toMatchObject({ message: 'mapping is in use; the next run tries again', mappingId: 'busy' });
      expect((await controlTwo(0)).order).toContain('busy/10');
    });
  });

  it('fails when it cannot put its mark away, and keeps it for the next call', async () => {
    await breaker.failed('psp');
    await breaker.failed('psp');
    await control();
    await breaker.succeeded();
    now += LONGER_THAN_A_CONTROLLER;
    const env: Record<string, string> = {
      SLUICE_INBOX_TABLE: TABLE,
      SLUICE_MAPPINGS: JSON.stringify({ [name]: { id: 'mapping-1', batchSize: 10 } }),
    };
    const aws: Runtime['aws'] = (service, operation, input) =>
      operation === 'DeleteItem' ? Promise.reject(new Error('no answer')) : lambda.aws(service, operation, input);
    const cut = controlBreakers({ ...runtime, aws, env: (variable) => env[variable] }, switchMapping);
    await expect(cut({}, lambdaContext())).rejects.toThrow('no answer');
    switches.splice(0);
    expect(await control()).toEqual([['mapping-1/10', 'on']]);
    expect(await control()).toEqual([]);
  });

  it.each<[MappingMode, number | undefined, object]>([
    ['off', undefined, { Enabled: false, BatchSize: 1, ScalingConfig: { MaximumConcurrency: 2 } }],
    ['trial', 20, { Enabled: true, BatchSize: 1, ScalingConfig: { MaximumConcurrency: 2 } }],
    ['on', 20, { Enabled: true, BatchSize: 10, ScalingConfig: { MaximumConcurrency: 20 } }],
    ['on', undefined, { Enabled: true, BatchSize: 10, ScalingConfig: {} }],
  ])('tells Lambda: %s, with a concurrency of %s', async (mode, maximumConcurrency, expected) => {
    const asked: [string | undefined, unknown][] = [];
    const server = createServer(async (request, response) => {
      asked.push([`${request.method} ${request.url}`, await json(request)]);
      response.setHeader('content-type', 'application/json').end('{}');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    try {
      if (mode !== 'on') {
        await breaker.failed('psp');
        await breaker.failed('psp');
      }
      if (mode === 'trial') now += 30_000;
      const env: Record<string, string> = {
        SLUICE_INBOX_TABLE: TABLE,
        SLUICE_MAPPINGS: JSON.stringify({ [name]: { id: 'mapping-1', batchSize: 10, maximumConcurrency } }),
      };
      if (mode === 'on') {
        const Item = { pk: `mapping!${name}`, mode: 'off', mark: 'm', at: now };
        await dynamodbOver(lambda.aws, lambda.id)('PutItem', { TableName: TABLE, Item });
      }
      await controlBreakers({ ...runtime, env: (variable) => env[variable] })({}, lambdaContext());
    } finally {
      server.closeAllConnections();
      server.close();
    }
    expect(asked).toEqual([['PUT /2015-03-31/event-source-mappings/mapping-1', expected]]);
  });

  it('names what it was not told', () => {
    expect(() => controlBreakers({ ...runtime, env: () => undefined }, switchMapping)).toThrow('SLUICE_INBOX_TABLE');
  });
});

describe('a mapping that is switched', () => {
  it.each([
    ['off', { Enabled: false, BatchSize: 1, ScalingConfig: { MaximumConcurrency: 2 } }],
    ['trial', { Enabled: true, BatchSize: 1, ScalingConfig: { MaximumConcurrency: 2 } }],
    ['on', { Enabled: true, BatchSize: 10, ScalingConfig: { MaximumConcurrency: 7 } }],
  ] as const)('%s, of a queue', (mode, update) => {
    const mapping = { id: 'm', source: 'queue', batchSize: 10, maximumConcurrency: 7 } as const;
    expect(mappingUpdate(mapping, mode)).toEqual({ UUID: 'm', ...update });
  });

  it('on, without a declared concurrency, has none', () => {
    expect(mappingUpdate({ id: 'm', batchSize: 10 }, 'on')).toMatchObject({ ScalingConfig: {} });
  });

  it.each([
    ['off', { Enabled: false, BatchSize: 1 }],
    ['trial', { Enabled: true, BatchSize: 1 }],
    ['on', { Enabled: true, BatchSize: 100 }],
  ] as const)('%s, of a stream, which has no concurrency', (mode, update) => {
    expect(mappingUpdate({ id: 'm', source: 'stream', batchSize: 100 }, mode)).toEqual({ UUID: 'm', ...update });
  });
});
