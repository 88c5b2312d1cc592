import { describe, expect, it } from 'vitest';
import { queue } from '../../../lib/contracts/channels/queue.ts';
import type { EnvelopeFilter } from '../../../lib/contracts/channels/subscription-filter.ts';
import { topic } from '../../../lib/contracts/channels/topic.ts';
import { DeclarationError } from '../../../lib/contracts/declaring/declaration-error.ts';
import { events, TicketOpened } from '../sample-declarations.ts';

const from = topic('news', { events });
const filtered = (filter: EnvelopeFilter, of: typeof from = from) => queue('q', { events, from: of, filter });

describe('a filter of a queue', () => {
  it.each<[string, EnvelopeFilter]>([
    ['on data, nested', { data: { address: { country: ['France', { prefix: 'Ger' }] } } }],
    ['on the entity', { subject: [{ prefix: 'vip-' }] }],
    ['of four fields beside the type', { subject: ['a'], source: ['b'], data: { c: [1], d: [true] } }],
    // 2 event types x 1 subject of 75 values.
    ['of 150 combinations', { subject: Array.from({ length: 75 }, (_, i) => `s-${i}`) }],
  ])('is taken: %s', (_, filter) => {
    expect(filtered(filter).filter).toEqual(filter);
  });

  it.each<[string, () => unknown, string]>([
    [
      'without a topic',
      () => queue('q', { events, filter: { subject: ['a'] } }),
      "queue 'q': filter needs a topic: a queue that producers send to takes everything. Declare the topic it comes from, or leave filter out.",
    ],
    [
      'on a field that no envelope has',
      () => filtered({ country: ['France'] } as EnvelopeFilter),
      "queue 'q': filter names country; it may name data, subject, source, dataschema. Write conditions on the data under data; the event types are filtered by events.",
    ],
    [
      'on data that may be in a bucket',
      () => filtered({ data: { country: ['France'] } }, topic('large', { events, oversized: 'claim-check' })),
      "queue 'q': filter looks at data, which topic 'large' may compress or put into a bucket (oversized: 'claim-check', compress: 'never'): SNS would drop those messages.",
    ],
    [
      'on data that may be packed',
      () => filtered({ data: { country: ['France'] } }, topic('packed', { events, compress: 'when-it-pays' })),
      "compress: 'when-it-pays'",
    ],
    [
      'of nothing',
      () => filtered({}),
      "queue 'q': filter must have a list of conditions at every field (it has no fields).",
    ],
    ['of no conditions', () => filtered({ data: { country: [] } }), '(data.country)'],
    [
      'of six keys',
      () => filtered({ subject: ['a'], source: ['b'], data: { c: [1], d: [2], e: [3] } }),
      "queue 'q': filter makes 6 keys and 16 combinations with the event types; SNS takes 5 and 150",
    ],
    [
      'of 152 combinations',
      () => filtered({ subject: Array.from({ length: 76 }, (_, i) => `s-${i}`) }),
      'filter makes 2 keys and 152 combinations',
    ],
    [
      'whose values are deep: two types, 38 values at level two',
      () => filtered({ data: { c: Array.from({ length: 38 }, (_, i) => i) } }),
      'filter makes 2 keys and 152 combinations',
    ],
  ])('is refused: %s', (_, declare, message) => {
    expect(declare).toThrow(DeclarationError);
    expect(declare).toThrow(message);
  });

  it('on the entity is taken where data may be elsewhere', () => {
    const large = topic('large', { events, oversized: 'claim-check' });
    expect(queue('q', { events: [TicketOpened], from: large, filter: { subject: ['a'] } }).filter).toEqual({
      subject: ['a'],
    });
  });
});
