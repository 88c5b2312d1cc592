import { consume } from '../../lib/runtime/consuming/consume.ts';
import { NotificationRequested, sendEmailUrgent } from '../../lib/systems/notifications/contract.ts';
import { deliver } from './sending/deliver.ts';

export const handler = consume(sendEmailUrgent, { [NotificationRequested.type]: deliver('email', 'urgent') });
