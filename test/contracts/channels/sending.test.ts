import { describe, expect, it } from 'vitest';
import { claimRetention } from '../../../lib/contracts/channels/claim-retention.ts';
import { log } from '../../../lib/contracts/channels/log.ts';
import { fifoQueue, queue } from '../../../lib/contracts/channels/queue.ts';
import { declareTarget, recurring } from '../../../lib/contracts/channels/recurring.ts';
import { criticalityOf } from '../../../lib/contracts/channels/sending.ts';
import { fifoTopic, topic } from '../../../lib/contracts/channels/topic.ts';
import { DeclarationError } from '../../../lib/contracts/declaring/declaration-error.ts';
import { days, hours, minutes, seconds } from '../../../lib/contracts/declaring/duration.ts';
import { events, orderedQueue, TicketClosed, TicketOpened, workQueue } from '../sample-declarations.ts';

describe('how events are sent', () => {
  it('is plain unless it is declared otherwise', () => {
    for (const channel of [topic('t', { events }), queue('q', { events }), log('l', { events })]) {
      expect(channel).toMatchObject({ oversized: 'refuse', compress: 'never' });
      expect(criticalityOf(channel, TicketOpened.type)).toBe('critical');
    }
    expect(log('l', { events }).aggregate).toBeUndefined();
  });

  it('is what is declared', () => {
    const options = { events, oversized: 'claim-check', compress: 'when-it-pays', criticality: 'normal' } as const;
    for (const channel of [
      topic('t', options),
      fifoTopic('t', options),
      queue('q', options),
      fifoQueue('q', options),
      log('l', options),
    ]) {
      expect(channel).toMatchObject({ oversized: 'claim-check', compress: 'when-it-pays' });
      expect(criticalityOf(channel, TicketOpened.type)).toBe('normal');
    }
  });

  it('may be as critical as each type of event; types that are not named are critical', () => {
    const channel = queue('q', { events, criticality: { 'tickets.ticket-opened': 'telemetry' } });
    expect(events.map(({ type }) => criticalityOf(channel, type))).toEqual(['telemetry', 'critical']);
  });

  it.each([
    [true, 51_200],
    [1_024, 1_024],
    [1_048_576, 1_048_576],
    [false, undefined],
  ])('aggregate: %s makes records of %s bytes', (aggregate, bytes) => {
    expect(log('l', { events, aggregate }).aggregate).toBe(bytes);
  });

  it.each<[string, () => unknown, string]>([
    [
      'another way with large events',
      () => queue('q', { events, oversized: 'split' as never }),
      "queue 'q': oversized must be one of 'refuse', 'claim-check' (given 'split'). Choose one of them.",
    ],
    [
      'another way to compress',
      () => log('l', { events, compress: 'zstd' as never }),
      "log 'l': compress must be one of 'never', 'when-it-pays' (given 'zstd')",
    ],
    [
      'another criticality',
      () => topic('t', { events, criticality: 'low' as never }),
      "topic 't': criticality must be one of 'critical', 'normal', 'telemetry' (given 'low')",
    ],
    [
      'another criticality of a type',
      () => topic('t', { events, criticality: { 'tickets.ticket-opened': 'low' as never } }),
      "(given 'low')",
    ],
    [
      'criticality of a stranger',
      () => topic('t', { events, criticality: { 'tickets.lost': 'normal' } as never }),
      "topic 't': criticality names tickets.lost, which it does not carry. Name event types of this channel.",
    ],
    [
      'records that are too small',
      () => log('l', { events, aggregate: 1_023 }),
      "log 'l': aggregate must be a whole number of bytes from 1024 to 1048576 (given 1023). Write aggregate: true for 51200.",
    ],
    ['records that are too large', () => log('l', { events, aggregate: 1_048_577 }), '(given 1048577)'],
    ['half a byte', () => log('l', { events, aggregate: 2_000.5 }), '(given 2000.5)'],
    [
      'tenants of a FIFO queue',
      () => fifoQueue('q', { events, tenantBy: () => 't' } as never),
      "queue 'q': tenantBy belongs to standard queues and topics: with FIFO the message group decides the order. Declare groupBy instead, or the channel without order.",
    ],
    [
      'tenants of a FIFO topic',
      () => fifoTopic('t', { events, tenantBy: () => 't' } as never),
      "topic 't': tenantBy belongs to standard queues",
    ],
  ])('cannot be: %s', (_, declare, message) => {
    expect(declare).toThrow(DeclarationError);
    expect(declare).toThrow(message);
  });
});

