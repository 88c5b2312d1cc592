import { describe, expect, it } from 'vitest';
import { log } from '../../../lib/contracts/channels/log.ts';
import { fifoQueue, queue } from '../../../lib/contracts/channels/queue.ts';
import { DeclarationError } from '../../../lib/contracts/declaring/declaration-error.ts';
import { days, minutes, seconds } from '../../../lib/contracts/declaring/duration.ts';
import { exponential, immediate } from '../../../lib/contracts/declaring/retry.ts';
import {
  mappingRetriesOf,
  maxReceiveCountOf,
  usesTable,
  visibilityOf,
} from '../../../lib/contracts/subscriptions/delivery-numbers.ts';
import {
  breaker,
  type Subscription,
  type SubscriptionOptions,
  subscription,
} from '../../../lib/contracts/subscriptions/subscription.ts';
import { events } from '../sample-declarations.ts';

const standard = queue('work', { events });
const fifo = fifoQueue('ordered', { events });
const events7 = log('history', { events });

type Options = SubscriptionOptions<Subscription['to']>;

describe('subscription rules', () => {
  it.each<[string, Options, string, string]>([
    [
      'a timeout of nothing',
      { to: standard, timeout: seconds(0.5) },
      'timeout must be from 1 s to 900 s (given 0.5 s)',
      'Split longer work, or keep its lease with a heartbeat',
    ],
    [
      'a timeout above Lambda’s',
      { to: standard, timeout: minutes(16) },
      'timeout must be from 1 s to 900 s (given 960 s)',
      'Split longer work, or keep its lease with a heartbeat',
    ],
    [
      'order on a standard queue',
      { to: standard, order: 'per-key' },
      "order 'per-key' needs a FIFO queue or a log, and 'work' is a standard queue",
      'Declare the channel with fifoQueue() or log(), or leave order out',
    ],
    [
      'records that no function is given',
      { to: log('large', { events, maxRecordKiB: 4_601 }) },
      "log 'large' takes records of 4601 KiB, and a function is given none above 4600 KiB: an invocation takes 6 MiB, base64 included",
      "Declare the log with maxRecordKiB up to 4600, and oversized: 'claim-check' for what is larger",
    ],
    [
      'effects once without an inbox',
      { to: standard, guarantee: 'effectively-once', inbox: 'none' },
      "guarantee 'effectively-once' needs an inbox (given 'none')",
      "Choose inbox 'effect', 'lease' or 'natural', or guarantee 'at-least-once'",
    ],
    [
      'a reason for duplicates that an inbox keeps away',
      { to: standard, guarantee: 'effectively-once', duplicates: 'harmless' },
      "duplicates says why they do no harm to a handler that is at-least-once without an inbox (given 'harmless' with guarantee 'effectively-once' and inbox 'effect')",
      "Write the reason, or leave it out: an inbox keeps duplicates away and 'at-most-once' has none",
    ],
    [
      'a reason for duplicates that says nothing',
      { to: standard, duplicates: ' ' },
      "duplicates says why they do no harm to a handler that is at-least-once without an inbox (given ' ' with guarantee 'at-least-once' and inbox 'none')",
      "Write the reason, or leave it out: an inbox keeps duplicates away and 'at-most-once' has none",
    ],
    [
      'aggregation from a queue',
      { to: standard, guarantee: 'exactly-once-aggregation' },
      "guarantee 'exactly-once-aggregation' needs a log and takes no inbox: the log position is its record",
      "Subscribe to a log and leave inbox out, or choose guarantee 'effectively-once'",
    ],
    [
      'aggregation with an inbox',
      { to: events7, guarantee: 'exactly-once-aggregation', inbox: 'effect' },
      "guarantee 'exactly-once-aggregation' needs a log and takes no inbox: the log position is its record",
      "Subscribe to a log and leave inbox out, or choose guarantee 'effectively-once'",
    ],
    [
      'fewer deferrals than none',
      { to: standard, deferrals: -1 },
      'deferrals must be a whole number from 0 to 900 (given -1)',
      'For work that is due much later, use later() instead of deferring it again and again',
    ],
    [
      'more deferrals than a queue can count',
      { to: standard, deferrals: 901 },
      'deferrals must be a whole number from 0 to 900 (given 901)',
      'For work that is due much later, use later() instead of deferring it again and again',
    ],
    [
      'an empty batch',
      { to: standard, batchSize: 0 },
      'batchSize must be a whole number from 1 to 10000 (given 0)',
      'Choose a size up to 10000',
    ],
    [
      'half a message',
      { to: standard, batchSize: 1.5 },
      'batchSize must be a whole number from 1 to 10000 (given 1.5)',
      'Choose a size up to 10000',
    ],
    [
      'a batch above ten of a FIFO queue',
      { to: fifo, batchSize: 11 },
      'batchSize must be a whole number from 1 to 10 (given 11)',
      'Choose a size up to 10',
    ],
    [
      'a batch above the largest',
      { to: events7, batchSize: 10_001 },
      'batchSize must be a whole number from 1 to 10000 (given 10001)',
      'Choose a size up to 10000',
    ],
    [
      'too long a window',
      { to: events7, batchWindow: seconds(301) },
      'batchWindow must be at most 300 s, and 0 on a FIFO queue (given 301 s)',
      'Lower batchWindow or leave it out',
    ],
    [
      'a window on a FIFO queue',
      { to: fifo, batchWindow: seconds(1) },
      'batchWindow must be at most 300 s, and 0 on a FIFO queue (given 1 s)',
      'Lower batchWindow or leave it out',
    ],
    [
      'a large batch without a window',
      { to: standard, batchSize: 11 },
      'batchSize above 10 needs a batchWindow of at least 1 s (given 11 and 0 s)',
      'Write batchWindow: seconds(1), or lower batchSize',
    ],
    [
      'concurrency of a log',
      { to: events7, concurrency: 5 },
      "concurrency cannot be set on log 'history': a log has one batch per shard",
      'Leave concurrency out and choose the number of shards on the log',
    ],
    [
      'concurrency below two',
      { to: standard, concurrency: 1 },
      'concurrency must be a whole number from 2 to 1000 (given 1)',
      'Lambda takes no lower ceiling than 2 on a queue; order per key comes from a FIFO queue',
    ],
    [
      'concurrency above the largest',
      { to: standard, concurrency: 1_001 },
      'concurrency must be a whole number from 2 to 1000 (given 1001)',
      'Lambda takes no lower ceiling than 2 on a queue; order per key comes from a FIFO queue',
    ],
    [
      'a lease of nothing',
      { to: standard, inbox: 'lease', lease: seconds(0) },
      'lease must be at least 1 s (given 0 s)',
      'Leave lease out to have the timeout',
    ],
    [
      'a window below nothing',
      { to: standard, batchWindow: { seconds: -1 } },
      'batchWindow must be at most 300 s, and 0 on a FIFO queue (given -1 s)',
      'Lower batchWindow or leave it out',
    ],
    [
      'at most once in order',
      { to: fifo, guarantee: 'at-most-once' },
      "guarantee 'at-most-once' takes no order 'per-key': a batch acknowledged first frees its group for the next one",
      "Subscribe to a standard queue, or choose guarantee 'at-least-once'",
    ],
    ...(
      [
        ['an inbox', { inbox: 'natural' }],
        ['a breaker', { breaker: breaker() }],
        ['parking', { failedKey: 'park' }],
      ] as const
    ).map(([what, options]): [string, Options, string, string] => [
      `at most once with ${what}`,
      { to: standard, guarantee: 'at-most-once', ...options },
      "guarantee 'at-most-once' takes no inbox, breaker or parking: nothing comes back that they could act on",
      "Leave them out, or choose guarantee 'at-least-once'",
    ]),
    ...[0, 101, 1.5].map((failures): [string, Options, string, string] => [
      `a breaker that opens after ${failures} failures`,
      { to: standard, breaker: breaker({ failures }) },
      `breaker.failures must be a whole number from 1 to 100 (given ${failures})`,
      'Write breaker: breaker() for 5 failures and 30 s of pause',
    ]),
    [
      'a breaker without a pause',
      { to: standard, breaker: breaker({ coolDown: seconds(0.5) }) },
      'breaker.coolDown must be at least 1 s and not above maxCoolDown (given 0.5 s and 600 s)',
      'Raise coolDown or maxCoolDown',
    ],
    [
      'a pause above its largest',
      { to: standard, breaker: breaker({ coolDown: seconds(601) }) },
      'breaker.coolDown must be at least 1 s and not above maxCoolDown (given 601 s and 600 s)',
      'Raise coolDown or maxCoolDown',
    ],
    [
      'a throughput of its own on a queue',
      { to: standard, fanOut: 'enhanced' },
      "fanOut must be 'shared', or 'enhanced' on a log (given 'enhanced' on queue 'work')",
      'Leave fanOut out: only Kinesis has readers with a throughput of their own',
    ],
    [
      'parking without order',
      { to: standard, failedKey: 'park' },
      "failedKey 'park' needs order 'per-key': without order nothing has to wait behind a failed message",
      'Subscribe to a FIFO queue or a log, or leave failedKey out',
    ],
    [
      'forgetting before the dead letters of the queue do',
      { to: standard, deduplicationWindow: seconds(18 * 86_400 - 1) },
      "deduplicationWindow (1555199 s) must not be below what a message of 'work' can live: 345600 s in it and 1209600 s in the dead letters, 1555200 s in all; redriven after that, it would have its effect again",
      'Leave deduplicationWindow out to have just that, or lower the retentions',
    ],
    [
      'forgetting before the dead letters of a log do',
      { to: events7, deduplicationWindow: days(20) },
      `deduplicationWindow (1728000 s) must not be below what a message of '${events7.name}' can live: 604800 s in it and 1209600 s in the dead letters, 1814400 s in all; redriven after that, it would have its effect again`,
      'Leave deduplicationWindow out to have just that, or lower the retentions',
    ],
  ])('refuse %s', (_, options, problem, fix) => {
    expect(() => subscription('worker', options)).toThrow(new DeclarationError("subscription 'worker'", problem, fix));
  });

  it.each<[string, Options]>([
    ['the shortest timeout', { to: standard, timeout: seconds(1) }],
    ['the longest timeout', { to: standard, timeout: minutes(15) }],
    ['order from a FIFO queue', { to: fifo, order: 'per-key' }],
    ['order from a log', { to: events7, order: 'per-key' }],
    ['a FIFO queue whose order does not matter', { to: fifo, order: 'none' }],
    ['every inbox with effects once: lease', { to: standard, guarantee: 'effectively-once', inbox: 'lease' }],
    ['every inbox with effects once: natural', { to: standard, guarantee: 'effectively-once', inbox: 'natural' }],
    ['aggregation from a log', { to: events7, guarantee: 'exactly-once-aggregation' }],
    ['the largest FIFO batch', { to: fifo, batchSize: 10 }],
    ['the largest batch with a window', { to: standard, batchSize: 10_000, batchWindow: seconds(1) }],
    ['the longest window', { to: events7, batchWindow: seconds(300) }],
    ['the largest batch of a log without a window', { to: events7, batchSize: 10_000 }],
    ['the lowest concurrency', { to: standard, concurrency: 2 }],
    ['the highest concurrency', { to: standard, concurrency: 1_000 }],
    ['remembering exactly as long as a message can live', { to: standard, deduplicationWindow: days(18) }],
    ['the same on a log', { to: events7, deduplicationWindow: days(21) }],
    ['at most once from a standard queue', { to: standard, guarantee: 'at-most-once' }],
    ['the most deferrals', { to: standard, deferrals: 900 }],
    ['the most nervous breaker', { to: standard, breaker: breaker({ failures: 1, coolDown: seconds(1) }) }],
    ['the most patient breaker', { to: standard, breaker: breaker({ failures: 100, coolDown: seconds(600) }) }],
    ['parking on a FIFO queue', { to: fifo, failedKey: 'park' }],
    ['the shortest lease', { to: standard, inbox: 'lease', lease: seconds(1) }],
    ['a lease of nothing that is never taken', { to: standard, lease: seconds(0) }],
  ])('take %s', (_, options) => {
    expect(subscription('worker', options)).toMatchObject({ name: 'worker', ...options });
  });

  it('refuse a bad name', () => {
    expect(() => subscription('Worker', { to: standard })).toThrow(
      /^subscription 'Worker': the name must be kebab-case .* Write for example 'worker'\.$/,
    );
  });
});

