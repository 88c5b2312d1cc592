import { describe, expect, it } from 'vitest';
import type { MadeFault } from '../../../lib/operations/systems/system.ts';
import type { Disturbance } from '../../../lib/systems/orders/tools/ledger.ts';
import { disturbanceBy } from '../../../lib/systems/orders/tools/tools.ts';
import { type Change, change, reconciled, without } from './settled-world.ts';

describe('reconcile, where the books disagree', () => {
  it.each<[string, Change, string]>([
    [
      'another sum was booked than moved',
      ({ payments }) => ({ payments: change(payments, 0, { pence: 1_500 }) }),
      'payment order-outbox/A1/1: booked 1500 pence, the provider moved 1510',
    ],
    [
      'a payment was booked that never happened',
      ({ payments }) => ({ payments: change(payments, 2, { status: 'approved' }) }),
      'payment order-outbox/G1/1: booked 12750 pence, the provider moved nothing',
    ],
    [
      'money moved that was not booked',
      ({ provider }) => ({ provider: change(provider, 2, { movedPence: 12_750 }) }),
      "payment order-outbox/G1/1: booked 'declined', but the provider moved 12750 pence",
    ],
    [
      'another sum was booked and moved than was ordered',
      ({ payments, provider }) => ({
        payments: change(payments, 0, { pence: 1_500 }),
        provider: change(provider, 0, { movedPence: 1_500 }),
      }),
      'payment order-outbox/A1/1: 1500 pence instead of 1510',
    ],
    [
      'the stock is not what the reservations say',
      ({ stock }) => ({ stock: change(stock, 1, { quantity: 5 }) }),
      'stock of BAG is 5, the reservations say 4',
    ],
  ])('has a problem when %s', (_, wrong, text) => {
    expect(reconciled(wrong)).toMatchObject({ lost: 0, duplicatedEffects: 0, outOfOrder: 0, problems: [text] });
  });

  it.each<[string, Change, string]>([
    [
      'a payment for an event that nobody placed',
      ({ payments }) => ({
        payments: [...payments, { ...payments[2], idempotencyKey: 'x', orderId: 'X1' } as (typeof payments)[number]],
      }),
      'payments that nobody ordered: x',
    ],
    [
      'money moved for an event that nobody placed',
      ({ provider }) => ({
        provider: [...provider, { idempotencyKey: 'x', orderId: 'X1', kind: 'refund', movedPence: 1, calls: 1 }],
      }),
      'payments that nobody ordered: x',
    ],
    [
      'stock was decided for an event that nobody placed',
      ({ reservations }) => ({
        reservations: [
          ...reservations,
          {
            orderId: 'X1',
            part: '0000000001#0',
            kind: 'reservation',
            lines: [{ sku: 'LAMP', quantity: 1, status: 'back-ordered' }],
          },
        ],
      }),
      'stock decisions that nobody ordered: order-outbox/X1/1',
    ],
    ['an article has lost its stock', ({ stock }) => ({ stock: without(stock, 1) }), 'articles without stock: BAG'],
    [
      'a guest was written to',
      ({ mails }) => ({ mails: [...mails, 'order-outbox_G1_1'] }),
      'e-mails that nobody is owed: order-outbox_G1_1',
    ],
  ])('sees a stranger: %s', (_, wrong, text) => {
    expect(reconciled(wrong)).toMatchObject({ lost: 0, duplicatedEffects: 0, outOfOrder: 0, problems: [text] });
  });

  it('sees that money moved although the payment was given up', () => {
    const moved: Change = ({ payments, provider }) => ({
      payments: without(payments, 2),
      provider: change(provider, 2, { movedPence: 12_750 }),
    });
    expect(reconciled(moved, { dead: { 'charge-card': ['order-outbox/G1/1'] } })).toMatchObject({
      ...{ lost: 0, duplicatedEffects: 0, outOfOrder: 0 },
      problems: ['money moved that is not booked: order-outbox/G1/1'],
    });
  });

  it('takes an effect for owed whose message was given up after it had happened', () => {
    for (const consumer of ['send-email', 'make-invoice', 'charge-card', 'reserve-stock', 'sales-totals']) {
      const { problems } = reconciled(() => ({}), { dead: { [consumer]: ['order-outbox/A1/1'] } });
      // What has moved money, or was counted, is compared with the books: that is told, and not as a stranger.
      expect([consumer, problems.filter((text) => /nobody (is owed|ordered)/.test(text))]).toEqual([consumer, []]);
      if (['send-email', 'make-invoice'].includes(consumer)) expect([consumer, problems]).toEqual([consumer, []]);
    }
  });

  it('sees stock below nothing', () => {
    const { problems } = reconciled(({ stock }) => ({ stock: change(stock, 0, { quantity: -1 }) }));
    expect(problems).toEqual(['stock of LAMP is negative: -1', 'stock of LAMP is -1, the reservations say 10']);
  });
});

describe('reconcile, where something was done to the system on purpose', () => {
  const twice: Change = ({ mails }) => ({ mails: [...mails, mails[0] ?? ''] });
  const backwards: Change = ({ payments }) => ({
    payments: change(payments, 1, { settledAt: '1999-01-01T00:00:00.000Z' }),
  });
  const none = { mailsAtRisk: 0, clocksWrong: false };

  it.each<[string, Change, Disturbance]>([
    ['an e-mail sent once more', twice, { ...none, mailsAtRisk: 1 }],
    ['times that say nothing about order', backwards, { ...none, clocksWrong: true }],
  ])('excuses %s, but no more than that', (_, wrong, disturbance) => {
    expect(reconciled(wrong, { disturbance: none }).problems).toHaveLength(1);
    expect(reconciled(wrong, { disturbance }).problems).toEqual([]);
    expect(
      reconciled((world) => ({ ...wrong(world), mails: [...world.mails, ...world.mails] }), { disturbance }).problems,
    ).not.toEqual([]);
  });

  it('knows from the faults what they excuse', () => {
    const fault = { kind: 'kill', service: 'dynamodb', operation: 'PutItem', when: 'after' } as const;
    const mailer = 'sluice-dev-orders-send-email';
    const made: MadeFault[] = [
      { ...fault, functionName: mailer },
      { ...fault, kind: 'lose-response', service: 'ses', functionName: mailer },
      { ...fault, kind: 'lose-response', functionName: mailer },
      { ...fault, kind: 'latency', functionName: mailer },
      { ...fault, functionName: 'sluice-dev-orders-charge-card' },
    ];
    expect(disturbanceBy(made)).toEqual({
      mailsAtRisk: 2,
      clocksWrong: false,
    });
    expect(disturbanceBy([{ ...fault, kind: 'skew-clock', functionName: mailer }])).toMatchObject({
      mailsAtRisk: 1,
      clocksWrong: true,
    });
  });
});
