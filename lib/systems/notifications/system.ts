import { systemContract } from '../../contracts/system.ts';
import type { HouseSystem } from '../house-system.ts';
import * as contract from './contract.ts';

export const notifications: HouseSystem = {
  name: 'notifications',
  summary: 'tell people by push, e-mail, SMS: priorities, rates, what is undeliverable',
  contract: systemContract('notifications', contract),
  stack: async () => (await import('./stack.ts')).NotificationsStack,
  tools: async () => (await import('./tools/tools.ts')).notificationsTools,
};
