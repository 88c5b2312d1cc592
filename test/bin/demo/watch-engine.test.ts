import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest';
import { countDuplicates } from '../../../bin/demo/duplicates-metric.ts';
import { watchEngine } from '../../../bin/demo/watch-engine.ts';
import type { Terminal } from '../../../bin/terminal/terminal.ts';
import { METRIC_NAMESPACE } from '../../../lib/contracts/agreed/metrics.ts';
import type { Invocation } from '../../../lib/local/engine.ts';
import type { Vitals } from '../../../lib/local/vitals.ts';

const engine = { vitals: () => ({ waiting: 1, inFlight: 2, deadLetters: { dead: 3 }, alarms: ['late'] }), busy: 0 };
const failed = (name: string, errorMessage = 'no answer', trace: readonly string[] = []) =>
  ({ function: name, error: { errorType: 'TypeError', errorMessage, trace } }) as unknown as Invocation;
const done = { function: 'work' } as unknown as Invocation;

function watching() {
  const notes: string[] = [];
  const lines: string[] = [];
  const terminal: Terminal = {
    ...{ json: false, rich: false, note: (text) => void notes.push(text), status: (text) => void lines.push(text) },
    progress: () => ({ step: () => undefined, stop: () => undefined }),
  };
  return { watch: watchEngine(terminal), notes, lines };
}

test('what happened before it began is not counted, what happened since is', () => {
  const { watch, notes, lines } = watching();
  expect(watch.stop()).toBeUndefined();
  for (const one of [done, failed('drill'), failed('drill')]) watch.onInvocation(one);
  expect(notes).toEqual([]);
  watch.start(engine);
  for (const one of [done, failed('work'), done, failed('work')]) watch.onInvocation(one);
  expect(notes).toEqual(['work failed: TypeError: no answer']);
  expect(watch.stop()?.split('\n')).toEqual([
    'In 1 min: 4 invocations, 2 of them failed; 3 messages are left to do',
    'dead letters: 3',
    '  3 in dead',
    'alarms in ALARM: late',
    'functions that failed:',
    '  work, 2 times; first: TypeError: no answer',
  ]);
  expect(lines.at(-1)).toBe('');
  expect(watch.stop()).toBeUndefined();
});

describe('what a function says it failed at', () => {
  const line = (fields: object) => JSON.stringify({ level: 'error', error: 'Odd', errorMessage: 'no', ...fields });
  it.each<[string, string, string | undefined]>([
    ['an error', line({}), 'Odd: no'],
    ['a warning', line({ level: 'WARN' }), 'Odd: no'],
    ['an error in capitals', line({ level: 'ERROR' }), 'Odd: no'],
    ['nothing, by its level', line({ level: 'info' }), undefined],
    ['nothing, without a level', line({ level: undefined }), undefined],
    ['an error without a name', line({ error: undefined }), 'Error: no'],
    ['nothing, when the message is no text', line({ errorMessage: 7 }), undefined],
    ['only the first line of its message', line({ errorMessage: 'one\ntwo' }), 'Odd: one'],
    ['what is as long as is told', line({ errorMessage: 'x'.repeat(195) }), `Odd: ${'x'.repeat(195)}`],
    ['no more than is told', line({ errorMessage: 'x'.repeat(196) }), `Odd: ${'x'.repeat(195)}...`],
    [
      'where in the app',
      line({
        stack:
          'Odd: no\n at a (node:net:1:1)\n at b (/x/node_modules/y.js:1:2)\n at c (lambdas/a.ts:3:4)\n at d (e.ts:5:6)',
      }),
      'Odd: no (lambdas/a.ts:3:4)',
    ],
    ['where, without a function', line({ stack: 'Odd: no\n at lambdas/a.ts:3:4' }), 'Odd: no (lambdas/a.ts:3:4)'],
    ['nothing, when it is no JSON', '{"errorMessage" no', undefined],
    ['nothing, when it is plain text', ` ${line({})}`, undefined],
  ])('is %s', (_, text, told) => {
    const { watch, notes } = watching();
    watch.start(engine);
    for (let n = 0; n < 2; n++) watch.onLog({ function: 'work', line: text } as never);
    expect(notes).toEqual(told === undefined ? [] : [`work failed: ${told}`]);
    expect(watch.stop()?.split('\n').slice(4)).toEqual(
      told === undefined
        ? ['functions that failed: none']
        : ['functions that failed:', `  work, 2 times; first: ${told}`],
    );
  });

  it('is where it died, too', () => {
    const { watch, notes } = watching();
    watch.start(engine);
    watch.onInvocation(failed('work', 'gone', ['at a (lambdas/a.ts:3:4)']));
    watch.stop();
    expect(notes).toEqual(['work failed: TypeError: gone (lambdas/a.ts:3:4)']);
  });
});

