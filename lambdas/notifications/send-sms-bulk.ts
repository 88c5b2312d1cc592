import { consume } from '../../lib/runtime/consuming/consume.ts';
import { NotificationRequested, sendSmsBulk } from '../../lib/systems/notifications/contract.ts';
import { deliver } from './sending/deliver.ts';

export const handler = consume(sendSmsBulk, { [NotificationRequested.type]: deliver('sms', 'bulk') });
