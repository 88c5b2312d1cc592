import { expect, it } from 'vitest';
import { waitForOrder } from '../../../lambdas/orders/stock/wait-for-order.ts';
import { visibilityOf } from '../../../lib/contracts/subscriptions/delivery-numbers.ts';
import { reserveStock } from '../../../lib/systems/orders/contract.ts';

it('a cancellation waits longer for its order than the order is hidden by workers that died, twice', () => {
  const waits = Array.from({ length: reserveStock.retry.attempts - 1 }, (_, i) => waitForOrder(i + 1).seconds);
  expect(waits).toEqual([2, 8, 32, 128, 256]);
  const together = waits.reduce((sum, wait) => sum + wait, 0);
  expect(together).toBeGreaterThan(2 * visibilityOf(reserveStock).seconds);
  expect(waitForOrder(20).seconds).toBe(256);
});
