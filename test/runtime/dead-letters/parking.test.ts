import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { AwsError } from '../../../lib/runtime/aws/calls/call.ts';
import { readControl } from '../../../lib/runtime/control/control-items.ts';
import { type Parking, tableParking } from '../../../lib/runtime/dead-letters/parking.ts';
import { patientCall, patientRuntime } from '../../../lib/runtime/invocation/patience.ts';
import { lambda, type Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import type { Message } from '../../../lib/runtime/messages/message.ts';
import { orderedQueue } from '../../contracts/sample-declarations.ts';
import { createInboxTable, itemsOf, useLocalServices } from '../local-services.ts';

useLocalServices();

const TABLE = 'parking';
let count = 0;
let name: string;
let parking: Parking;

beforeAll(() => createInboxTable(TABLE));
beforeEach(() => {
  count += 1;
  name = `worker-${count}`;
  parking = tableParking(TABLE, { name }, { ...lambda, aws: patientCall(lambda) });
});

const message = (id: string): Message => ({
  id,
  body: `body of ${id}`,
  unit: 'K',
  source: 'test',
  receives: 1,
  firstReceived: 0,
  attributes: { type: { dataType: 'String', stringValue: 't' } },
});

const parkedKeys = async () => {
  const worker = subscription(name, { to: orderedQueue, failedKey: 'park' });
  return [...(await readControl(lambda, TABLE, worker, [])).parkedKeys];
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

  it('takes keys longer than those of items, tells them apart, and knows them as they are', async () => {
    const [one, other] = ['x', 'y'].map((end) => 'k'.repeat(4_000) + end) as [string, string];
    expect(await parking.park(one, message('1'), 'broken')).toBe(true);
    expect(await parking.park(other, message('2'))).toBe(false);
    expect(await parking.park(one, message('3'))).toBe(true);
    expect(await parkedKeys()).toEqual([one]);
    const items = (await itemsOf(TABLE)).filter(({ pk }) => String(pk).startsWith(`parked!${name}!`));
    expect(items.map(({ key }) => key).filter((key) => key !== undefined)).toEqual([one]);
    for (const { pk } of items) expect(String(pk).length).toBeLessThan(2_048);
    // A short key that looks like the hash of a long one is another key.
    const hash = String(items[0]?.pk).split('!').at(-1) ?? '';
    expect(await parking.park(hash, message('4'))).toBe(false);
    await parking.park(hash, message('5'), 'broken');
    expect((await lot()).map(([number]) => number)).toEqual([1, 1, 2]);
  });

  it('leaves a message alone whose key is not parked', async () => {
    expect(await parking.park('K', message('1'))).toBe(false);
    expect(await lot()).toEqual([]);
  });

  it('says that a message is parked which is delivered again: it must not be handled', async () => {
    await parking.park('K', message('m-1'), 'broken');
    await parking.park('K', message('m-2'));
    expect(await parking.park('K', message('m-2'))).toBe(true);
    expect(await parking.park('K', message('m-3'))).toBe(true);
  });

  it('takes an id of nothing for a message like any other', async () => {
    expect(await parking.park('K', message(''))).toBe(false);
  });

  it('does not take trouble with the table for a key that is not parked', async () => {
    const down: Runtime['aws'] = (service, operation, input) =>
      operation === 'TransactWriteItems'
        ? Promise.reject(new Error('no answer'))
        : lambda.aws(service, operation, input);
    const cut = tableParking(TABLE, { name }, { ...lambda, aws: down });
    await expect(cut.park('K', message('m-1'))).rejects.toThrow('no answer');
  });

  it('reads consistently, and keeps why a message failed only with that message', async () => {
    const reads: unknown[] = [];
    const aws: Runtime['aws'] = (service, operation, input) => {
      if (operation === 'GetItem') reads.push((input as { ConsistentRead?: boolean }).ConsistentRead);
      return lambda.aws(service, operation, input);
    };
    const watched = tableParking(TABLE, { name }, { ...lambda, aws });
    await watched.park('other', message('m-1'));
    await watched.park('K', message('m-1'), 'broken');
    await watched.park('K', message('m-2'));
    expect(reads).toEqual([true, true, true, true]);
    const items = (await itemsOf(TABLE)).filter(({ pk, body }) => String(pk).startsWith(`parked!${name}!`) && body);
    expect(items.map(({ messageId, ...item }) => [messageId, 'reason' in item]).sort()).toEqual([
      ['m-1', true],
      ['m-2', false],
    ]);
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

  describe('beside other transactions, which want the same items', () => {
    const conflict = new AwsError('TransactionCanceledException', 'conflict', 400, {
      CancellationReasons: [{ Code: 'TransactionConflict' }, { Code: 'None' }, { Code: 'None' }],
    });
    /** So many transactions meet another one; time passes only by waiting. */
    const meeting = (conflicts: number) => {
      let left = conflicts;
      let passed = 0;
      const waits: number[] = [];
      const runtime: Runtime = {
        ...lambda,
        random: () => 1,
        sleep: async (wait) => {
          waits.push(wait);
          passed += wait;
        },
        aws: (service, operation, input) =>
          operation === 'TransactWriteItems' && left-- > 0
            ? Promise.reject(conflict)
            : lambda.aws(service, operation, input),
      };
      const time = { millisLeft: () => 2_000 - passed };
      return { other: tableParking(TABLE, { name }, patientRuntime(runtime, { calls: time, tries: time })), waits };
    };

    it('waits, and parks the message once', async () => {
      const { other, waits } = meeting(3);
      expect(await other.park('K', message('1'), 'broken')).toBe(true);
      expect(waits).toEqual([50, 100, 200]);
      expect(await lot()).toHaveLength(1);
    });

    it('steps back before it reads again, when another was faster', async () => {
      await parking.park('K', message('1'), 'broken');
      const waits: number[] = [];
      let others = 3;
      const runtime: Runtime = {
        ...lambda,
        random: () => 1,
        sleep: async (wait) => void waits.push(wait),
        aws: async (service, operation, input) => {
          if (operation === 'TransactWriteItems' && others-- > 0) await parking.park('K', message(`other-${others}`));
          return lambda.aws(service, operation, input);
        },
      };
      expect(await tableParking(TABLE, { name }, runtime).park('K', message('2'))).toBe(true);
      expect(waits).toEqual([50, 100, 200]);
      expect((await lot()).map(([number]) => number)).toEqual([1, 2, 3, 4, 5]);
    });

    it('does not take them for the word that its key is parked no more', async () => {
      await parking.park('K', message('1'), 'broken');
      expect(await meeting(1).other.park('K', message('2'))).toBe(true);
    });

    it('gives up when the time is up, and has parked nothing', async () => {
      const { other, waits } = meeting(Number.POSITIVE_INFINITY);
      await expect(other.park('K', message('1'), 'broken')).rejects.toBe(conflict);
      expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThan(2_000);
      expect(await lot()).toEqual([]);
    });
  });
});
