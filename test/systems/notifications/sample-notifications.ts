import type { NotificationData } from '../../../lib/systems/notifications/contract.ts';

/** A notification that is all right. */
export const notification = (change: Partial<NotificationData> = {}): NotificationData => ({
  notificationId: 'N1',
  tenant: 'bank',
  user: 'bank-1',
  channel: 'email',
  priority: 'bulk',
  template: 'newsletter',
  data: { number: '1' },
  ...change,
});