describe('while it looks on, once a second', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('tells what is new, what is worse and what is over, and how much goes on', () => {
    const { watch, notes, lines } = watching();
    let vitals: Vitals = { waiting: 0, inFlight: 0, deadLetters: { old: 2 }, alarms: ['before'] };
    watch.start({ vitals: () => vitals, busy: 3 });
    const look = (next: Partial<Vitals>, invocations: number) => {
      vitals = { ...vitals, ...next };
      for (let n = 0; n < invocations; n++) watch.onInvocation(done);
      vi.advanceTimersByTime(1_000);
      return [notes.splice(0), lines.splice(0)];
    };
    expect(look({}, 2)).toEqual([
      [],
      [
        '2 invocations/s, 3 under way  |  0 messages wait, 0 in flight  |  dead letters 2  |  alarms 1  |  failing functions 0',
      ],
    ]);
    expect(look({ deadLetters: { old: 2, new: 1 }, alarms: ['before', 'late'], waiting: 5, inFlight: 4 }, 7)).toEqual([
      ['1 more in dead-letter queue new (1)', 'late went to ALARM'],
      [
        '7 invocations/s, 3 under way  |  5 messages wait, 4 in flight  |  dead letters 3  |  alarms 2  |  failing functions 0',
      ],
    ]);
    watch.onInvocation(failed('work'));
    expect(look({ deadLetters: { old: 5, new: 0 }, alarms: ['late'] }, 0)).toEqual([
      ['work failed: TypeError: no answer', '3 more in dead-letter queue old (5)', 'before is over'],
      [
        '1 invocations/s, 3 under way  |  5 messages wait, 4 in flight  |  dead letters 5  |  alarms 1  |  failing functions 1',
      ],
    ]);
    vi.advanceTimersByTime(146_000);
    expect(watch.stop()?.split('\n')).toEqual([
      'In 2 min: 10 invocations, 1 of them failed; 9 messages are left to do',
      'dead letters: 5',
      '  5 in old',
      '  0 in new',
      'alarms in ALARM: late',
      'functions that failed:',
      '  work, 1 times; first: TypeError: no answer',
    ]);
    lines.splice(0);
    vi.advanceTimersByTime(10_000);
    expect(lines).toEqual([]);
  });
});

test('duplicates are added up by consumer, from their own metrics and nothing else', () => {
  const duplicates = countDuplicates();
  const metric = (fields: object) =>
    JSON.stringify({ _aws: { CloudWatchMetrics: [{ Namespace: METRIC_NAMESPACE }] }, ...fields });
  for (const line of [
    metric({ subscription: 'a', Duplicates: [1, 2] }),
    metric({ subscription: 'b', Duplicates: [4] }),
    metric({ subscription: 'a', Duplicates: [8] }),
    metric({ subscription: 'a', Handled: [16] }),
    metric({ subscription: 'a', Duplicates: 32 }),
    metric({ Duplicates: [64] }),
    metric({ subscription: 'a', Duplicates: [128] }).replace(METRIC_NAMESPACE, 'Other'),
    ` ${metric({ subscription: 'a', Duplicates: [256] })}`,
    'a plain line',
  ])
    duplicates.see(line);
  const counts = duplicates.bySubscription();
  expect(counts).toEqual({ a: 11, b: 4 });
  duplicates.see(metric({ subscription: 'a', Duplicates: [1] }));
  expect(counts).toEqual({ a: 11, b: 4 });
});
