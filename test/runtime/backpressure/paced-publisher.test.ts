import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { queue } from '../../../lib/contracts/channels/queue.ts';
import { seconds } from '../../../lib/contracts/declaring/duration.ts';
import type { Envelope } from '../../../lib/contracts/events/envelope.ts';
import {
  type PacedOptions,
  PublishInterrupted,
  pacedPublisher,
  Shed,
} from '../../../lib/runtime/backpressure/paced-publisher.ts';
import { lambda, type Runtime } from '../../../lib/runtime/invocation/runtime.ts';
import { type Attempt, MessageTooLarge, PublishFailed } from '../../../lib/runtime/publishing/publish.ts';
import { events, opened } from '../../contracts/sample-declarations.ts';

type Level = 'critical' | 'normal' | 'telemetry';
const channel = (criticality: Level) => queue('work', { events, criticality });
const some = (count: number, from = 0): Envelope[] =>
  Array.from({ length: count }, (_, i) => opened(`T-${from + i}`, `e-${from + i}`));

type Fate = 'ok' | 'throttled' | 'down' | 'half';

/** A channel under a virtual clock, whose requests meet the fates given, then succeed. */
function world(fates: readonly Fate[] | (() => Fate) = [], random: () => number = () => 0) {
  let now = 0;
  const list = Array.isArray(fates) ? [...fates] : undefined;
  const next = (): Fate => (typeof fates === 'function' ? fates() : (list?.shift() ?? 'ok'));
  const arrived: { id: string; at: number }[] = [];
  const lines: string[] = [];
  let requests = 0;
  let alarm: { at: number; ring: () => void } = { at: Number.POSITIVE_INFINITY, ring: () => undefined };
  const runtime: Runtime = {
    ...lambda,
    now: () => now,
    random,
    write: (line) => lines.push(line),
    async sleep(milliseconds) {
      expect(milliseconds).toBeGreaterThan(0);
      now += milliseconds;
      // A virtual clock waits for nobody: a test that never ends is one that never lets others run.
      if (now > 36_000_000) throw new Error('ten hours have passed');
      if (now >= alarm.at) alarm.ring();
    },
  };
  const makePublish: PacedOptions['makePublish'] = (onAttempt: (attempt: Attempt) => void) => async (batch) => {
    requests += 1;
    const fate = next();
    const lost = fate === 'down' ? batch : fate === 'half' ? batch.slice(Math.ceil(batch.length / 2)) : [];
    const throttled = fate === 'throttled' ? 1 : 0;
    onAttempt({ sent: batch.length - lost.length, throttled, failed: lost.length });
    arrived.push(...batch.filter((event) => !lost.includes(event)).map(({ id }) => ({ id, at: now })));
    if (lost.length > 0) throw new PublishFailed(channel('critical'), new Map(lost.map(({ id }) => [id, 'down'])));
  };
  return {
    arrived,
    lines,
    requests: () => requests,
    now: () => now,
    at(time: number, ring: () => void) {
      alarm = { at: time, ring };
    },
    pass(milliseconds: number) {
      now += milliseconds;
    },
    make: (level: Level, options: PacedOptions = {}) =>
      pacedPublisher(channel(level), { makePublish, ...options }, runtime),
  };
}

const ids = (list: readonly { id: string }[]) => list.map(({ id }) => id);

