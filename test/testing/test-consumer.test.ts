import { describe, expect, it } from 'vitest';
import { hours, minutes, seconds, subscription } from '../../lib/contracts/index.ts';
import { Defer, dynamodb, lambda, publisher, Reject } from '../../lib/runtime/index.ts';
import { testConsumer } from '../../lib/testing/index.ts';
import {
  announce,
  announcements,
  parcelLog,
  parcels,
  parcelsInOrder,
  Returned,
  retry,
  Sent,
  said,
  tables,
} from './parcels.ts';

const toLeith = { parcel: 'p1', to: 'Leith' };
const returned = { [Returned.type]: async () => [] };

/** Announces each parcel; `before` comes first. */
const announcing = (before: (parcel: string, attempt: number) => void = () => undefined) =>
  testConsumer(
    announce,
    {
      ...returned,
      [Sent.type]: async ({ parcel, to }, { attempt }) => {
        before(parcel, attempt);
        return said(parcel, `on its way to ${to}`);
      },
    },
    { tables },
  );

describe('what comes', () => {
  it('has its effect', async () => {
    const t = announcing();
    await t.given(t.event(Sent, toLeith));
    expect(t.outcomes()).toEqual(['done']);
    expect(t.item('said', { parcel: 'p1' })).toEqual({ parcel: 'p1', text: 'on its way to Leith' });
  });

  it('twice, at once or later, has it once', async () => {
    let runs = 0;
    const t = announcing(() => void runs++);
    const event = t.event(Sent, toLeith);
    await t.given(t.twice(event, 3));
    await t.advance(hours(1));
    await t.given(event);
    expect(t.outcomes()).toEqual(['done', 'duplicate', 'duplicate', 'duplicate']);
    expect(t.items('said')).toHaveLength(1);
    expect(t.metric('Duplicates')).toBe(3);
  });

  it('broken, goes to the dead letters as it came', async () => {
    const t = announcing();
    await t.given(t.broken('{"half":'), t.broken(JSON.stringify({ ...t.event(Sent, toLeith), data: { parcel: 7 } })));
    expect(t.outcomes()).toEqual(['dead-lettered: broken-json', 'dead-lettered: invalid-data']);
    expect(t.deadLetters()).toMatchObject([
      { reason: 'broken-json', by: 'consumer', body: '{"half":', event: undefined },
      { reason: 'invalid-data', by: 'consumer', event: { type: 'parcels.sent', data: { parcel: 7 } } },
    ]);
  });

  it('is typed by the contract', () => {
    const t = announcing();
    // @ts-expect-error: the data lacks `to`
    expect(t.event(Sent, { parcel: 'p1' })).toBeDefined();
    const [first] = testConsumer(
      announce,
      { ...returned, [Sent.type]: async () => [] },
      { channels: [announcements] },
    ).published(announcements);
    expect(first?.data.parcel).toBeUndefined();
  });
});

describe('a handler that fails', () => {
  it('is tried again after the declared wait, and no sooner', async () => {
    const t = announcing((_, attempt) => {
      if (attempt < 3) throw new Error('the printer is off');
    });
    await t.given(t.event(Sent, toLeith));
    expect(t.outcomes()).toEqual(['retried']);
    expect(t.messages()[0]?.error?.message).toBe('the printer is off');
    await t.advance(seconds(9));
    expect(t.messages()[0]?.deliveries).toHaveLength(1);
    await t.advance(seconds(1));
    expect(t.messages()[0]?.deliveries.map(({ as }) => as)).toEqual(['retry', 'retry']);
    await t.advance(seconds(20));
    expect(t.outcomes()).toEqual(['done']);
  });

  it('for good, is given up after its attempts, and done when sent back after the repair', async () => {
    let isRepaired = false;
    const t = announcing(() => {
      if (!isRepaired) throw new Error('the printer is off');
    });
    await t.given(t.event(Sent, toLeith));
    await t.settle();
    expect(t.outcomes()).toEqual(['dead-lettered: attempts-exhausted']);
    expect(t.deadLetters()).toMatchObject([
      { reason: 'attempts-exhausted', message: 'the printer is off', attempts: 3 },
    ]);
    isRepaired = true;
    await t.redrive();
    expect(t.outcomes()).toEqual(['dead-lettered: attempts-exhausted', 'done']);
    expect(t.deadLetters()).toEqual([]);
  });

  it('on purpose, is given up at once with its reason', async () => {
    const t = announcing(() => {
      throw new Reject('no-address', 'the address does not exist');
    });
    await t.given(t.event(Sent, toLeith));
    expect(t.outcomes()).toEqual(['dead-lettered: no-address']);
  });

  it('puts a message off without spending an attempt', async () => {
    let isOpen = false;
    const attempts: number[] = [];
    const t = announcing((_, attempt) => {
      attempts.push(attempt);
      if (!isOpen) throw new Defer(minutes(30));
    });
    await t.given(t.event(Sent, toLeith));
    expect(t.outcomes()).toEqual(['deferred']);
    isOpen = true;
    await t.advance(minutes(30));
    expect(t.outcomes()).toEqual(['done']);
    expect(attempts).toEqual([1, 1]);
  });

  it('that never settles, has what it waits for named', async () => {
    const t = announcing(() => {
      throw new Defer(hours(10), 'the shop is closed');
    });
    await t.given(t.event(Sent, toLeith));
    await expect(t.settle(hours(5))).rejects.toThrow(
      "testConsumer('announce') has not settled, after 18000 s: 'parcels.sent-1' is deferred after 1 deliveries",
    );
  });
});

