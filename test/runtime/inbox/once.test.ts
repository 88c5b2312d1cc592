import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { seconds } from '../../../lib/contracts/declaring/duration.ts';
import { type InboxMode, subscription } from '../../../lib/contracts/subscriptions/subscription.ts';
import { type Write, WriteRefused } from '../../../lib/runtime/inbox/inbox.ts';
import { fingerprintOf, type HandlerResult, MAX_STEP_BYTES, ONCE, type Step } from '../../../lib/runtime/inbox/once.ts';
import { Defer, Reject } from '../../../lib/runtime/invocation/outcomes.ts';
import { lambda } from '../../../lib/runtime/invocation/runtime.ts';
import { workQueue } from '../../contracts/sample-declarations.ts';
import { type MemoryInbox, memoryInbox } from '../memory-inbox.ts';

const KEY = { key: 'worker#e-1', fingerprint: 'print' };
const OTHER_PAYLOAD = { ...KEY, fingerprint: 'another' };
const write: Write = { Put: { TableName: 'business', Item: { pk: 'x' } } };
const LEASE_MILLIS = 10_000;

let now: number;
let inbox: MemoryInbox;
let refuses: (write: Write) => boolean;

beforeEach(() => {
  now = 1_000_000;
  refuses = () => false;
  inbox = memoryInbox(
    () => now,
    (one) => refuses(one),
  );
});

/** Nothing is tried twice within the invocation. */
const worker = (mode: InboxMode, checkFirst = false) =>
  subscription('worker', { to: workQueue, inbox: mode, lease: seconds(10), checkFirst });

const run = (mode: InboxMode, handle: (step: Step) => Promise<HandlerResult>, key = KEY, checkFirst = false) =>
  ONCE[mode]({ subscription: worker(mode, checkFirst), inbox, runtime: { ...lambda, now: () => now } }, key, handle);

const returning = (result: HandlerResult) => vi.fn(async () => result);

const mismatch = {
  name: 'Reject',
  reason: 'payload-mismatch',
  message: "idempotency key 'worker#e-1' was used before with another payload; a changed event needs an id of its own",
};