describe('critical events', () => {
  it('are all sent, in order per key, whatever the channel does', async () => {
    const fates = fc.array(fc.constantFrom<Fate>('ok', 'throttled', 'down', 'half'), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(
        fates,
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 50 }),
        async (list, count, max) => {
          const w = world(list);
          const paced = w.make('critical', { rate: { max, min: 0.5 } });
          const events = Array.from({ length: count }, (_, i) => opened('T-1', `e-${i}`));
          expect(await paced.publish(events)).toEqual({ sent: count, dropped: 0 });
          expect(new Set(ids(w.arrived)).size).toBe(count);
          expect(w.arrived).toHaveLength(count);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('wait for a channel that is down for an hour, with a request a minute at most', async () => {
    const w = world(() => (w.now() < 3_600_000 ? 'down' : 'ok'));
    await w.make('critical').publish(some(3));
    expect(ids(w.arrived)).toEqual(['e-0', 'e-1', 'e-2']);
    expect(w.requests()).toBeLessThan(80);
    expect(w.lines.filter((line) => line.includes('circuit open')).length).toBeGreaterThan(0);
  });

  it('end their waiting with the caller’s signal, and say what was not sent', async () => {
    const w = world(() => 'down');
    const controller = new AbortController();
    const paced = w.make('critical');
    w.at(5_000, () => controller.abort());
    const interrupted = await paced.publish(some(2), controller.signal).catch((error: unknown) => error);
    expect(interrupted).toBeInstanceOf(PublishInterrupted);
    expect(ids((interrupted as PublishInterrupted).unsent)).toEqual(['e-0', 'e-1']);
    expect((interrupted as Error).message).toBe("2 event(s) for queue 'work' were not sent when the signal came");
  });

  it('take telemetry and normal events of the same call with them', async () => {
    const mixed = queue('work', { events, criticality: { 'tickets.ticket-opened': 'telemetry' } });
    const w = world(['down']);
    const paced = pacedPublisher(
      mixed,
      { makePublish: () => async () => undefined },
      { ...lambda, now: w.now, random: () => 0.99 },
    );
    expect(await paced.publish([opened('A'), { ...opened('B'), type: 'tickets.ticket-closed' }])).toEqual({
      sent: 2,
      dropped: 0,
    });
  });
});

describe('the rate', () => {
  it('is kept: 100 events at 10 a second take nine seconds after the first burst', async () => {
    const w = world();
    await w.make('critical', { rate: { max: 10 } }).publish(some(100));
    expect(w.now()).toBeGreaterThanOrEqual(8_000);
    expect(w.now()).toBeLessThanOrEqual(11_000);
  });

  it('falls with throttles and rises again', async () => {
    const w = world(['throttled']);
    const paced = w.make('critical', { rate: { max: 100, increase: 10 } });
    await paced.publish(some(1));
    expect(paced.state().rate).toBe(50);
    w.pass(2_000);
    await paced.publish(some(1, 1));
    expect(paced.state().rate).toBe(70);
  });

  it('falls while the consumers are behind, looked at now and then', async () => {
    const w = world();
    let looks = 0;
    const measure = async () => {
      looks += 1;
      return 120;
    };
    const paced = w.make('critical', { rate: { max: 100 }, lag: { measure, limit: 60 } });
    for (let i = 0; i < 5; i++) await paced.publish(some(1, i));
    expect(looks).toBe(1);
    expect(paced.state().rate).toBe(50);
    w.pass(10_000);
    await paced.publish(some(1, 9));
    expect(looks).toBe(2);
  });

  it('does not depend on a lag that cannot be measured, but says so', async () => {
    const w = world();
    const lag = { measure: () => Promise.reject(new Error('no metric')), limit: 1 };
    const paced = w.make('critical', { lag });
    expect(await paced.publish(some(1))).toEqual({ sent: 1, dropped: 0 });
    expect(w.lines[0]).toContain('the lag could not be measured');
  });
});

describe('normal events', () => {
  it('are shed after the deadline, by name; what was sent was sent', async () => {
    const w = world(['half', 'down', 'down', 'down', 'down', 'down']);
    const shed = await w
      .make('normal', { shedAfter: seconds(2), circuit: { failures: 2, coolDownMillis: 5_000 } })
      .publish(some(4))
      .catch((error: unknown) => error);
    expect(shed).toBeInstanceOf(Shed);
    expect(ids((shed as Shed).unsent)).toEqual(['e-2', 'e-3']);
    expect(ids(w.arrived)).toEqual(['e-0', 'e-1']);
    expect((shed as Error).message).toBe(
      "2 event(s) for queue 'work' were shed after 2 s; the first is 'e-2': the circuit is open",
    );
    expect(w.now()).toBe(2_000);
  });

  it('are sent when the channel is back in time', async () => {
    const w = world(['down', 'down']);
    expect(await w.make('normal').publish(some(2))).toEqual({ sent: 2, dropped: 0 });
  });

  it('say that the rate was too low', async () => {
    const w = world();
    const paced = w.make('normal', { rate: { min: 1, max: 1 }, shedAfter: seconds(3) });
    await expect(paced.publish(some(10))).rejects.toThrow('the rate is lowered');
    expect(w.arrived.length).toBeGreaterThanOrEqual(3);
  });
});

describe('telemetry', () => {
  it('is thinned as the rate is', async () => {
    let draw = 0;
    const w = world(['throttled'], () => (draw++ % 10) / 10);
    const paced = w.make('telemetry', { rate: { max: 1_000 } });
    expect(await paced.publish(some(10))).toEqual({ sent: 10, dropped: 0 });
    expect(await paced.publish(some(100, 10))).toEqual({ sent: 50, dropped: 50 });
  });

  it('never waits: without a permit or a channel it is dropped and counted', async () => {
    const w = world(() => 'down');
    const paced = w.make('telemetry', { circuit: { failures: 1 } });
    expect(await paced.publish(some(3))).toEqual({ sent: 0, dropped: 3 });
    expect(await paced.publish(some(3))).toEqual({ sent: 0, dropped: 3 });
    expect(w.requests()).toBe(1);
    expect(w.now()).toBe(0);
  });
});

describe('the circuit', () => {
  it('sends nothing while it is open, then one call, and closes when that goes well', async () => {
    const w = world(['down', 'down']);
    const paced = w.make('normal', { circuit: { failures: 2, coolDownMillis: 1_000 }, shedAfter: seconds(0.1) });
    for (let i = 0; i < 2; i++) await expect(paced.publish(some(1, i))).rejects.toThrow(Shed);
    expect(paced.state().circuit).toBe('open');
    await expect(paced.publish(some(1, 2))).rejects.toThrow('the circuit is open');
    expect(w.requests()).toBe(2);
    w.pass(1_000);
    await paced.publish(some(1, 3));
    expect(paced.state().circuit).toBe('closed');
  });

  it('hands on errors of the caller, and is none the worse for them', async () => {
    const error = new MessageTooLarge({ id: 'e', type: 't' }, 2, 'a queue', 1, 'Smaller');
    const paced = pacedPublisher(channel('critical'), { makePublish: () => () => Promise.reject(error) });
    await expect(paced.publish(some(1))).rejects.toBe(error);
    expect(paced.state().circuit).toBe('closed');
  });
});
