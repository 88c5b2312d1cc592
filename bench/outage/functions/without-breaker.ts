import { consume } from '../../../lib/runtime/consuming/consume.ts';
import { withoutBreaker } from '../contract.ts';
import { askProvider } from './parts/ask-provider.ts';

export const handler = consume(withoutBreaker, { 'outage.asked': askProvider(withoutBreaker.name) });
