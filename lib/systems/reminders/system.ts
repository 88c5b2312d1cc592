import { systemContract } from '../../contracts/system.ts';
import type { HouseSystem } from '../house-system.ts';
import * as contract from './contract.ts';

export const reminders: HouseSystem = {
  name: 'reminders',
  summary: 'in 30 minutes, or every day at 9 where you are: each due time is told once',
  contract: systemContract('reminders', contract),
  stack: async () => (await import('./stack.ts')).RemindersStack,
  tools: async () => (await import('./tools/tools.ts')).remindersTools,
};
