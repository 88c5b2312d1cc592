import { consume } from '../../lib/runtime/consuming/consume.ts';
import { NotificationRequested, sendSmsUrgent } from '../../lib/systems/notifications/contract.ts';
import { deliver } from './sending/deliver.ts';

export const handler = consume(sendSmsUrgent, { [NotificationRequested.type]: deliver('sms', 'urgent') });
