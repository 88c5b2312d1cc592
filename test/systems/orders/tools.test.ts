import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import type { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Clients } from '../../../lib/systems/orders/tools/clients.ts';
import { patient, type Shop } from '../../../lib/systems/orders/tools/producer.ts';
import { fillShelf } from '../../../lib/systems/orders/tools/stock.ts';
import { request } from './sample-requests.ts';

describe('a patient shop', () => {
  afterEach(() => void vi.useRealTimers());

  /** A shop that fails so many times. @returns what came of an order, and how many tries it had */
  async function placedAfter(failures: number): Promise<readonly [string, number]> {
    vi.useFakeTimers();
    let tries = 0;
    const shop: Shop = {
      async place() {
        if (++tries <= failures) throw new Error('not there');
        return { status: 'accepted', orderId: '1', sequence: 1, duplicate: false };
      },
      close: () => undefined,
    };
    const reply = patient(shop)
      .place(request())
      .then(
        ({ status }) => status as string,
        (error: Error) => error.message,
      );
    await vi.runAllTimersAsync();
    return [await reply, tries];
  }

  it.each([
    [0, 'accepted', 1],
    [9, 'accepted', 10],
    [10, 'not there', 10],
  ])('after %i failures', async (failures, outcome, tries) => {
    expect(await placedAfter(failures)).toEqual([outcome, tries]);
  });
});

describe('filling the shelf', () => {
  it('counts what is new, and leaves what is there', async () => {
    const there = new Map([['cup', 3]]);
    const send = async ({ input: { Item: { sku, quantity } = {}, ConditionExpression } }: PutCommand) => {
      expect(ConditionExpression).toBe('attribute_not_exists(sku)');
      if (there.has(sku)) throw new ConditionalCheckFailedException({ message: 'it is there', $metadata: {} });
      there.set(sku, quantity);
    };
    const clients = { dynamodb: { send } } as unknown as Clients;
    const shelf = [
      ['cup', 9],
      ['pot', 5],
      ['lid', 1],
    ] as const;
    expect(await fillShelf(clients, 'shelf', new Map(shelf))).toBe(2);
    expect(Object.fromEntries(there)).toEqual({ cup: 3, pot: 5, lid: 1 });
  });
});
