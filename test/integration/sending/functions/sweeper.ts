import { sweepOutbox } from '../../../../lib/runtime/outbox/relay-handlers.ts';
import { documentOutbox } from '../contract.ts';

export const handler = sweepOutbox(documentOutbox);
