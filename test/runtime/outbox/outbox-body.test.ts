import { describe, expect, it } from 'vitest';
import { log } from '../../../lib/contracts/channels/log.ts';
import { outbox } from '../../../lib/contracts/channels/outbox.ts';
import { queue } from '../../../lib/contracts/channels/queue.ts';
import { fifoTopic } from '../../../lib/contracts/channels/topic.ts';
import { MessageTooLarge, sizeOf } from '../../../lib/runtime/messages/body.ts';
import { outboxBody, takesClaims } from '../../../lib/runtime/outbox/outbox-body.ts';
import { events, opened, TicketClosed } from '../../contracts/sample-declarations.ts';

const claiming = fifoTopic('claiming', { events, oversized: 'claim-check' });
const small = fifoTopic('small', { events });
const large = log('large', { events });
const tenants = queue('tenants', { events, oversized: 'claim-check', tenantBy: ({ data }) => data.ticket });
const packing = fifoTopic('packing', { events, compress: 'when-it-pays' });
const closedOnly = fifoTopic('closed-only', { events: [TicketClosed] });

/** An event whose body has so many bytes. */
function ofSize(bytes: number) {
  const empty = opened('T-1', 'e-1');
  return { ...empty, data: { ticket: 'T-1', text: 'x'.repeat(bytes - sizeOf(JSON.stringify(empty))) } };
}
const body = (publishes: Parameters<typeof outbox>[1]['publishes'], bytes: number) =>
  outboxBody(outbox('box', { publishes }), ofSize(bytes), 'the-bucket');
const ROW = 408_576;
const TOPIC = 262_144;
/** Attributes of the event's message. */
const BESIDE = 118;

it.each([
  ['no channel', [small, large], false],
  ['one of its channels', [small, claiming], true],
  ['all of them', [claiming, tenants], true],
])('an outbox needs the bucket when %s takes claims', (_, publishes, expected) => {
  expect(takesClaims(outbox('box', { publishes }))).toBe(expected);
});

describe('the body of a row', () => {
  it('is the event as it is, never compressed: the relay does what each channel wants', () => {
    const event = ofSize(100_000);
    expect(outboxBody(outbox('box', { publishes: [packing] }), event, '').text).toBe(JSON.stringify(event));
  });

  it('holds what its largest channel takes, to the byte', () => {
    expect(body([large], ROW).bytes).toBe(ROW);
    expect(body([small], TOPIC - BESIDE).bytes).toBe(TOPIC - BESIDE);
  });

  it.each([
    [
      'a row',
      [large],
      ROW + 1,
      `event 'e-1' (tickets.ticket-opened) is ${ROW + 1} bytes; a row of outbox 'box' takes ${ROW}`,
    ],
    ['a channel', [small], TOPIC - BESIDE + 1, `is ${TOPIC + 1} bytes; topic 'small' takes ${TOPIC}`],
    ['one of its channels', [claiming, small], TOPIC - BESIDE + 1, "topic 'small' takes"],
    ['a row, when one of its channels takes no claims', [claiming, large], ROW + 1, "a row of outbox 'box' takes"],
    ['a row that nobody will read', [closedOnly], ROW + 1, "a row of outbox 'box' takes"],
  ])('is refused when it is larger than %s', (_, publishes, bytes, message) => {
    expect(() => body(publishes, bytes)).toThrow(MessageTooLarge);
    expect(() => body(publishes, bytes)).toThrow(message);
  });

  it('that a channel would take compressed, or claimed, is left to the relay', () => {
    expect(body([packing], ROW).claimed).toBe(undefined);
    expect(body([claiming], ROW).claimed).toBe(undefined);
  });

  it('that no row can hold is a claim, with the groups that were chosen while the data was at hand', () => {
    const { text, claimed } = body([claiming, tenants], ROW + 1);
    const { claimCheck, data, ...header } = JSON.parse(text);
    expect(claimed?.claim).toMatchObject({ bucket: 'the-bucket' });
    expect(claimCheck).toEqual({ ...claimed?.claim, keys: { claiming: 'T-1', tenants: 'T-1' } });
    expect([data, header.id]).toEqual([undefined, 'e-1']);
  });

  it('names no group for a channel that has none', () => {
    const plain = queue('plain', { events, oversized: 'claim-check' });
    const logged = log('logged', { events, oversized: 'claim-check' });
    expect(JSON.parse(body([plain, logged], ROW + 1).text).claimCheck.keys).toEqual({});
  });
});
