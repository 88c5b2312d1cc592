import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seconds } from '../../../lib/contracts/declaring/duration.ts';
import { eventTimeOf, judge, NO_WATERMARK } from '../../../lib/runtime/aggregation/lateness.ts';
import { opened } from '../../contracts/sample-declarations.ts';

const allowed = seconds(10);
const timed = (at: number, firstReceived = Number.POSITIVE_INFINITY) => ({ at, message: { firstReceived } });

describe('judge', () => {
  it.each([
    ['is in time exactly as late as is allowed', 10_000, [0], []],
    ['is late a millisecond later', 10_001, [], [0]],
  ])('an event %s', (_, watermark, inTime, late) => {
    const judged = judge([timed(0)], watermark, { allowed });
    expect(judged.inTime.map(({ at }) => at)).toEqual(inTime);
    expect(judged.late.map(({ at }) => at)).toEqual(late);
    expect(judged.watermark).toBe(watermark);
  });

  it('holds an event against those before it only', () => {
    const judged = judge([timed(0), timed(50_000), timed(1)], NO_WATERMARK, { allowed });
    expect(judged).toMatchObject({ inTime: [{ at: 0 }, { at: 50_000 }], late: [{ at: 1 }], watermark: 50_000 });
  });

  it('lets no clock that runs ahead make the others late', () => {
    const judged = judge([timed(1_000_000, 5_000), timed(0, 5_000)], NO_WATERMARK, { allowed });
    expect(judged).toMatchObject({ late: [], watermark: 5_000 });
  });

  it('does not depend on how the shard is cut into batches', () => {
    const events = fc.array(
      fc.record({ at: fc.nat(100_000), message: fc.record({ firstReceived: fc.nat(100_000) }) }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(events, fc.nat(30), (all, cut) => {
        const whole = judge(all, NO_WATERMARK, { allowed });
        const first = judge(all.slice(0, cut), NO_WATERMARK, { allowed });
        const second = judge(all.slice(cut), first.watermark, { allowed });
        expect([...first.late, ...second.late]).toEqual(whole.late);
        expect(second.watermark).toBe(whole.watermark);
      }),
    );
  });
});

describe('eventTimeOf', () => {
  it('is the time of the event, or what is declared', () => {
    const event = { ...opened('T-1'), time: '2026-11-20T08:00:00Z' };
    expect(eventTimeOf(event, { allowed })).toBe(Date.parse('2026-11-20T08:00:00Z'));
    const eventTime = () => '2010-12-01T08:26:00Z';
    expect(eventTimeOf(event, { allowed, eventTime })).toBe(Date.parse('2010-12-01T08:26:00Z'));
  });

  it('is refused when it is no time', () => {
    const eventTime = () => 'tomorrow';
    expect(() => eventTimeOf(opened('T-1'), { allowed, eventTime })).toThrow(
      expect.objectContaining({
        reason: 'no-event-time',
        message: "the event time 'tomorrow' is not an ISO 8601 timestamp",
      }),
    );
  });
});
