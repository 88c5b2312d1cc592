import type { HouseSystem } from './house-system.ts';
import { notifications } from './notifications/system.ts';
import { orders } from './orders/system.ts';
import { reminders } from './reminders/system.ts';

/** The reference systems. A new one is a folder beside these, and a line here; everything else follows from its `system.ts`. */
export const SYSTEMS: readonly HouseSystem[] = [orders, notifications, reminders];
