import { afterAll, beforeAll } from 'vitest';
import { type OrdersApp, startOrders } from './orders-app.ts';
import { describeOrders } from './orders-scenarios.ts';

let app: OrdersApp;

beforeAll(async () => {
  app = await startOrders();
}, 60_000);
afterAll(() => app?.close());

describeOrders(() => app);
