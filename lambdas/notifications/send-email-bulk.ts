import { consume } from '../../lib/runtime/consuming/consume.ts';
import { NotificationRequested, sendEmailBulk } from '../../lib/systems/notifications/contract.ts';
import { deliver } from './sending/deliver.ts';

export const handler = consume(sendEmailBulk, { [NotificationRequested.type]: deliver('email', 'bulk') });
