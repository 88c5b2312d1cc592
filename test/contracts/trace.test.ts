import { describe, expect, it } from 'vitest';
import { nextTraceparent, traceIdOf } from '../../lib/contracts/trace.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const fakeRandom = (bytes: number): string => 'ab'.repeat(bytes);

describe('trace context', () => {
  it('goes on in the same trace with a new parent and the same flags', () => {
    expect(nextTraceparent(`00-${TRACE}-${PARENT}-00`, fakeRandom)).toBe(`00-${TRACE}-${'ab'.repeat(8)}-00`);
  });

  it.each([
    ['nothing', undefined],
    ['an empty one', ''],
    ['upper case', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
    ['another version', `01-${TRACE}-${PARENT}-01`],
    ['a short id', `00-${TRACE.slice(1)}-${PARENT}-01`],
    ['something behind it', `00-${TRACE}-${PARENT}-01-more`],
  ])('starts a new, sampled trace after %s', (_, previous) => {
    expect(nextTraceparent(previous, fakeRandom)).toBe(`00-${'ab'.repeat(16)}-${'ab'.repeat(8)}-01`);
    expect(traceIdOf(previous)).toBe(undefined);
  });

  it('draws ids of its own', () => {
    const [one, two] = [nextTraceparent(undefined), nextTraceparent(undefined)];
    expect(one).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(traceIdOf(one)).not.toBe(traceIdOf(two));
  });

  it('names the trace id of a traceparent', () => {
    expect(traceIdOf(`00-${TRACE}-${PARENT}-01`)).toBe(TRACE);
  });
});
