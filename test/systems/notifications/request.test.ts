import { describe, expect, it } from 'vitest';
import { envelope } from '../../../lib/contracts/events/envelope.ts';
import { readSamples } from '../../../lib/operations/systems/samples.ts';
import { NotificationRequested, SENDERS } from '../../../lib/systems/notifications/contract.ts';
import { decide, eventIdOf, Refused } from '../../../lib/systems/notifications/request.ts';
import { SAMPLE_FILE, sample } from '../../../lib/systems/notifications/tools/samples.ts';
import { notification } from './sample-notifications.ts';

const refusalOf = (input: unknown): Refused => {
  try {
    decide(input);
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
  throw new Error('it was accepted');
};

describe('decide', () => {
  it('takes a request, and makes of it nothing but what it says', () => {
    expect(decide({ ...notification(), traceparent: '00-1-2-01' })).toEqual({
      data: notification(),
      traceparent: '00-1-2-01',
    });
  });

  it('takes a request without priority and data as a normal one', () => {
    const { priority: _, data: __, ...plain } = notification();
    expect(decide(plain).data).toMatchObject({ priority: 'normal', data: {} });
  });

  it.each([
    ['nothing', undefined, 'malformed', /JSON object/],
    ['a list', [], 'malformed', /JSON object/],
    ['an address for a user', notification({ user: 'a@example.org' }), 'malformed', /user: must be 1 to 64/],
    ['no such channel', { ...notification(), channel: 'fax' }, 'malformed', /channel/],
    ['a text for data', { ...notification(), data: 'x' }, 'malformed', /data/],
    ['a campaign by SMS', notification({ channel: 'sms' }), 'campaign-by-sms', /take email or push/],
  ] as const)('refuses %s', (_, input, reason, message) => {
    const refused = refusalOf(input);
    expect(refused.reason).toBe(reason);
    expect(refused.message).toMatch(message);
  });
});

describe('a notification', () => {
  const eventOf = (change: Parameters<typeof notification>[0]) => {
    const data = notification(change);
    return envelope(NotificationRequested, data, { id: eventIdOf(data), source: '/test', time: new Date(0) });
  };

  it('shares its turn in a queue with its tenant and priority: normal ones overtake a campaign of their own tenant', () => {
    const of = (priority: 'normal' | 'bulk') =>
      SENDERS.email.bulk.to.tenantBy?.(eventOf({ tenant: 'gym', priority }) as never);
    expect([of('normal'), of('bulk')]).toEqual(['gym/normal', 'gym/bulk']);
  });

  it('by SMS that is urgent goes in order per user', () => {
    const { to } = SENDERS.sms.urgent;
    expect(to.order).toBe('per-key');
    expect(to.groupBy(eventOf({ user: 'bank-7' }) as never)).toBe('bank-7');
  });
});

it('the samples are those that the generator makes', () => {
  const samples = readSamples({ file: SAMPLE_FILE });
  expect(samples).toEqual(samples.map((_, n) => sample(n)));
  expect(samples).toHaveLength(400);
});
