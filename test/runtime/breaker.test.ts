import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { seconds } from '../../lib/contracts/duration.ts';
import { breaker as policyOf, subscription } from '../../lib/contracts/subscription.ts';
import { dynamodbOver } from '../../lib/runtime/aws/dynamodb.ts';
import { type Breaker, coolDownMillis, tableBreaker } from '../../lib/runtime/breaker.ts';
import { controlBreakers, type MappingMode, type SwitchMapping } from '../../lib/runtime/breaker-controller.ts';
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
const state = () => readControl(dynamodbOver(lambda.aws, lambda.id), TABLE, worker(), []);

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
  const LONGER_THAN_A_CONTROLLER = 90_001;
  const switches: [string, MappingMode][] = [];
  const switchMapping: SwitchMapping = async ({ id, batchSize }, mode) =>
    void switches.push([`${id}/${batchSize}`, mode]);
  const controller = (change = switchMapping) => {
    const env: Record<string, string> = {
      SLUICE_INBOX_TABLE: TABLE,
      SLUICE_MAPPINGS: JSON.stringify({ [name]: { id: 'mapping-1', batchSize: 10 } }),
    };
    return controlBreakers({ ...runtime, env: (variable) => env[variable] }, change);
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

  it('names what it was not told', () => {
    expect(() => controlBreakers({ ...runtime, env: () => undefined }, switchMapping)).toThrow('SLUICE_INBOX_TABLE');
  });
});
