import { describe, expect, it } from 'vitest';
import { type Change, change, type Given, logged, reconciled, settled, without } from './settled-world.ts';

describe('reconcile', () => {
  it('finds nothing wrong where nothing is', () => {
    expect(reconciled(() => ({}))).toEqual({
      figures: {
        orders: 4,
        placed: 2,
        cancelled: 1,
        refused: { 'quantity-not-positive': 1 },
        charged: { approved: 1, refunded: 1, declined: 1 },
        reserved: { reserved: 2, returned: 1, 'back-ordered': 1 },
        invoiced: 3,
        emailed: 2,
        emailedAgain: 0,
        emailsAtRisk: 0,
        guests: 1,
        counted: 3,
        givenUp: {},
        unseenLetters: {},
      },
      lost: 0,
      duplicatedEffects: 0,
      outOfOrder: 0,
      problems: [],
    });
  });

  it.each<[string, Change, string]>([
    [
      'an accepted order was not stored',
      ({ orders }) => ({ orders: without(orders, 1) }),
      'accepted orders that are not in the orders table',
    ],
    [
      'a cancellation was not stored',
      ({ orders }) => ({ orders: change(orders, 0, { documents: { A1: { sequence: 1 } } }) }),
      'accepted orders that are not in the orders table',
    ],
    ['an event was not published', () => ({ unpublished: 1 }), 'events still unpublished in the outbox'],
    ['the log misses an event', ({ log }) => ({ log: without(log, 2) }), 'events that are not in the log'],
    ['a payment is missing', ({ payments }) => ({ payments: without(payments, 2) }), 'payments of order-outbox/G1/1'],
    [
      'stock was not reserved',
      ({ reservations }) => ({ reservations: without(reservations, 2) }),
      'stock decisions of order-outbox/G1/1: 0 of 50 pieces',
    ],
    ['an invoice is missing', ({ invoices }) => ({ invoices: without(invoices, 1) }), 'invoices'],
    ['a mail is missing', ({ mails }) => ({ mails: without(mails, 1) }), 'e-mails'],
    [
      'an order was not counted',
      ({ totals }) => ({ totals: without(totals, 2) }),
      '1 events in the total of 2010-12-01T08:26 Spain GBP',
    ],
    [
      'a cancellation was not counted',
      ({ totals }) => ({ totals: change(totals, 1, { cancellations: 0, refundsPence: 0 }) }),
      '1 events in the total of 2010-12-01T09:00 France GBP',
    ],
  ])('sees a loss when %s', (_, wrong, text) => {
    expect(reconciled(wrong)).toMatchObject({
      lost: 1,
      duplicatedEffects: 0,
      outOfOrder: 0,
      problems: [`lost: ${text}`],
    });
  });

  it.each<[string, Change, string]>([
    [
      'a payment was booked twice',
      ({ payments }) => ({ payments: [...payments, ...payments.slice(2)] }),
      'payments booked twice for one event',
    ],
    [
      'an invoice is too much',
      ({ invoices }) => ({ invoices: [...invoices, 'invoices/A1/0000000003-A1.pdf'] }),
      'more invoices than events',
    ],
    ['a mail was sent twice', ({ mails }) => ({ mails: [...mails, 'order-outbox_A1_1'] }), 'e-mails sent twice'],
    [
      'an order was counted twice',
      ({ totals }) => ({ totals: change(totals, 0, { orders: 2, salesPence: 3_020 }) }),
      '1 events too many in the total of 2010-12-01T08:26 France GBP',
    ],
    [
      'something was counted that nobody placed',
      ({ totals }) => ({
        totals: [
          ...totals,
          {
            minute: '2010-12-02T08:00',
            country: 'Peru GBP',
            orders: 1,
            salesPence: 1,
            cancellations: 0,
            refundsPence: 0,
          },
        ],
      }),
      '1 events too many in the total of 2010-12-02T08:00 Peru GBP',
    ],
    [
      'a total is another sum',
      ({ totals }) => ({ totals: change(totals, 0, { salesPence: 1_511 }) }),
      'the total of 2010-12-01T08:26 France GBP is 1511 pence instead of 1510',
    ],
  ])('sees a repetition when %s', (_, wrong, text) => {
    expect(reconciled(wrong)).toMatchObject({
      lost: 0,
      duplicatedEffects: 1,
      outOfOrder: 0,
      problems: [`twice: ${text}`],
    });
  });

  it('sees a repetition when the provider charged an order under two keys', () => {
    const again = { idempotencyKey: 'another', orderId: 'A1', kind: 'charge', movedPence: 1_510, calls: 1 };
    expect(reconciled(({ provider }) => ({ provider: [...provider, again] }))).toMatchObject({
      duplicatedEffects: 1,
      problems: ["twice: orders charged twice in the provider's books", 'payments that nobody ordered: another'],
    });
  });

  it('sees a repetition when stock was decided twice', () => {
    const twice = reconciled(({ reservations }) => ({
      reservations: [
        ...reservations,
        {
          orderId: 'G1',
          part: '0000000001#1',
          kind: 'reservation',
          lines: [{ sku: 'LAMP', quantity: 50, status: 'back-ordered' }],
        },
      ],
    }));
    expect(twice).toMatchObject({
      duplicatedEffects: 1,
      problems: ['twice: stock decisions of order-outbox/G1/1: 100 for 50 pieces'],
    });
  });

  it.each<[string, Change, string]>([
    [
      'the log has the cancellation first',
      ({ log }) => ({ log: [...log.slice(3), ...log.slice(0, 3)] }),
      'order-outbox/A1/2 came after 0',
    ],
    [
      'payments were settled the other way round',
      ({ payments }) => ({ payments: change(payments, 1, { settledAt: '2026-11-20T08:00:00Z' }) }),
      'payments of order A1 were settled as 2, 1',
    ],
  ])('sees disorder when %s', (_, wrong, text) => {
    const { outOfOrder, problems } = reconciled(wrong);
    expect(outOfOrder).toBeGreaterThanOrEqual(1);
    expect(problems[0]).toBe(`out of order: ${text}`);
  });

  it('asks no effect of what a consumer has given up', () => {
    const withoutPayment: Change = ({ payments }) => ({ payments: without(payments, 2) });
    // Two copies of one event, and one of an event that nobody placed.
    const dead = ['order-outbox/G1/1', 'order-outbox/G1/1', 'order-outbox/A1/9'];
    const given = reconciled(withoutPayment, { dead: { 'charge-card': dead } });
    expect(given.problems).toEqual([]);
    expect(given.figures.givenUp).toEqual({ 'charge-card': 1 });
    const ofAnother = reconciled(withoutPayment, { dead: { 'charge-card': ['order-outbox/A1/9'] } });
    expect(ofAnother.problems).toEqual(['lost: payments of order-outbox/G1/1']);
    expect(ofAnother.figures.givenUp).toEqual({});
  });

  /** By consumer: its effect of one event taken away, and that event. */
  const MISSING: Readonly<Record<string, readonly [Change, string]>> = {
    'charge-card': [({ payments }) => ({ payments: without(payments, 2) }), 'order-outbox/G1/1'],
    'reserve-stock': [({ reservations }) => ({ reservations: without(reservations, 2) }), 'order-outbox/G1/1'],
    'make-invoice': [({ invoices }) => ({ invoices: without(invoices, 1) }), 'order-outbox/A1/2'],
    'send-email': [({ mails }) => ({ mails: without(mails, 1) }), 'order-outbox/A1/2'],
    'sales-totals': [({ totals }) => ({ totals: without(totals, 2) }), 'order-outbox/G1/1'],
  };
  const CONSUMERS = Object.keys(MISSING);
  /** What is lost where an effect is missing and a consumer has given up an event, or may have. */
  const lost = (missing: Change, more: Given) => reconciled(missing, more).lost;

  it.each(CONSUMERS.flatMap((owner) => CONSUMERS.map((dead) => [owner, dead] as const)))(
    'for a missing effect of %s asks for the dead letter of that event, not of %s',
    (owner, dead) => {
      const [missing, event] = MISSING[owner] ?? [];
      if (missing === undefined || event === undefined) throw new Error(`${owner} has no effect`);
      const given = (id: string): Given => ({ dead: { [dead]: [id] } });
      // Totals are sums over events: nothing in them says which event is missing.
      const excused = owner === dead && owner !== 'sales-totals';
      expect(lost(missing, given(event))).toBe(excused ? 0 : 1);
      expect(lost(missing, given('order-outbox/A1/1'))).toBe(1);
      expect(lost(missing, { unseen: { [dead]: 1 } })).toBe(excused ? 0 : 1);
    },
  );

  it('does not say lost of what may be among dead letters that it has not seen', () => {
    const fewer: Change = ({ payments }) => ({ payments: payments.slice(0, 1) });
    const hidden = (count: number) => reconciled(fewer, { unseen: { 'charge-card': count } });
    const missing = settled.payments.length - 1;
    const all = hidden(missing);
    expect(all.lost).toBe(0);
    expect(all.problems[0]).toMatch(
      new RegExp(
        `^lost or given up: ${missing} of ${missing} payments of .*: so many dead letters of charge-card were not seen$`,
      ),
    );
    expect([all.figures.givenUp, all.figures.unseenLetters]).toEqual([{}, { 'charge-card': missing }]);
    expect(hidden(1).lost).toBe(missing - 1);
    expect(reconciled(fewer, { unseen: { 'send-email': 9 } }).lost).toBe(missing);
  });

  it('does not mind copies in the log', () => {
    expect(reconciled(({ log }) => ({ log: [...log, logged('A1', 2), logged('A1', 1)] })).problems).toEqual([]);
  });
});