describe('subscription defaults', () => {
  it.each<[string, Options, Partial<Subscription>]>([
    [
      'a standard queue',
      { to: standard },
      { guarantee: 'at-least-once', inbox: 'none', order: 'none', batchSize: 10, checkFirst: false },
    ],
    ['a FIFO queue', { to: fifo }, { order: 'per-key', batchSize: 10 }],
    ['a log', { to: events7 }, { order: 'per-key', batchSize: 100 }],
    [
      'effects once',
      { to: standard, guarantee: 'effectively-once' },
      { inbox: 'effect', deduplicationWindow: days(18) },
    ],
    [
      'anything not said',
      { to: standard },
      {
        retry: exponential({ attempts: 3, base: seconds(1), cap: seconds(60) }),
        timeout: seconds(30),
        lease: seconds(30),
        batchWindow: seconds(0),
        concurrency: undefined,
        breaker: undefined,
        failedKey: 'continue',
      },
    ],
    ['a lease, as long as the timeout', { to: standard, inbox: 'lease', timeout: seconds(7) }, { lease: seconds(7) }],
  ])('of %s', (_, options, expected) => {
    expect(subscription('worker', options)).toMatchObject(expected);
  });
});

describe('what the queue is set to', () => {
  it.each([
    [seconds(10), seconds(0), 60],
    [seconds(20), seconds(5), 125],
  ])('visibility: six times %o and the window %o', (timeout, batchWindow, expected) => {
    expect(visibilityOf(subscription('worker', { to: standard, timeout, batchWindow })).seconds).toBe(expected);
  });

  it.each([
    ['crashes beyond the declared attempts', { to: standard, attempts: 3, deferrals: 0, batchSize: 1 }, 8],
    ['crashes of others of the batch, all their attempts', { to: standard, attempts: 3, deferrals: 0 }, 35],
    [
      'no more than ten that crash',
      { to: standard, attempts: 3, deferrals: 0, batchSize: 1_000, batchWindow: seconds(1) },
      35,
    ],
    ['deferrals, which spend no attempt', { to: standard, attempts: 3 }, 40],
    ['receives behind a failure of the same batch', { to: fifo, attempts: 3, deferrals: 0 }, 80],
    ['receives behind a deferral of the same batch', { to: fifo, attempts: 3, deferrals: 2 }, 100],
    ['the same, with batches of one', { to: fifo, attempts: 3, deferrals: 0, batchSize: 1 }, 8],
    ['no more than SQS takes', { to: fifo, attempts: 100 }, 1_000],
    ['what an outage costs', { to: standard, attempts: 3, deferrals: 0, breaker: breaker() }, 85],
  ])('the redrive has room for %s', (_, { attempts, ...options }, expected) => {
    expect(maxReceiveCountOf(subscription('worker', { ...options, retry: immediate({ attempts }) }))).toBe(expected);
  });
});

