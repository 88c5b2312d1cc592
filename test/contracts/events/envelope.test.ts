import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { traceIdOf } from '../../../lib/contracts/agreed/trace.ts';
import {
  envelope,
  formatSequence,
  parseJson,
  parseSequence,
  readEnvelope,
  validate,
} from '../../../lib/contracts/events/envelope.ts';
import { event } from '../../../lib/contracts/events/event.ts';
import { events, opened, TicketClosed } from '../sample-declarations.ts';

const TIME = new Date('2026-11-20T08:00:00.123Z');
const context = { id: 'e-1', source: '/test', time: TIME };

describe('envelope', () => {
  it('is a CloudEvents 1.0 event with key, schema, sequence and causes', () => {
    const traceparent = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
    const made = envelope(
      TicketClosed,
      { ticket: 'T-1', text: 'done' },
      { ...context, sequence: 7, traceparent, correlationId: 'c-1', causationId: 'e-0' },
    );
    expect(made).toEqual({
      specversion: '1.0',
      id: 'e-1',
      source: '/test',
      type: 'tickets.ticket-closed',
      subject: 'T-1',
      time: '2026-11-20T08:00:00.123Z',
      dataschema: 'urn:sluice:tickets.ticket-closed:v2',
      datacontenttype: 'application/json',
      data: { ticket: 'T-1', text: 'done' },
      traceparent: expect.stringMatching(/^00-1{32}-[0-9a-f]{16}-01$/),
      correlationid: 'c-1',
      causationid: 'e-0',
      sequence: '0000000007',
      partitionkey: 'T-1',
    });
    expect(traceIdOf(made.traceparent)).toBe('1'.repeat(32));
    expect(made.traceparent).not.toBe(traceparent);
  });

  it('starts a correlation of its own, and says nothing about a cause or sequence it has not', () => {
    const made = envelope(TicketClosed, { ticket: 'T-1', text: '' }, context);
    expect(made.correlationid).toBe('e-1');
    expect(Object.keys(made)).not.toContain('causationid');
    expect(Object.keys(made)).not.toContain('sequence');
  });

  it('comes back the same from its JSON', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, unit: 'grapheme' }),
        fc.string({ unit: 'grapheme' }),
        fc.nat(),
        (ticket, text, sequence) => {
          const sent = envelope(TicketClosed, { ticket, text }, { ...context, sequence });
          expect(readEnvelope(JSON.stringify(sent), [TicketClosed])).toEqual(sent);
        },
      ),
    );
  });

  it('parses the data: defaults of the schema are filled in', () => {
    const sent = envelope(TicketClosed, { ticket: 'T-1' } as { ticket: string; text: string }, context);
    expect(readEnvelope(JSON.stringify(sent), [TicketClosed]).data).toEqual({ ticket: 'T-1', text: '' });
  });
});

describe('sequences', () => {
  it('sort as text as they sort as numbers', () => {
    const sequence = fc.integer({ min: 0, max: 9_999_999_999 });
    fc.assert(
      fc.property(sequence, sequence, (a, b) => {
        expect(Math.sign(formatSequence(a).localeCompare(formatSequence(b), 'en'))).toBe(Math.sign(a - b));
        expect(parseSequence(formatSequence(a))).toBe(a);
      }),
    );
  });

  it('may be missing', () => {
    expect(parseSequence(undefined)).toBe(undefined);
  });
});

describe('nesting', () => {
  const nested = (levels: number) =>
    JSON.stringify(opened('T-1', 'e-1')).replace(
      '"text":""',
      `"text":"","x":${'['.repeat(levels)}${']'.repeat(levels)}`,
    );
  // The envelope and its data are two levels of their own.
  it('of 500 levels can be read', () => {
    expect(readEnvelope(nested(498), events).id).toBe('e-1');
  });
  it.each([499, 5_000, 500_000])('of 2 + %i levels is refused by name', (levels) => {
    expect(() => readEnvelope(nested(levels), events)).toThrow(
      expect.objectContaining({ reason: 'not-an-event', message: 'the body is nested deeper than 500 levels' }),
    );
  });
  it('is that of objects, too, and wide is not deep', () => {
    const objects = `${'{"a":'.repeat(600)}1${'}'.repeat(600)}`;
    expect(() => parseJson(objects, 'it')).toThrow('it is nested deeper than 500 levels');
    expect(parseJson(JSON.stringify(Array(10_000).fill([{}])), 'it')).toHaveLength(10_000);
  });
});

describe('validate', () => {
  it('refuses a schema that answers later: a consumer would take everything for valid', () => {
    const later = event('tickets.later', {
      version: 1,
      data: v.pipeAsync(
        v.string(),
        v.checkAsync(async () => true),
      ),
      key: (data) => data,
    });
    expect(() => validate(later, 'x')).toThrow(
      new TypeError("the schema of 'tickets.later' validates asynchronously; use a synchronous validator"),
    );
  });
});
