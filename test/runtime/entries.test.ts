import { expect, it } from 'vitest';
import { log } from '../../lib/contracts/log.ts';
import { fifoQueue } from '../../lib/contracts/queue.ts';
import { aggregated, EVENT_OVERHEAD_BYTES, recordOverhead } from '../../lib/runtime/aggregated-record.ts';
import { sizeOf } from '../../lib/runtime/body.ts';
import { entriesOf } from '../../lib/runtime/entries.ts';
import { InvalidKey } from '../../lib/runtime/keys.ts';
import { events, opened, ticketLog } from '../contracts/sample-declarations.ts';

const options = { bucket: () => 'claims', deduplicationId: ({ id }: { id: string }) => id };
const bodyOf = (event: object) => JSON.stringify(event);

it('a record counts its partition key in bytes, a message does not count its group', () => {
  const [abroad, plain] = [opened('ticket-ü'), opened('ticket-1')];
  expect(entriesOf(ticketLog, [abroad], options)[0]?.bytes).toBe(sizeOf(bodyOf(abroad)) + 9);
  expect(entriesOf(fifoQueue('q', { events }), [plain], options)[0]?.bytes).toBe(sizeOf(bodyOf(plain)));
});

it('events travel alone unless the log says otherwise', () => {
  const three = ['e-1', 'e-2', 'e-3'].map((id) => opened('A', id));
  expect(entriesOf(ticketLog, three, options).map(({ body }) => body)).toEqual(three.map(bodyOf));
  expect(entriesOf(fifoQueue('q', { events }), three, options)).toHaveLength(3);
});

it('small events of one key share a record up to its limit, to the byte', () => {
  const two = ['e-1', 'e-2'].map((id) => opened('A', id, 'x'.repeat(600)));
  const fits = recordOverhead('A') + two.reduce((sum, e) => sum + bodyOf(e).length + EVENT_OVERHEAD_BYTES, 0);
  const record = (aggregate: number) => entriesOf(log('l', { events, aggregate }), two, options);
  expect(record(fits - 1).map(({ carries }) => carries.length)).toEqual([1, 1]);
  const [one, ...more] = record(fits);
  expect(more).toEqual([]);
  const body = aggregated(
    'A',
    two.map((event) => Buffer.from(bodyOf(event))),
  );
  expect(one).toMatchObject({ carries: two, body, bytes: body.length + 1, key: 'A', claims: [] });
});

it('keys do not share a record, and an event alone is a plain one', () => {
  const entries = entriesOf(
    log('l', { events, aggregate: true }),
    [opened('A', 'e-1'), opened('B', 'e-2'), opened('A', 'e-3')],
    options,
  );
  expect(entries.map(({ key, carries }) => [key, carries.map(({ id }) => id)])).toEqual([
    ['A', ['e-1', 'e-3']],
    ['B', ['e-2']],
  ]);
  expect(entries[1]?.body).toBe(
    bodyOf(opened('B', 'e-2')).replace(/"traceparent":"[^"]+"/, `"traceparent":"${entries[1]?.envelope.traceparent}"`),
  );
});

it('an invalid key says its name', () => {
  expect(() => entriesOf(ticketLog, [opened('x'.repeat(257))], options)).toThrow(
    expect.objectContaining({ name: 'InvalidKey', constructor: InvalidKey }),
  );
});
