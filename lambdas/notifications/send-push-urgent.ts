import { consume } from '../../lib/runtime/consuming/consume.ts';
import { NotificationRequested, sendPushUrgent } from '../../lib/systems/notifications/contract.ts';
import { deliver } from './sending/deliver.ts';

export const handler = consume(sendPushUrgent, { [NotificationRequested.type]: deliver('push', 'urgent') });
