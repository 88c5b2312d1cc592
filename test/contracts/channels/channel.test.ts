import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { log } from '../../../lib/contracts/channels/log.ts';
import { fifoQueue, queue } from '../../../lib/contracts/channels/queue.ts';
import { fifoTopic, topic } from '../../../lib/contracts/channels/topic.ts';
import { DeclarationError } from '../../../lib/contracts/declaring/declaration-error.ts';
import { days, hours, seconds } from '../../../lib/contracts/declaring/duration.ts';
import { event } from '../../../lib/contracts/events/event.ts';
import { events, opened, TicketOpened, ticketTopic } from '../sample-declarations.ts';

const Stranger = event('tickets.stranger', { version: 1, data: v.object({ id: v.string() }), key: ({ id }) => id });
const standardTopic = topic('plain-topic', { events });

describe('channel rules', () => {
  it.each([
    [
      'a topic without events',
      () => topic('t', { events: [] }),
      "topic 't': events is empty. List the events that may travel here.",
    ],
    ['a queue without events', () => queue('q', { events: [] }), "queue 'q': events is empty."],
    ['a log without events', () => log('l', { events: [] }), "log 'l': events is empty."],
    ['a topic with a bad name', () => topic('Bad', { events }), "topic 'Bad': the name must be kebab-case"],
    ['a queue with a bad name', () => queue('Bad', { events }), "queue 'Bad': the name must be kebab-case"],
    ['a log with a bad name', () => log('Bad', { events }), "log 'Bad': the name must be kebab-case"],
    [
      'a FIFO queue on a standard topic',
      () => fifoQueue('q', { events, from: standardTopic }),
      "queue 'q': a FIFO queue cannot subscribe to the standard topic 'plain-topic'. Declare the topic with fifoTopic(), or the queue with queue().",
    ],
    [
      'events that the topic does not carry',
      () => queue('q', { events: [TicketOpened, Stranger], from: ticketTopic }),
      "queue 'q': topic 'ticket-topic' does not carry tickets.stranger. Add the events to the topic or take them from the queue.",
    ],
    [
      'several of them',
      () => queue('q', { events, from: topic('other', { events: [Stranger] }) }),
      'does not carry tickets.ticket-opened, tickets.ticket-closed.',
    ],
    [
      'retention below a minute',
      () => queue('q', { events, retention: seconds(59) }),
      "queue 'q': retention must be at least 60 s and deadLetterRetention at most 14 days (given 59 s and 1209600 s). Choose durations inside these limits.",
    ],
    [
      'dead letters for longer than a queue keeps them',
      () => queue('q', { events, deadLetterRetention: days(15) }),
      '(given 345600 s and 1296000 s)',
    ],
    [
      'dead letters that expire with the message',
      () => queue('q', { events, retention: days(14) }),
      "queue 'q': deadLetterRetention (1209600 s) must exceed retention (1209600 s): a standard DLQ counts age from the first enqueue, so dead letters would expire early. Raise deadLetterRetention or lower retention.",
    ],
    [
      'a log kept for less than a day',
      () => log('l', { events, retention: hours(23) }),
      "log 'l': retention must be from 24 hours to 365 days (given 82800 s). Write for example retention: days(7).",
    ],
    [
      'records smaller than every stream takes',
      () => log('l', { events, maxRecordKiB: 1_023 }),
      "log 'l': maxRecordKiB must be a whole number from 1024 to 10240 (given 1023). Leave it out for 1 MiB; send what is larger than a record by claim check.",
    ],
    ['records larger than any stream takes', () => log('l', { events, maxRecordKiB: 10_241 }), '(given 10241)'],
    ['half a KiB', () => log('l', { events, maxRecordKiB: 2_000.5 }), '(given 2000.5)'],
    ['a log kept for more than a year', () => log('l', { events, retention: days(366) }), '(given 31622400 s)'],
    [
      'a log that is read again for nothing',
      () => log('l', { events, replay: ' ' }),
      "log 'l': replay is empty. Say what the log is read again for, or leave it out.",
    ],
    [
      'a log without shards',
      () => log('l', { events, shards: 0 }),
      "log 'l': shards must be a whole number from 1 (given 0). Leave shards out to have them computed from traffic.",
    ],
    [
      'shards of an on-demand log',
      () => log('l', { events, capacity: 'on-demand', shards: 2 }),
      "log 'l': shards is declared (2), but capacity 'on-demand' leaves their number to AWS. Leave shards out, or choose capacity: 'provisioned'.",
    ],
    [
      'a capacity that there is not',
      () => log('l', { events, capacity: 'elastic' as 'on-demand' }),
      "log 'l': capacity must be 'provisioned' or 'on-demand' (given 'elastic'). Choose one of them.",
    ],
    [
      'a shard metric that there is not',
      () => log('l', { events, shardMetrics: ['Lag' as 'IncomingBytes'] }),
      "log 'l': shardMetrics must name metrics of a shard, each once (given Lag). Choose from IncomingBytes, ",
    ],
    [
      'a shard metric twice',
      () => log('l', { events, shardMetrics: ['IncomingBytes', 'IncomingBytes'] }),
      '(given IncomingBytes, IncomingBytes)',
    ],
    ['half a shard', () => log('l', { events, shards: 1.5 }), '(given 1.5)'],
    [
      'traffic that is no number',
      () => log('l', { events, traffic: { peakPerSecond: Number.NaN, averageBytes: 1 } }),
      '(given NaN)',
    ],
  ])('refuse %s', (_, declare, message) => {
    expect(declare).toThrow(DeclarationError);
    expect(declare).toThrow(message);
  });

  it.each([
    ['a queue kept for a minute', () => queue('q', { events, retention: seconds(60) }).retention.seconds, 60],
    ['dead letters just longer', () => queue('q', { events, retention: days(13) }).deadLetterRetention, days(14)],
    ['a standard queue on a FIFO topic', () => queue('q', { events, from: ticketTopic }).order, 'none'],
    ['a FIFO queue on a FIFO topic', () => fifoQueue('q', { events, from: ticketTopic }).order, 'per-key'],
    [
      'a standard queue on a standard topic',
      () => queue('q', { events, from: standardTopic }).from?.name,
      'plain-topic',
    ],
    [
      'fewer events than the topic has',
      () => queue('q', { events: [TicketOpened], from: ticketTopic }).events.length,
      1,
    ],
    ['a log of a day', () => log('l', { events, retention: hours(24) }).retention.seconds, 86_400],
    ['a log of a year', () => log('l', { events, retention: days(365) }).retention.seconds, 31_536_000],
  ])('take %s', (_, declared, expected) => {
    expect(declared()).toEqual(expected);
  });

  it.each([
    ['a topic', () => topic('t', { events }), { kind: 'topic', order: 'none', maxMessageBytes: 262_144 }],
    ['a FIFO topic', () => fifoTopic('t', { events }), { kind: 'topic', order: 'per-key', maxMessageBytes: 262_144 }],
    ['a queue', () => queue('q', { events }), { kind: 'queue', order: 'none', maxMessageBytes: 1_048_576 }],
    ['a FIFO queue', () => fifoQueue('q', { events }), { kind: 'queue', order: 'per-key', maxMessageBytes: 1_048_576 }],
    ['a log of large records', () => log('l', { events, maxRecordKiB: 10_240 }), { maxMessageBytes: 10_485_760 }],
    ['a log', () => log('l', { events }), { kind: 'log', order: 'per-key', maxMessageBytes: 1_048_576 }],
  ])('say what %s is, what order it keeps and how large a message may be', (_, declared, expected) => {
    expect(declared()).toMatchObject({ ...expected, events });
  });
});

