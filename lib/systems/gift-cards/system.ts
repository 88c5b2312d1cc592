import { systemContract } from '../../contracts/system.ts';
import type { HouseSystem } from '../house-system.ts';
import * as contract from './contract.ts';

export const giftCards: HouseSystem = {
  name: 'gift-cards',
  summary: 'say here in one line what it is for',
  contract: systemContract('gift-cards', contract),
  stack: async () => (await import('./stack.ts')).GiftCardsStack,
  tools: async () => (await import('./tools/tools.ts')).giftCardsTools,
};
