import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { subscription } from '../../lib/contracts/subscription.ts';
import { dynamodbOver } from '../../lib/runtime/aws/dynamodb.ts';
import { readControl } from '../../lib/runtime/control-items.ts';
import type { Message } from '../../lib/runtime/message.ts';
import { type Parking, tableParking } from '../../lib/runtime/parking.ts';
import { lambda } from '../../lib/runtime/runtime.ts';
import { orderedQueue } from '../contracts/sample-declarations.ts';
import { createInboxTable, itemsOf, useLocalServices } from './local-services.ts';

useLocalServices();

const TABLE = 'parking';
let count = 0;
let name: string;
let parking: Parking;

beforeAll(() => createInboxTable(TABLE));
beforeEach(() => {
  count += 1;
  name = `worker-${count}`;
  parking = tableParking(TABLE, { name }, lambda);
});

const message = (id: string): Message => ({
  id,
  body: `body of ${id}`,
  unit: 'K',
  source: 'test',
  receives: 1,
  firstReceived: 0,
  attributes: { type: 't' },
});

const parkedKeys = async () => {
  const worker = subscription(name, { to: orderedQueue, failedKey: 'park' });
  return [...(await readControl(dynamodbOver(lambda.aws, lambda.id), TABLE, worker, [])).parkedKeys];
};

const lot = async () =>
  (await itemsOf(TABLE))
    .filter(({ pk, number }) => String(pk).startsWith(`parked!${name}!`) && number !== undefined)
    .toSorted((a, b) => Number(a.number) - Number(b.number))
    .map(({ number, body, reason }) => [number, body, reason]);

describe('parking', () => {
  it('keeps the failed message and what follows it in the order it came', async () => {
    expect(await parking.park('K', message('1'), 'broken')).toBe(true);
    expect(await parking.park('K', message('2'))).toBe(true);
    expect(await parking.park('K', message('3'))).toBe(true);
    expect(await parkedKeys()).toEqual(['K']);
    expect(await lot()).toEqual([
      [1, 'body of 1', 'broken'],
      [2, 'body of 2', undefined],
      [3, 'body of 3', undefined],
    ]);
  });

  it('leaves a message alone whose key is not parked', async () => {
    expect(await parking.park('K', message('1'))).toBe(false);
    expect(await lot()).toEqual([]);
  });

  it('keeps a message once that is delivered again', async () => {
    await parking.park('K', message('1'), 'broken');
    await parking.park('K', message('1'), 'broken');
    expect(await lot()).toHaveLength(1);
  });

  it('numbers what several instances park at the same time', async () => {
    await parking.park('K', message('0'), 'broken');
    await Promise.all(Array.from({ length: 5 }, (_, i) => parking.park('K', message(`m${i}`))));
    expect((await lot()).map(([number]) => number)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
