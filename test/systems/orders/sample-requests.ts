import type { OrderRequest } from '../../../lib/systems/orders/request.ts';

export const line = (more: Partial<OrderRequest['lines'][number]> = {}): OrderRequest['lines'][number] => ({
  sku: 'LAMP',
  description: 'A lamp',
  quantity: 2,
  unitPrice: 2.55,
  ...more,
});

export const request = (more: Partial<OrderRequest> = {}): OrderRequest => ({
  invoiceNo: 'A1',
  placedAt: '2010-12-01T08:26:00Z',
  customerId: '17850',
  country: 'France',
  cancellation: false,
  lines: [line()],
  ...more,
});

export const cancellation = (more: Partial<OrderRequest> = {}): OrderRequest =>
  request({ invoiceNo: 'C1', cancellation: true, lines: [line({ quantity: -2 })], ...more });