describe('claimed data is kept', () => {
  it.each([
    ['as long as a queue and its dead letters keep a message, and 30 days', [workQueue], days(4 + 14 + 30)],
    ['as long as any queue could, when a topic sends it', [topic('t', { events })], days(14 + 14 + 30)],
    ['as long as a log and dead letters', [log('l', { events, retention: days(7) })], days(7 + 14 + 30)],
    ['for the longest of them', [workQueue, log('l', { events, retention: days(365) })], days(365 + 14 + 30)],
  ])('%s', (_, channels, expected) => {
    expect(claimRetention(channels)).toEqual(expected);
  });
});

it('claims are kept for as long as a queue keeps dead letters', () => {
  const short = queue('q', { events, retention: days(1), deadLetterRetention: days(2) });
  expect(claimRetention([short])).toEqual(days(1 + 2 + 30));
});

it('a queue may take what is due later when it carries the event, with order or without', () => {
  for (const to of [workQueue, orderedQueue]) expect(() => declareTarget('work', to, TicketOpened)).not.toThrow();
  const narrow = queue('narrow', { events: [TicketClosed] });
  expect(() => declareTarget('work', narrow, TicketOpened)).toThrow(DeclarationError);
});

it('every stranger is named', () => {
  const criticality = { 'a.b': 'normal', 'c.d': 'normal' } as never;
  expect(() => queue('q', { events, criticality })).toThrow('criticality names a.b, c.d, which it does not carry');
});

describe('recurring work', () => {
  it('may be for a FIFO queue', () => {
    expect(recurring('digest', { ...base, to: orderedQueue, every: minutes(1) }).to).toBe(orderedQueue);
  });

  const data = { ticket: 'T-1', text: '' };
  const base = { to: workQueue, event: TicketOpened, data };

  it.each([
    ['every minute', { every: minutes(1) }, { every: seconds(60) }],
    ['every day', { every: hours(24) }, { every: seconds(86_400) }],
    ['at nine', { cron: ' 0 9  * * ? * ' }, { cron: '0 9 * * ? *', timezone: 'UTC' }],
    [
      'at nine in London',
      { cron: '0 9 ? * MON-FRI *', timezone: 'Europe/London' },
      { cron: '0 9 ? * MON-FRI *', timezone: 'Europe/London' },
    ],
  ])('%s', (_, when, expected) => {
    expect(recurring('digest', { ...base, ...when })).toEqual({ ...base, name: 'digest', when: expected });
  });

  it.each<[string, () => unknown, string]>([
    [
      'no time',
      () => recurring('digest', base),
      "recurring work 'digest': either every or cron says when (given neither). Write every: hours(1), or cron: '0 9 * * ? *'.",
    ],
    ['two times', () => recurring('digest', { ...base, every: minutes(1), cron: '0 9 * * ? *' }), '(given both)'],
    [
      'seconds',
      () => recurring('digest', { ...base, every: seconds(30) }),
      'every must be whole minutes from 1 (given 30 s)',
    ],
    ['no period', () => recurring('digest', { ...base, every: seconds(0) }), '(given 0 s)'],
    ['half a minute more', () => recurring('digest', { ...base, every: seconds(90) }), '(given 90 s)'],
    [
      'a period in a time zone',
      () => recurring('digest', { ...base, every: minutes(1), timezone: 'UTC' }),
      'a timezone goes with cron only',
    ],
    [
      'five fields',
      () => recurring('digest', { ...base, cron: '0 9 * * *' }),
      "cron must have 6 fields, of which exactly one of day-of-month and day-of-week is '?' (given '0 9 * * *')",
    ],
    ['seven fields', () => recurring('digest', { ...base, cron: '0 9 * * ? * *' }), "(given '0 9 * * ? * *')"],
    ['two days', () => recurring('digest', { ...base, cron: '0 9 * * * *' }), "(given '0 9 * * * *')"],
    [
      'a place that is none',
      () => recurring('digest', { ...base, cron: '0 9 * * ? *', timezone: 'Mars/Olympus' }),
      "timezone 'Mars/Olympus' is not known. Write an IANA name: 'Europe/London'.",
    ],
    [
      'an event the queue does not carry',
      () => recurring('digest', { ...base, to: queue('q', { events: [TicketClosed] }), every: minutes(1) }),
      "queue 'q' does not carry tickets.ticket-opened. Add the event to the queue.",
    ],
    [
      'a bad name',
      () => recurring('Digest', { ...base, every: minutes(1) }),
      "recurring work 'Digest': the name must be kebab-case",
    ],
  ])('cannot have %s', (_, declare, message) => {
    expect(declare).toThrow(DeclarationError);
    expect(declare).toThrow(message);
  });
});
