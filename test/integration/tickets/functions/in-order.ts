import { consume } from '../../../../lib/runtime/consuming/consume.ts';
import { inOrder } from '../contract.ts';
import { noteInOrder } from './parts/note-in-order.ts';

export const handler = consume(inOrder, { 'tickets.ticket': noteInOrder('order') });
