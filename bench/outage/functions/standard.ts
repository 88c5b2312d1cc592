import { consume } from '../../../lib/runtime/consuming/consume.ts';
import { standard } from '../contract.ts';
import { askProvider } from './parts/ask-provider.ts';

export const handler = consume(standard, { 'outage.asked': askProvider(standard.name) });
