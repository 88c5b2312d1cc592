import { systemContract } from '../../contracts/system.ts';
import type { HouseSystem } from '../house-system.ts';
import * as contract from './contract.ts';

export const orders: HouseSystem = {
  name: 'orders',
  summary: 'buy now: place an order, charge, reserve, invoice, e-mail, count sales',
  contract: systemContract('orders', contract),
  stack: async () => (await import('./stack.ts')).OrdersStack,
  tools: async () => (await import('./tools/tools.ts')).ordersTools,
};