describe('order', () => {
  const inOrder = (failedKey: 'continue' | 'park', handled: string[], isBroken: () => boolean) =>
    testConsumer(subscription('in-order', { to: parcelsInOrder, guarantee: 'effectively-once', retry, failedKey }), {
      ...returned,
      [Sent.type]: async ({ parcel, to }) => {
        if (to === 'nowhere' && isBroken()) throw new Reject('no-address', 'the address does not exist');
        handled.push(`${parcel} ${to}`);
        return [];
      },
    });

  it('is kept per key behind one that fails', async () => {
    const handled: string[] = [];
    let fails = 1;
    const t = testConsumer(subscription('in-order', { to: parcelsInOrder, guarantee: 'effectively-once', retry }), {
      ...returned,
      [Sent.type]: async ({ parcel, to }) => {
        if (to === '1' && fails-- > 0) throw new Error('not yet');
        handled.push(`${parcel} ${to}`);
        return [];
      },
    });
    const send = (parcel: string, to: string) => t.event(Sent, { parcel, to });
    await t.given(send('a', '1'), send('a', '2'), send('b', '3'));
    expect(t.outcomes()).toEqual(['retried', 'held', 'done']);
    await t.settle();
    expect(handled).toEqual(['b 3', 'a 1', 'a 2']);
  });

  it('is kept in what is parked, until it is resumed', async () => {
    const handled: string[] = [];
    let isBroken = true;
    const t = inOrder('park', handled, () => isBroken);
    const send = (parcel: string, to: string) => t.event(Sent, { parcel, to });
    await t.given(send('a', 'nowhere'), send('a', 'Leith'), send('b', 'Skye'));
    expect(t.outcomes()).toEqual(['parked', 'parked', 'done']);
    expect(t.parked()).toMatchObject([{ key: 'a', messages: [{ reason: 'no-address' }, { reason: undefined }] }]);
    isBroken = false;
    expect(await t.resume('a')).toEqual({ resumed: 2, released: true });
    expect(t.parked()).toEqual([]);
    expect(handled).toEqual(['b Skye', 'a nowhere', 'a Leith']);
  });
});

describe('what goes wrong around a handler', () => {
  it('a function that ends after its effect has committed repeats nothing', async () => {
    let runs = 0;
    const t = announcing(() => void runs++);
    t.disturbCall('kill-after', { operation: 'TransactWriteItems' });
    await t.given(t.event(Sent, toLeith));
    expect(t.outcomes()).toEqual(['crashed']);
    await t.settle();
    expect(t.messages()[0]?.deliveries.map(({ as }) => as)).toEqual(['crashed', 'duplicate']);
    expect(t.items('said')).toHaveLength(1);
    expect(runs).toBe(2);
  });

  it('a table that throttles, or whose answer is lost, is asked again within the invocation', async () => {
    const t = announcing();
    t.disturbCall('throttle', { table: 'said' });
    t.disturbCall('lost-answer', { table: 'said', nth: 2 });
    await t.given(t.event(Sent, toLeith), t.event(Sent, { parcel: 'p2', to: 'Skye' }));
    await t.settle();
    expect(t.outcomes()).toEqual(['done', 'done']);
  });

  it('a batch that is given to two functions has one effect', async () => {
    const t = announcing();
    t.disturbInvocation('double');
    await t.given(t.event(Sent, toLeith));
    await t.settle();
    expect(t.items('said')).toHaveLength(1);
  });

  it('what never went wrong is told, because the test shows nothing then', async () => {
    const t = announcing();
    t.disturbCall('throttle', { operation: 'DeleteItem' });
    await t.given(t.event(Sent, toLeith));
    await expect(t.settle()).rejects.toThrow(
      /has settled, but 'throttle' of request 1 like {"operation":"DeleteItem"} never came to pass/,
    );
  });

  it('what is no disturbance is refused', () => {
    // @ts-expect-error: the word is wrong
    expect(() => announcing().disturbCall('explode')).toThrow(
      "disturbCall: there is no 'explode'. Write one of: throttle, ",
    );
    expect(() => announcing().disturbCall('slow', { nth: 0 })).toThrow('must be whole numbers from 1 (given 0 and 1)');
  });
});

