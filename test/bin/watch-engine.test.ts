import { expect, test } from 'vitest';
import type { Terminal } from '../../bin/terminal.ts';
import { watchEngine } from '../../bin/watch-engine.ts';
import type { Invocation } from '../../lib/local/engine.ts';

const engine = { vitals: () => ({ waiting: 1, inFlight: 2, deadLetters: { dead: 3 }, alarms: ['late'] }), busy: 0 };
const failed = (name: string) =>
  ({
    function: name,
    error: { errorType: 'TypeError', errorMessage: 'no answer', trace: [] },
  }) as unknown as Invocation;
const done = { function: 'work' } as unknown as Invocation;

test('what happened before it began is not counted, what happened since is', () => {
  const notes: string[] = [];
  const terminal: Terminal = {
    ...{ json: false, rich: false, note: (text) => void notes.push(text), status: () => undefined },
    progress: () => ({ step: () => undefined, stop: () => undefined }),
  };
  const watch = watchEngine(terminal);
  expect(watch.stop()).toBeUndefined();
  for (const one of [done, failed('drill'), failed('drill')]) watch.onInvocation(one);
  expect(notes).toEqual([]);
  watch.start(engine);
  for (const one of [done, failed('work'), done, failed('work')]) watch.onInvocation(one);
  expect(notes).toEqual([expect.stringContaining('work failed: TypeError: no answer')]);
  expect(watch.stop()?.split('\n')).toEqual([
    'In 1 min: 4 invocations, 2 of them failed; 3 messages are left to do',
    'dead letters: 3',
    '  3 in dead',
    'alarms in ALARM: late',
    'functions that failed:',
    '  work, 2 times; first: TypeError: no answer',
  ]);
});
