import { describe, expect, it } from 'vitest';
import { Reject, toError } from '../../../lib/runtime/invocation/outcomes.ts';
import type { Message, Outcome } from '../../../lib/runtime/messages/message.ts';
import { runUnits, type UnitOptions } from '../../../lib/runtime/messages/units.ts';

const message = (id: string): Message => ({
  id,
  body: '',
  unit: id[0],
  source: 'test',
  receives: 1,
  firstReceived: 0,
  attributes: {},
});

/** `a1 a2 b1`: messages whose first letter is their unit. */
const messages = (ids: string): Message[] => ids.split(' ').map(message);
const unitOf = ({ unit, id }: Message): string => unit ?? id;
const options: UnitOptions = { stops: 'unit', rejectionStops: false, parallel: 10, hasTime: () => true };

const outcomeOf = (thrown: unknown): Outcome => {
  const error = toError(thrown);
  if (error instanceof Reject) return { kind: 'rejected', reason: error.reason, error };
  return { kind: 'retry', error, attempt: 1 };
};

interface Run {
  readonly outcomes: Readonly<Record<string, string>>;
  readonly handled: readonly string[];
}

async function run(
  ids: string,
  failing: Readonly<Record<string, unknown>>,
  more: Partial<UnitOptions> = {},
): Promise<Run> {
  const handled: string[] = [];
  const outcomes = await runUnits(
    messages(ids),
    unitOf,
    async ({ id }) => {
      handled.push(id);
      await Promise.resolve();
      return id in failing ? outcomeOf(failing[id]) : { kind: 'done' };
    },
    { ...options, ...more },
  );
  return { outcomes: Object.fromEntries([...outcomes].map(([{ id }, { kind }]) => [id, kind])), handled };
}

describe('runUnits', () => {
  it.each<[string, string, Record<string, unknown>, Partial<UnitOptions>, Record<string, string>]>([
    ['does all there is', 'a1 b1 a2', {}, {}, { a1: 'done', b1: 'done', a2: 'done' }],
    [
      'holds what follows a failure in its unit',
      'a1 b1 a2 b2 a3',
      { a2: new Error() },
      {},
      { a1: 'done', b1: 'done', a2: 'retry', b2: 'done', a3: 'held' },
    ],
    ['goes on after a rejection', 'a1 a2', { a1: new Reject('broken', 'no') }, {}, { a1: 'rejected', a2: 'done' }],
    [
      'stops a stream at a failure',
      'a1 b1 b2 c1',
      { a1: new Error() },
      { stops: 'batch', parallel: 1 },
      { a1: 'retry', b1: 'held', b2: 'held', c1: 'held' },
    ],
    [
      'goes on with a stream after a rejection',
      'a1 b1',
      { a1: new Reject('broken', 'no') },
      { stops: 'batch', parallel: 1 },
      { a1: 'rejected', b1: 'done' },
    ],
    [
      'hands back what there is no time for',
      'a1 a2 b1',
      {},
      { hasTime: () => false },
      { a1: 'held', a2: 'held', b1: 'held' },
    ],
    ['takes anything thrown for a failure', 'a1 a2', { a1: undefined }, {}, { a1: 'retry', a2: 'held' }],
  ])('%s', async (_, ids, failing, more, expected) => {
    expect((await run(ids, failing, more)).outcomes).toEqual(expected);
  });

  it.each<['unit' | 'batch', Outcome['kind'], string]>([
    ['unit', 'outage', 'held'],
    ['unit', 'deferred', 'done'],
    ['unit', 'retry', 'done'],
    ['batch', 'deferred', 'held'],
  ])('when a failure stops the %s, after %s the other units are %s', async (stops, kind, others) => {
    const first = { kind } as Outcome;
    const handle = async ({ id }: Message): Promise<Outcome> => (id === 'a1' ? first : { kind: 'done' });
    const outcomes = await runUnits(messages('a1 a2 b1'), unitOf, handle, { ...options, stops, parallel: 1 });
    expect([...outcomes.values()].map((outcome) => outcome.kind)).toEqual([kind, 'held', others]);
  });

  it('keeps the order within a unit', async () => {
    const { handled } = await run('a1 b1 a2 b2 a3', {}, { parallel: 1 });
    expect(handled).toEqual(['a1', 'a2', 'a3', 'b1', 'b2']);
  });

  it('asks for the time before every message, not once', async () => {
    let left = 2;
    const hasTime = () => left-- > 0;
    expect((await run('a1 a2 a3', {}, { hasTime })).outcomes).toEqual({ a1: 'done', a2: 'done', a3: 'held' });
  });

  it('holds the rest of an ordered unit behind a rejection, and only there', async () => {
    const { outcomes } = await run('a1 a2 b1', { a1: new Reject('no', 'no') }, { rejectionStops: true });
    expect(outcomes).toEqual({ a1: 'rejected', a2: 'held', b1: 'done' });
  });

  it('goes on behind a rejection whose dead letter is sent', async () => {
    const handled: string[] = [];
    const outcomes = await runUnits(
      messages('a1 a2'),
      unitOf,
      async ({ id }) => {
        handled.push(id);
        return { kind: 'rejected', reason: 'no', error: new Error('no'), sent: true };
      },
      { ...options, rejectionStops: true },
    );
    expect(handled).toEqual(['a1', 'a2']);
    expect(outcomes.size).toBe(2);
  });

  it('runs units side by side', async () => {
    const waiting = new Map<string, () => void>();
    const all = runUnits(
      messages('a1 b1 c1'),
      unitOf,
      ({ id }) => new Promise((resolve) => waiting.set(id, () => resolve({ kind: 'done' }))),
      { ...options, parallel: 2 },
    );
    expect([...waiting.keys()]).toEqual(['a1', 'b1']);
    waiting.get('b1')?.();
    await expect.poll(() => [...waiting.keys()]).toEqual(['a1', 'b1', 'c1']);
    waiting.get('a1')?.();
    waiting.get('c1')?.();
    expect((await all).size).toBe(3);
  });
});