describe('the place of a handler', () => {
  const placed = (handle: () => Promise<unknown>, patience = seconds(1)) =>
    testConsumer(
      announce,
      {
        ...returned,
        [Sent.type]: async () => {
          await handle();
          return [];
        },
      },
      { tables, env: { PRINTER: 'laser' }, channels: [announcements], patience },
    );

  it('has its clock, its environment and its AWS, and the test keeps its own', async () => {
    const t = placed(async () => {
      await lambda.sleep(2_000);
      const publish = publisher(announcements);
      await dynamodb('PutItem', {
        TableName: 'said',
        Item: { parcel: 'x', at: new Date().toISOString(), by: process.env.PRINTER },
      });
      await publish([t.event(Sent, toLeith)]);
    });
    const started = Date.now();
    await t.given(t.event(Sent, toLeith));
    expect(t.items('said')).toEqual([{ parcel: 'x', at: expect.stringMatching(/^2026-11-20T08:00:02/), by: 'laser' }]);
    expect(t.published(announcements).map(({ data }) => data)).toEqual([toLeith]);
    expect(process.env.PRINTER).toBeUndefined();
    expect(Math.abs(Date.now() - started)).toBeLessThan(60_000);
  });

  it('stands still while it waits for something real', async () => {
    const t = placed(() => new Promise((resolve) => setTimeout(resolve, 50)));
    await t.given(t.event(Sent, toLeith));
    expect(t.outcomes()).toEqual(['done']);
    expect(t.now().getTime()).toBeLessThan(Date.parse('2026-11-20T08:00:01Z'));
  });

  it('ends at the timeout when its patience is over', async () => {
    const t = placed(() => new Promise(() => undefined), seconds(0.02));
    await t.given(t.event(Sent, toLeith));
    expect(t.outcomes()).toEqual(['retried']);
    expect(t.messages()[0]?.error?.message).toContain("the handler of 'parcels.sent' had not settled");
  });

  it('says what it does not know', async () => {
    const t = placed(() => dynamodb('GetItem', { TableName: 'ghosts', Key: { id: 'x' } }));
    await t.given(t.event(Sent, toLeith));
    expect(t.messages()[0]?.error?.message).toBe("there is no table 'ghosts'");
    expect(() => t.published(parcelLog)).toThrow(
      "testConsumer('announce'): it has no log 'parcel-log' (it has: announcements). List it in `channels`",
    );
  });
});

it('a log is read in order, and waits at what fails', async () => {
  const handled: string[] = [];
  let fails = 2;
  const t = testConsumer(subscription('reader', { to: parcelLog, guarantee: 'effectively-once', retry }), {
    ...returned,
    [Sent.type]: async ({ parcel, to }) => {
      if (to === '2' && fails-- > 0) throw new Error('not yet');
      handled.push(parcel + to);
      return [];
    },
  });
  await t.given(...['1', '2', '3'].map((to) => t.event(Sent, { parcel: 'a', to })));
  await t.settle();
  expect(t.outcomes()).toEqual(['done', 'done', 'done']);
  expect(handled).toEqual(['a1', 'a2', 'a3']);
});

it('a hundred seeds, a hundred ways, one effect each', async () => {
  for (let seed = 1; seed <= 100; seed++) {
    const t = testConsumer(
      announce,
      { ...returned, [Sent.type]: async ({ parcel, to }) => said(parcel, to) },
      { tables, seed },
    );
    await t.given(t.twice(t.event(Sent, toLeith)), t.event(Sent, { parcel: 'p2', to: 'Skye' }));
    await t.settle();
    expect(t.items('said'), `seed ${seed}`).toHaveLength(2);
  }
});

it('an aggregation is tested otherwise', () => {
  const totals = subscription('totals', { to: parcelLog, guarantee: 'exactly-once-aggregation' });
  expect(() => testConsumer(totals, { ...returned, [Sent.type]: async () => [] })).toThrow(
    'Test it with testAggregation()',
  );
});

it('at most once: what fails is gone', async () => {
  const t = testConsumer(subscription('careless', { to: parcels, guarantee: 'at-most-once' }), {
    ...returned,
    [Sent.type]: async () => {
      throw new Error('lost');
    },
  });
  await t.given(t.event(Sent, toLeith));
  await t.settle();
  expect(t.outcomes()).toEqual(['dropped']);
  expect(t.deadLetters()).toEqual([]);
});
