import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEnvelope, UnreadableMessage } from '../../lib/contracts/events/envelope.ts';
import { opened, TicketClosed, TicketOpened } from './sample-declarations.ts';

const expected = [TicketOpened, TicketClosed];

function unreadable(body: string): UnreadableMessage {
  try {
    readEnvelope(body, expected);
  } catch (error) {
    if (error instanceof UnreadableMessage) return error;
    throw error;
  }
  throw new Error('it was read');
}

const good = opened('T-1');

describe('readEnvelope', () => {
  it.each([
    ['broken JSON', '{"specversion":', 'broken-json', /^the body is not JSON: /],
    ['nothing', '', 'broken-json', /^the body is not JSON: /],
    ['a list', '[]', 'not-an-event', /^the body is JSON but not an object/],
    ['null', 'null', 'not-an-event', /^the body is JSON but not an object/],
    ['a number', '7', 'not-an-event', /^the body is JSON but not an object/],
    [
      'another object',
      '{"hello":"world"}',
      'not-an-event',
      /^the CloudEvents attributes specversion, id, source, type, subject, time, dataschema, data are missing$/,
    ],
    ['an empty id', { ...good, id: '' }, 'not-an-event', /^the CloudEvents attributes id are missing$/],
    [
      'ids and times that are no text',
      { ...good, id: { a: 1 }, time: 7, sequence: 3 },
      'not-an-event',
      /^the CloudEvents attributes id, time, sequence are not text$/,
    ],
    ['another specversion', { ...good, specversion: '0.3' }, 'not-an-event', /^specversion '0\.3' cannot be read/],
    ['a time that is none', { ...good, time: 'noon' }, 'not-an-event', /^time 'noon' is not an ISO 8601 timestamp$/],
    [
      'an unknown type',
      { ...good, type: 'tickets.ticket-eaten' },
      'unknown-type',
      /^event type 'tickets\.ticket-eaten' is not consumed here \(known: tickets\.ticket-opened, tickets\.ticket-closed\)$/,
    ],
    [
      'another version',
      { ...good, dataschema: 'urn:sluice:tickets.ticket-opened:v9' },
      'wrong-version',
      /^schema 'urn:sluice:tickets\.ticket-opened:v9' cannot be read here \(known: urn:sluice:tickets\.ticket-opened:v1\)$/,
    ],
    [
      'wrong data',
      { ...good, data: { ticket: 7, text: true } },
      'invalid-data',
      /^the data of 'tickets\.ticket-opened' is invalid: ticket: .*; text: /,
    ],
    ['data that is no object', { ...good, data: 'T-1' }, 'invalid-data', /is invalid: Invalid type/],
  ])('says what is wrong with %s', (_, body, reason, message) => {
    const error = unreadable(typeof body === 'string' ? body : JSON.stringify(body));
    expect(error.reason).toBe(reason);
    expect(error.message).toMatch(message);
  });

  it.each(['specversion', 'id', 'source', 'type', 'subject', 'time', 'dataschema', 'data'] as const)(
    'misses %s',
    (attribute) => {
      const error = unreadable(JSON.stringify({ ...good, [attribute]: undefined }));
      expect(error).toMatchObject({
        reason: 'not-an-event',
        message: `the CloudEvents attributes ${attribute} are missing`,
      });
    },
  );

  const text = fc.string({ unit: 'binary' });
  const attributes = fc.constantFrom(...(Object.keys(good) as (keyof typeof good)[]));
  const bodies = fc.oneof(
    text,
    fc.json(),
    // An event with one attribute replaced by anything: the near misses.
    fc.tuple(attributes, fc.jsonValue()).map(([name, value]) => JSON.stringify({ ...good, [name]: value })),
  );

  it('throws nothing but UnreadableMessage, whatever the body is', () => {
    fc.assert(
      fc.property(bodies, (body) => {
        try {
          readEnvelope(body, expected);
        } catch (error) {
          expect(error).toBeInstanceOf(UnreadableMessage);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('only returns events with text as attributes and a time, as CloudEvents requires', () => {
    fc.assert(
      fc.property(bodies, (body) => {
        let read: Readonly<Record<string, unknown>>;
        try {
          read = { ...readEnvelope(body, expected) };
        } catch {
          return;
        }
        for (const name of ['id', 'source', 'type', 'subject', 'time', 'dataschema']) {
          expect(typeof read[name], name).toBe('string');
        }
        expect(Date.parse(String(read.time))).not.toBeNaN();
      }),
      { numRuns: 2_000 },
    );
  });
});
