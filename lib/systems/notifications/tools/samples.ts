import { join } from 'node:path';
import type { NotificationRequest } from '../request.ts';

/** The sample notifications that come with the project; `samples/README.md` says what they are made by. */
export const SAMPLE_FILE = join(import.meta.dirname, '../../../../samples/notifications.ndjson');

const TENANTS = ['lamp-shop', 'book-shop', 'bank', 'gym'] as const;
const USERS_PER_TENANT = 12;

/** Kinds of notifications in turn: more of those that there are more of. */
const KINDS: readonly Pick<NotificationRequest, 'channel' | 'priority' | 'template'>[] = [
  { channel: 'push', priority: 'bulk', template: 'weekend-sale' },
  { channel: 'email', priority: 'bulk', template: 'newsletter' },
  { channel: 'push', priority: 'normal', template: 'parcel-on-its-way' },
  { channel: 'email', priority: 'urgent', template: 'password-reset' },
  { channel: 'push', priority: 'bulk', template: 'weekend-sale' },
  { channel: 'sms', priority: 'urgent', template: 'login-code' },
  { channel: 'email', priority: 'normal', template: 'receipt' },
  { channel: 'push', priority: 'urgent', template: 'login-request' },
  { channel: 'email', priority: 'bulk', template: 'newsletter' },
  { channel: 'sms', priority: 'normal', template: 'appointment' },
];

/** One in so many is what callers get wrong. */
const WRONG_EVERY = 40;

/** The n-th sample, from 0: the same in every run. Primes apart, so that tenants, users and kinds meet in every way. */
export function sample(n: number): NotificationRequest {
  const tenant = TENANTS[(n * 7) % TENANTS.length] ?? '';
  const request: NotificationRequest = {
    notificationId: `N${String(n).padStart(4, '0')}`,
    tenant,
    user: `${tenant}-${(n * 13 + Math.floor(n / 7)) % USERS_PER_TENANT}`,
    ...(KINDS[n % KINDS.length] as (typeof KINDS)[number]),
    data: { number: String(n) },
  };
  if (n % WRONG_EVERY !== WRONG_EVERY - 1) return request;
  return n % (2 * WRONG_EVERY) === WRONG_EVERY - 1
    ? { ...request, channel: 'sms', priority: 'bulk', template: 'weekend-sale' }
    : { ...request, user: 'nobody@example.org' };
}

/** The same notification as another one. */
export const renewed = (request: NotificationRequest, suffix: string): NotificationRequest => ({
  ...request,
  notificationId: `${request.notificationId}-${suffix}`,
});
