import { relayOutbox } from '../../lib/runtime/outbox/relay-handlers.ts';
import { ordersOutbox } from '../../lib/systems/orders/contract.ts';

export const handler = relayOutbox(ordersOutbox);