describe('effect', () => {
  it('commits the writes with the record', async () => {
    expect(await run('effect', returning([write]))).toBe('done');
    expect(inbox.written).toEqual([write]);
    expect(inbox.records.get(KEY.key)).toEqual({ fingerprint: 'print', state: 'done' });
  });

  it('commits a record alone for a handler without writes', async () => {
    expect(await run('effect', returning(undefined))).toBe('done');
    expect(inbox.written).toEqual([]);
    expect(inbox.records.has(KEY.key)).toBe(true);
  });

  it('leaves no record when the handler itself found the work done', async () => {
    expect(await run('effect', returning('duplicate'))).toBe('duplicate');
    expect(inbox.records.size).toBe(0);
  });

  it('runs the handler for a new message, though it was asked for first', async () => {
    expect(await run('effect', returning([write]), KEY, true)).toBe('done');
    expect(inbox.written).toEqual([write]);
  });

  it('commits nothing a second time', async () => {
    await run('effect', returning([write]));
    expect(await run('effect', returning([write]))).toBe('duplicate');
    expect(inbox.written).toEqual([write]);
  });

  it.each([
    [true, 0],
    [false, 1],
  ])('with checkFirst %s runs the handler for a duplicate %d time(s)', async (checkFirst, times) => {
    await run('effect', returning([]));
    const handler = returning([]);
    expect(await run('effect', handler, KEY, checkFirst)).toBe('duplicate');
    expect(handler).toHaveBeenCalledTimes(times);
  });

  it.each([true, false])('rejects another payload under the same key (checkFirst %s)', async (checkFirst) => {
    await run('effect', returning([]));
    await expect(run('effect', returning([write]), OTHER_PAYLOAD, checkFirst)).rejects.toMatchObject(mismatch);
    expect(inbox.written).toEqual([]);
  });

  it('records nothing when a write is refused', async () => {
    refuses = () => true;
    await expect(run('effect', returning([write]))).rejects.toThrow(WriteRefused);
    expect(inbox.records.size).toBe(0);
  });

  it('records nothing when the handler fails', async () => {
    await expect(run('effect', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(inbox.records.size).toBe(0);
  });
});

describe('lease', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  const leased = (until: number, fingerprint = 'print') =>
    inbox.records.set(KEY.key, { fingerprint, state: 'leased', owner: 'somebody', leaseUntil: until });

  it('is held while the handler runs and becomes a record', async () => {
    const handler = vi.fn(async () => {
      expect(inbox.records.get(KEY.key)).toMatchObject({ state: 'leased', leaseUntil: now + LEASE_MILLIS });
    });
    expect(await run('lease', handler)).toBe('done');
    expect(handler).toHaveBeenCalledTimes(1);
    expect(inbox.records.get(KEY.key)).toEqual({ fingerprint: 'print', state: 'done' });
  });

  it('finds a duplicate without running the handler', async () => {
    await run('lease', returning(undefined));
    const handler = returning(undefined);
    expect(await run('lease', handler)).toBe('duplicate');
    expect(handler).not.toHaveBeenCalled();
  });

  it('waits for another holder as long as its lease lasts', async () => {
    leased(now + 6_500);
    const failure = run('lease', returning(undefined));
    await expect(failure).rejects.toThrow(Defer);
    await expect(failure).rejects.toMatchObject({
      message: "another consumer holds the lease of 'worker#e-1' for 7 s more",
      after: seconds(7),
    });
  });

  it('is taken over when it has run out', async () => {
    leased(now - 1);
    expect(await run('lease', returning(undefined))).toBe('done');
  });

  it.each(['leased', 'done'] as const)('rejects another payload under a key that is %s', async (state) => {
    if (state === 'leased') leased(now + 1_000);
    else inbox.records.set(KEY.key, { fingerprint: 'print', state });
    await expect(run('lease', returning(undefined), OTHER_PAYLOAD)).rejects.toMatchObject(mismatch);
  });

  it('is renewed while the handler lives', async () => {
    const handler = async () => {
      for (let step = 0; step < 5; step++) {
        now += LEASE_MILLIS / 2;
        await vi.advanceTimersByTimeAsync(LEASE_MILLIS / 2);
        expect(inbox.records.get(KEY.key)?.leaseUntil).toBeGreaterThan(now);
      }
    };
    expect(await run('lease', handler)).toBe('done');
  });

  it('survives a renewal that fails: the fence decides', async () => {
    vi.spyOn(inbox, 'renew').mockRejectedValue(new Error('throttled'));
    expect(await run('lease', () => vi.advanceTimersByTimeAsync(LEASE_MILLIS).then(() => undefined))).toBe('done');
  });

  it('is released when the handler fails, for whoever comes next', async () => {
    await expect(run('lease', () => Promise.reject(new Error('no answer')))).rejects.toThrow('no answer');
    expect(inbox.records.size).toBe(0);
  });

  it('gives the next holder what its steps came to', async () => {
    const charge = vi.fn(async () => ({ receipt: 'r-1' }));
    const nothing = vi.fn(async () => undefined);
    const handler = (failing: boolean) => async (step: Step) => {
      expect(await step('charge', charge)).toEqual({ receipt: 'r-1' });
      expect(await step('note', nothing)).toBe(undefined);
      if (failing) throw new Error('no answer');
    };
    await expect(run('lease', handler(true))).rejects.toThrow('no answer');
    expect(await run('lease', handler(false))).toBe('done');
    expect(charge).toHaveBeenCalledTimes(1);
    expect(nothing).toHaveBeenCalledTimes(1);
    expect(inbox.records.get(KEY.key)).toEqual({ fingerprint: 'print', state: 'done' });
  });

  it('gives a step back as JSON has it, the first time too', async () => {
    await run('lease', async (step) => {
      expect(await step<unknown>('when', async () => new Date(0))).toBe('1970-01-01T00:00:00.000Z');
    });
  });

  it('that was lost keeps no step', async () => {
    const handler = (step: Step) =>
      step('charge', async () => {
        leased(now + 5_000);
      });
    await expect(run('lease', handler)).rejects.toThrow(
      new Defer(seconds(1), "the lease of 'worker#e-1' was lost before step 'charge' was recorded"),
    );
  });

  it('keeps names and results of all steps up to what its record holds, in bytes', async () => {
    // Two bytes each; its quotes are two more, and the name is five.
    const handler = (bytes: number) => async (step: Step) => {
      await step('small', async () => 'ä');
      await step('large', async () => 'ü'.repeat((bytes - 16) / 2));
    };
    await expect(run('lease', handler(MAX_STEP_BYTES + 2))).rejects.toMatchObject({
      reason: 'step-result-too-large',
      message: expect.stringContaining("with step 'large' the names and results of 2 steps have 380002 bytes; 380000"),
    });
    inbox.records.clear();
    expect(await run('lease', handler(MAX_STEP_BYTES))).toBe('done');
  });

  it('does not begin a step whose name alone does not fit any more', async () => {
    const charge = vi.fn(async () => 'charged');
    const handler = async (step: Step) => {
      await step('large', async () => 'x'.repeat(MAX_STEP_BYTES - 20));
      await step('x'.repeat(20), charge);
    };
    await expect(run('lease', handler)).rejects.toMatchObject({ reason: 'step-result-too-large' });
    expect(charge).not.toHaveBeenCalled();
  });

  it('abandoned with steps done goes to no other payload', async () => {
    leased(now - 1);
    await expect(run('lease', returning(undefined), OTHER_PAYLOAD)).rejects.toMatchObject(mismatch);
  });

  it.each<InboxMode>(['effect', 'natural', 'none'])('is what steps need: %s has none', async (mode) => {
    const handler = (step: Step) => step('charge', async () => undefined);
    await expect(run(mode, handler)).rejects.toMatchObject({ reason: 'step-without-lease' });
  });

  it('that was lost is not recorded as done', async () => {
    const steal = async () => {
      leased(now + 5_000);
    };
    await expect(run('lease', steal)).rejects.toThrow(
      new Defer(seconds(1), "the lease of 'worker#e-1' was lost before the work was recorded"),
    );
    expect(inbox.records.get(KEY.key)).toMatchObject({ state: 'leased', owner: 'somebody' });
  });

  it('that was lost is not taken from its new owner by a failure', async () => {
    const steal = async () => {
      leased(now + 5_000);
      throw new Error('too late');
    };
    await expect(run('lease', steal)).rejects.toThrow('too late');
    expect(inbox.records.get(KEY.key)).toMatchObject({ owner: 'somebody' });
  });
});

describe('natural and none', () => {
  it.each<[InboxMode, HandlerResult, string]>([
    ['natural', undefined, 'done'],
    ['natural', 'duplicate', 'duplicate'],
    ['natural', [], 'done'],
    ['none', undefined, 'done'],
  ])('%s: a handler that returns %o is %s, and no record is kept', async (mode, result, expected) => {
    expect(await run(mode, returning(result))).toBe(expected);
    expect(inbox.records.size).toBe(0);
  });

  it.each<InboxMode>(['lease', 'natural', 'none'])('%s refuses writes, which it would lose', async (mode) => {
    const failure = run(mode, returning([write]));
    await expect(failure).rejects.toThrow(Reject);
    await expect(failure).rejects.toMatchObject({ reason: 'writes-without-effect' });
    expect([...inbox.records.values()]).toEqual([]);
  });
});

describe('fingerprintOf', () => {
  const event = { type: 'tickets.ticket-opened', data: { ticket: 'T-1' } };

  it.each([
    ['another type', { ...event, type: 'tickets.ticket-closed' }],
    ['other data', { ...event, data: { ticket: 'T-2' } }],
  ])('differs for %s', (_, other) => {
    expect(fingerprintOf(other)).not.toBe(fingerprintOf(event));
  });

  it('is the same for a copy', () => {
    expect(fingerprintOf(structuredClone(event))).toBe(fingerprintOf(event));
  });
});