describe('what a log is set to', () => {
  it.each<[string, Options, number]>([
    ['every record of a batch its attempts, and what an outage costs', { to: events7, batchSize: 100 }, 350],
    ['no more than Lambda takes', { to: events7, batchSize: 10_000 }, 10_000],
    ['an aggregation until the table is well again', { to: events7, guarantee: 'exactly-once-aggregation' }, 1_000],
  ])('the mapping tries again for %s', (_, options, expected) => {
    expect(mappingRetriesOf(subscription('worker', { ...options, retry: immediate({ attempts: 3 }) }))).toBe(expected);
  });
});

it.each<[Options, boolean]>([
  [{ to: standard }, true],
  [{ to: standard, guarantee: 'effectively-once' }, true],
  [{ to: standard, guarantee: 'at-most-once' }, false],
  [{ to: events7, guarantee: 'exactly-once-aggregation' }, false],
])('keeps attempts in the table where something may fail: %j', (options, expected) => {
  expect(usesTable(subscription('worker', options))).toBe(expected);
});

it('a breaker has sensible numbers, each of which may be chosen', () => {
  expect(breaker()).toEqual({ failures: 5, coolDown: seconds(30), maxCoolDown: minutes(10) });
  expect(breaker({ failures: 2 })).toEqual({ failures: 2, coolDown: seconds(30), maxCoolDown: minutes(10) });
});
