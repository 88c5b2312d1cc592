import { describe, expect, it } from 'vitest';
import { log } from '../../../lib/contracts/channels/log.ts';
import { outbox } from '../../../lib/contracts/channels/outbox.ts';
import { queue } from '../../../lib/contracts/channels/queue.ts';
import { tableChanges } from '../../../lib/contracts/channels/table-changes.ts';
import { topic } from '../../../lib/contracts/channels/topic.ts';
import {
  ALARM_DEFAULTS,
  type AlarmKind,
  type AlarmSettings,
  alarmRule,
} from '../../../lib/contracts/declaring/alarms.ts';
import { seconds } from '../../../lib/contracts/declaring/duration.ts';
import { reportsShards } from '../../../lib/contracts/subscriptions/delivery-numbers.ts';
import { subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { events, ticketLog, ticketTopic, workQueue } from '../sample-declarations.ts';

describe('the rule of an alarm', () => {
  it('is the default of its kind', () => {
    expect(alarmRule('queue-depth', [])).toEqual({ threshold: 10_000, minutes: 5, breaching: 5 });
    expect(alarmRule('error-rate', [{}, undefined])).toEqual({ threshold: 1, minutes: 5, breaching: 3 });
  });

  it('is what the first declaration says that says anything about it', () => {
    const settings: AlarmSettings[] = [{ 'queue-depth': { threshold: 7 } }, { 'queue-depth': { minutes: 2 } }];
    expect(alarmRule('queue-depth', settings)).toEqual({ threshold: 7, minutes: 5, breaching: 5 });
    expect(alarmRule('queue-depth', settings.slice(1))).toEqual({ threshold: 10_000, minutes: 2, breaching: 2 });
    expect(alarmRule('oldest-message', settings)).toMatchObject({ threshold: 300 });
  });

  it('keeps the share of the minutes that must be bad', () => {
    expect(alarmRule('error-rate', [{ 'error-rate': { minutes: 1 } }])?.breaching).toBe(1);
    expect(alarmRule('error-rate', [{ 'error-rate': { minutes: 10 } }])?.breaching).toBe(6);
  });

  it('is none when it is switched off, and a threshold of the subscription switches it on again', () => {
    const off: AlarmSettings = { 'hot-shard': { off: 'keys are even by construction' } };
    expect(alarmRule('hot-shard', [off])).toBe(undefined);
    expect(alarmRule('hot-shard', [{ 'hot-shard': {} }, off])).toMatchObject({ threshold: 10 });
  });

  it.each(Object.entries(ALARM_DEFAULTS))('%s can be kept in an hour, as every alarm must', (_, { minutes }) => {
    expect(minutes).toBeGreaterThanOrEqual(1);
    expect(minutes).toBeLessThanOrEqual(60);
  });
});

describe('what a declaration says about its alarms', () => {
  const bad = (kind: AlarmKind, setting: object): AlarmSettings => ({ [kind]: setting });

  it.each<[string, () => unknown, string]>([
    [
      'a kind that a topic cannot have',
      () => topic('news', { events, alarms: bad('queue-depth', {}) }),
      "topic 'news': alarms['queue-depth'] is no alarm it can have. Choose among producer-errors.",
    ],
    [
      'a kind that there is not',
      () => queue('work', { events, alarms: { depth: {} } as AlarmSettings }),
      "queue 'work': alarms['depth'] is no alarm it can have. Choose among dead-letters,",
    ],
    [
      'sending, of a subscription',
      () => subscription('worker', { to: workQueue, alarms: bad('producer-errors', {}) }),
      "subscription 'worker': alarms['producer-errors'] is no alarm it can have",
    ],
    [
      'a negative threshold',
      () => log('events', { events, alarms: bad('iterator-age', { threshold: -1 }) }),
      "log 'events': alarms['iterator-age'].threshold must be 0 or more (given -1). Leave it out to have the default.",
    ],
    [
      'a threshold that is no number',
      () => outbox('box', { publishes: [ticketTopic], alarms: bad('oldest-unpublished', { threshold: Number.NaN }) }),
      "outbox 'box': alarms['oldest-unpublished'].threshold must be 0 or more (given NaN)",
    ],
    [
      'no minutes',
      () => queue('work', { events, alarms: bad('queue-depth', { minutes: 0 }) }),
      "alarms['queue-depth'].minutes must be a whole number from 1 to 60 (given 0)",
    ],
    [
      'part of a minute',
      () => queue('work', { events, alarms: bad('queue-depth', { minutes: 1.5 }) }),
      "alarms['queue-depth'].minutes must be a whole number from 1 to 60 (given 1.5)",
    ],
    [
      'more than an hour',
      () => tableChanges('shelf', { alarms: bad('iterator-age', { minutes: 61 }) }),
      "table changes 'shelf': alarms['iterator-age'].minutes must be a whole number from 1 to 60 (given 61)",
    ],
    [
      'switching off without a reason',
      () => queue('work', { events, alarms: bad('dead-letters', { off: ' no ' }) }),
      "alarms['dead-letters'].off must say why nobody needs the alarm (given ' no ')",
    ],
  ])('is refused: %s', (_, make, message) => {
    expect(make).toThrow(message);
  });

  it('is nothing by default', () => {
    expect([workQueue.alarms, ticketLog.alarms, ticketTopic.alarms]).toEqual([{}, {}, {}]);
  });
});

describe('reportsShards', () => {
  const two = log('two', { events, shards: 2 });
  const off = { 'hot-shard': { off: 'keys are even by construction' } } as const;

  it.each([
    ['a log of several shards', subscription('reader', { to: two }), true],
    ['a log of one shard', subscription('reader', { to: log('one', { events, shards: 1 }) }), false],
    ['a log on demand', subscription('reader', { to: log('any', { events, capacity: 'on-demand' }) }), true],
    ['a queue', subscription('worker', { to: workQueue }), false],
    ['a subscription that does not want it', subscription('reader', { to: two, alarms: off }), false],
    [
      'a log that does not want it',
      subscription('reader', { to: log('two', { events, shards: 2, alarms: off }) }),
      false,
    ],
  ])('%s', (_, declared, expected) => {
    expect(reportsShards(declared)).toBe(expected);
  });
});

it('only an aggregation can find an event too late', () => {
  const lateness = { allowed: seconds(60) };
  expect(() => subscription('reader', { to: ticketLog, lateness })).toThrow(
    "subscription 'reader': lateness needs guarantee 'exactly-once-aggregation' (given 'at-least-once')",
  );
  const declared = subscription('reader', { to: ticketLog, guarantee: 'exactly-once-aggregation', lateness });
  expect(declared.lateness).toBe(lateness);
});
