import { consume } from '../../../../lib/runtime/consuming/consume.ts';
import { fromLog } from '../contract.ts';
import { noteInOrder } from './parts/note-in-order.ts';

export const handler = consume(fromLog, { 'tickets.ticket': noteInOrder('journal') });