describe('shards from traffic', () => {
  it.each([
    ['nothing known', undefined, 1],
    ['next to nothing', { peakPerSecond: 1, averageBytes: 100 }, 1],
    ['many small records: 1,000 a second fill a shard, doubled', { peakPerSecond: 1_000, averageBytes: 100 }, 2],
    ['one record more', { peakPerSecond: 1_001, averageBytes: 100 }, 3],
    ['few large records: 1 MiB a second fills a shard, doubled', { peakPerSecond: 1, averageBytes: 1_048_576 }, 2],
    ['both, the bytes need more', { peakPerSecond: 500, averageBytes: 10_486 }, 11],
  ])('%s', (_, traffic, shards) => {
    expect(log('l', { events, ...(traffic === undefined ? {} : { traffic }) }).shards).toBe(shards);
  });

  it('can be overruled', () => {
    const traffic = { peakPerSecond: 5_000, averageBytes: 100 };
    expect(log('l', { events, traffic, shards: 4 }).shards).toBe(4);
  });
});

describe('the capacity of a log', () => {
  it.each([
    ['is provisioned, without metrics of its shards', log('l', { events }), 'provisioned', 1, []],
    ['on demand begins with four shards', log('l', { events, capacity: 'on-demand' }), 'on-demand', 4, []],
    [
      'on demand takes no number from its traffic',
      log('l', { events, capacity: 'on-demand', traffic: { peakPerSecond: 90_000, averageBytes: 100 } }),
      'on-demand',
      4,
      [],
    ],
    [
      'may have metrics of its shards',
      log('l', { events, shardMetrics: ['IncomingBytes', 'IteratorAgeMilliseconds'] }),
      'provisioned',
      1,
      ['IncomingBytes', 'IteratorAgeMilliseconds'],
    ],
  ])('%s', (_, declared, capacity, shards, shardMetrics) => {
    expect(declared).toMatchObject({ capacity, shards, shardMetrics });
  });
});

describe('message groups', () => {
  const byText = (e: { id: string }): string => `group-${e.id}`;
  const grouped = () => fifoTopic('grouped', { events, groupBy: byText });

  it.each([
    ['are the key unless declared otherwise', () => fifoTopic('t', { events }), 'T-1'],
    ['are the key on a queue, too', () => fifoQueue('q', { events }), 'T-1'],
    ['are what a topic declares', grouped, 'group-e-1'],
    ['are what the feeding topic declares', () => fifoQueue('q', { events, from: grouped() }), 'group-e-1'],
    ['are what a queue declares', () => fifoQueue('q', { events, groupBy: () => 'own' }), 'own'],
  ])('%s', (_, declared, group) => {
    expect(declared().groupBy(opened('T-1', 'e-1'))).toBe(group);
  });

  it('of a standard channel are tenants, when it or the feeding topic declares them', () => {
    const tenantBy = () => 'tenant';
    const from = topic('t', { events, tenantBy });
    expect(from.tenantBy).toBe(tenantBy);
    expect(queue('q', { events, from }).tenantBy).toBe(tenantBy);
    expect(queue('q', { events, tenantBy }).tenantBy).toBe(tenantBy);
    expect(queue('q', { events }).tenantBy).toBe(undefined);
  });
});
