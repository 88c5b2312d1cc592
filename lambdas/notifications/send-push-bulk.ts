import { consume } from '../../lib/runtime/consuming/consume.ts';
import { NotificationRequested, sendPushBulk } from '../../lib/systems/notifications/contract.ts';
import { deliver } from './sending/deliver.ts';

export const handler = consume(sendPushBulk, { [NotificationRequested.type]: deliver('push', 'bulk') });
