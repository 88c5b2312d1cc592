import { consume } from '../../../lib/runtime/consuming/consume.ts';
import { fifo } from '../contract.ts';
import { askProvider } from './parts/ask-provider.ts';

export const handler = consume(fifo, { 'outage.asked': askProvider(fifo.name) });
