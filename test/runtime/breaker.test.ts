import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { seconds } from '../../lib/contracts/duration.ts';
import { breaker as policyOf, subscription } from '../../lib/contracts/subscription.ts';
import { dynamodbOver } from '../../lib/runtime/aws/dynamodb.ts';
import { type Breaker, coolDownMillis, tableBreaker } from '../../lib/runtime/breaker.ts';
import { controlBreakers, type MappingMode } from '../../lib/runtime/breaker-controller.ts';
import { readControl } from '../../lib/runtime/control-items.ts';
import { lambda, type Runtime } from '../../lib/runtime/runtime.ts';
import { workQueue } from '../contracts/sample-declarations.ts';
import { lambdaContext } from './lambda-events.ts';
import { createInboxTable, useLocalServices } from './local-services.ts';

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
const state = () => readControl(dynamodbOver(lambda.aws, lambda.id), TABLE, worker());

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
  const switches: [string, MappingMode, number][] = [];
  const mappings = {
    read: async () => ({ batchSize: 10, maximumConcurrency: 20 }),
    switch: async (id: string, mode: MappingMode, before: { batchSize: number }) =>
      void switches.push([id, mode, before.batchSize]),
  };
  const control = async () => {
    const env: Record<string, string> = {
      SLUICE_INBOX_TABLE: TABLE,
      SLUICE_MAPPINGS: JSON.stringify({ [name]: 'mapping-1' }),
    };
    const handler = controlBreakers({ ...runtime, env: (variable) => env[variable] }, mappings);
    await handler({}, lambdaContext());
    return switches.splice(0);
  };

  it('switches a mapping off, on trial, and on as it was; each once', async () => {
    expect(await control()).toEqual([]);
    await breaker.failed('psp');
    await breaker.failed('psp');
    expect(await control()).toEqual([['mapping-1', 'off', 10]]);
    expect(await control()).toEqual([]);
    now += 30_000;
    expect(await control()).toEqual([['mapping-1', 'trial', 10]]);
    await breaker.failed('psp');
    expect(await control()).toEqual([['mapping-1', 'off', 10]]);
    await breaker.succeeded();
    expect(await control()).toEqual([['mapping-1', 'on', 10]]);
    expect(await control()).toEqual([]);
  });

  it('switches again when it is not known to have switched', async () => {
    await breaker.failed('psp');
    await breaker.failed('psp');
    const broken = { ...mappings, switch: () => Promise.reject(new Error('crash')) };
    const env: Record<string, string> = {
      SLUICE_INBOX_TABLE: TABLE,
      SLUICE_MAPPINGS: JSON.stringify({ [name]: 'mapping-1' }),
    };
    await expect(
      controlBreakers({ ...runtime, env: (variable) => env[variable] }, broken)({}, lambdaContext()),
    ).rejects.toThrow('crash');
    expect(await control()).toEqual([['mapping-1', 'off', 10]]);
    expect(await control()).toEqual([]);
  });

  it('names what it was not told', () => {
    expect(() => controlBreakers({ ...runtime, env: () => undefined }, mappings)).toThrow('SLUICE_INBOX_TABLE');
  });
});
