import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../lib/runtime/messages/message.ts';
import { runUnits } from '../../../lib/runtime/messages/units.ts';

type Behaviour = 'done' | 'duplicate' | 'reject' | 'retry';

interface Plan {
  readonly unit: string | undefined;
  readonly behaviour: Behaviour;
  /** How many turns of the event loop the handler takes. */
  readonly turns: number;
}

const plans: fc.Arbitrary<Plan[]> = fc.array(
  fc.record({
    unit: fc.constantFrom('a', 'b', 'c', undefined),
    behaviour: fc.constantFrom<Behaviour[]>('done', 'done', 'done', 'duplicate', 'reject', 'retry'),
    turns: fc.nat(5),
  }),
  { maxLength: 20, size: 'max' },
);

const messageOf = ({ unit }: Plan, i: number): Message => ({
  id: String(i),
  body: '',
  unit,
  source: 'test',
  receives: 1,
  firstReceived: 0,
  attributes: {},
});

const unitOf = ({ unit, id }: Message): string => unit ?? `alone-${id}`;

async function execute(planned: readonly Plan[], stops: 'unit' | 'batch', parallel: number, budget: number) {
  const messages = planned.map(messageOf);
  const started: Message[] = [];
  const inUnit = new Map<string, number>();
  const seen = { mostAtOnce: 0, overlapInUnit: false, startedAfterStop: false };
  let running = 0;
  let failed = false;
  let left = budget;
  const outcomes = await runUnits(
    messages,
    unitOf,
    async (message) => {
      const plan = planned[Number(message.id)];
      const unit = unitOf(message);
      started.push(message);
      running += 1;
      inUnit.set(unit, (inUnit.get(unit) ?? 0) + 1);
      seen.mostAtOnce = Math.max(seen.mostAtOnce, running);
      seen.overlapInUnit ||= (inUnit.get(unit) ?? 0) > 1;
      seen.startedAfterStop ||= failed && stops === 'batch';
      for (let turn = 0; turn < (plan?.turns ?? 0); turn++) await new Promise(setImmediate);
      running -= 1;
      inUnit.set(unit, (inUnit.get(unit) ?? 0) - 1);
      if (plan?.behaviour === 'reject') return { kind: 'rejected', reason: 'no', error: new Error('no') };
      if (plan?.behaviour === 'retry') {
        // runUnits sees the failure some microtasks later; only then can it stop the batch.
        setImmediate(() => {
          failed = true;
        });
        return { kind: 'retry', error: new Error('again'), attempt: 1 };
      }
      return { kind: plan?.behaviour === 'duplicate' ? 'duplicate' : 'done' };
    },
    { stops, parallel, rejectionStops: false, hasTime: () => left-- > 0 },
  );
  return { messages, started, outcomes, seen };
}

const KIND = { done: 'done', duplicate: 'duplicate', reject: 'rejected', retry: 'retry' } as const;

describe('runUnits, whatever the batch', () => {
  it('leaves no message without an outcome and handles nothing after a failure in its unit', async () => {
    await fc.assert(
      fc.asyncProperty(
        plans,
        fc.constantFrom('unit' as const, 'batch' as const),
        fc.integer({ min: 1, max: 5 }),
        fc.oneof(fc.nat(20), fc.constant(1_000)),
        async (planned, stops, parallel, budget) => {
          const { messages, started, outcomes, seen } = await execute(planned, stops, parallel, budget);
          expect([...outcomes.keys()]).toEqual(messages);
          expect(seen.mostAtOnce).toBeLessThanOrEqual(parallel);
          expect(seen.overlapInUnit).toBe(false);
          expect(seen.startedAfterStop).toBe(false);
          expect(started.length).toBeLessThanOrEqual(budget);
          for (const unit of Map.groupBy(messages, unitOf).values()) {
            const kinds = unit.map((message) => outcomes.get(message)?.kind);
            const handled = kinds.indexOf('held');
            const prefix = handled === -1 ? kinds : kinds.slice(0, handled);
            // What was handled is a prefix of the unit, in order, and has the outcome its handler gave.
            expect(kinds.slice(prefix.length).every((kind) => kind === 'held')).toBe(true);
            expect(started.filter((message) => unit.includes(message))).toEqual(unit.slice(0, prefix.length));
            expect(prefix).toEqual(
              unit.slice(0, prefix.length).map(({ id }) => KIND[planned[Number(id)]?.behaviour ?? 'done']),
            );
            expect(prefix.slice(0, -1)).not.toContain('retry');
            // Nothing is held without a reason.
            const reason = prefix.at(-1) === 'retry' || budget < messages.length || stops === 'batch';
            if (handled !== -1) expect(reason).toBe(true);
          }
          const anyRetry = [...outcomes.values()].some(({ kind }) => kind === 'retry');
          if (budget >= messages.length && !anyRetry) expect(started.length).toBe(messages.length);
        },
      ),
      { numRuns: 500 },
    );
  });
});
