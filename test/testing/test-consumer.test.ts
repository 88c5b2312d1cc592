import * as v from 'valibot';
import { expect, it } from 'vitest';
import {
  event,
  exponential,
  fifoQueue,
  minutes,
  queue,
  seconds,
  subscription,
  topic,
} from '../../lib/contracts/index.ts';
import { Defer, dynamodb, lambda, publisher, Reject } from '../../lib/runtime/index.ts';
import { testConsumer } from '../../lib/testing/index.ts';

const Sent = event('parcels.sent', {
  version: 1,
  data: v.object({ parcel: v.string(), to: v.string() }),
  key: ({ parcel }) => parcel,
});
const parcels = queue('parcels', { events: [Sent] });
const announcements = topic('announcements', { events: [Sent] });
const announce = subscription('announce', {
  to: parcels,
  guarantee: 'effectively-once',
  timeout: seconds(10),
  retry: exponential({ attempts: 3, base: seconds(10), cap: minutes(1) }),
});
const tables = { said: { partitionKey: 'parcel' } };
const put = (parcel: string, text: string) => [{ Put: { TableName: 'said', Item: { parcel, text } } }];

it('one', async () => {
  let fails = 1;
  const t = testConsumer(
    announce,
    {
      [Sent.type]: async ({ parcel, to }, { log }) => {
        log('info', 'here');
        if (parcel === 'p2' && fails-- > 0) throw new Error('not yet');
        if (parcel === 'p3') throw new Reject('no-address', 'nowhere');
        await publisher(announcements, {}, lambda)([t.event(Sent, { parcel, to })]);
        await dynamodb('PutItem', { TableName: 'said', Item: { parcel: `${parcel}-x`, at: new Date().toISOString() } });
        return put(parcel, to);
      },
    },
    { tables, channels: [announcements] },
  );
  const started = performance.now();
  await t.given(
    t.event(Sent, { parcel: 'p1', to: 'Leith' }),
    t.twice(t.event(Sent, { parcel: 'p2', to: 'Skye' })),
    t.event(Sent, { parcel: 'p3', to: '' }),
    t.broken('{'),
  );
  console.log(t.outcomes(), t.deadLetters(), t.published(announcements), t.now(), t.items('said'));
  await t.advance(seconds(10));
  console.log(
    t
      .outcomes()
      .map(({ id, outcome, deliveries }) => [id, outcome, deliveries.map(({ as, at }) => `${as} ${at.toISOString()}`)]),
    t.now(),
  );
  await t.settle();
  console.log(performance.now() - started, t.log().slice(0, 3), t.metric('Done'));
  expect(1).toBe(1);
});
