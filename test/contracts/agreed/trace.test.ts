import { describe, expect, it } from 'vitest';
import { nextTraceparent, traceIdOf } from '../../../lib/contracts/agreed/trace.ts';

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
    ['the version that is none', `ff-${TRACE}-${PARENT}-01`],
    ['a version in upper case', `0A-${TRACE}-${PARENT}-01`],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['a parent id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['zeros in a higher version', `01-${'0'.repeat(32)}-${PARENT}-01`],
    ['a short id', `00-${TRACE.slice(1)}-${PARENT}-01`],
    ['something behind version 00', `00-${TRACE}-${PARENT}-01-more`],
    ['a dash behind version 00', `00-${TRACE}-${PARENT}-01-`],
    ['a line behind version 00', `00-${TRACE}-${PARENT}-01\n`],
    ['something behind a higher version without a dash', `01-${TRACE}-${PARENT}-01more`],
    ['flags that are no number', `00-${TRACE}-${PARENT}-0x`],
    ['no flags', `00-${TRACE}-${PARENT}`],
    ['a space before it', ` 00-${TRACE}-${PARENT}-01`],
  ])('starts a new, sampled trace after %s', (_, previous) => {
    expect(nextTraceparent(previous, fakeRandom)).toBe(`00-${'ab'.repeat(16)}-${'ab'.repeat(8)}-01`);
    expect(traceIdOf(previous)).toBe(undefined);
  });

  it.each([
    ['of a higher version', `01-${TRACE}-${PARENT}-01`, '01'],
    ['of a higher version with more fields', `cc-${TRACE}-${PARENT}-01-what-the-future-holds`, '01'],
    ['of a higher version with flags of its own, not sampled', `01-${TRACE}-${PARENT}-0e`, '00'],
    ['of the highest version', `fe-${TRACE}-${PARENT}-00`, '00'],
  ])('goes on in a trace %s, as version 00', (_, previous, flags) => {
    expect(nextTraceparent(previous, fakeRandom)).toBe(`00-${TRACE}-${'ab'.repeat(8)}-${flags}`);
    expect(traceIdOf(previous)).toBe(TRACE);
  });

  it.each([
    ['01', '01'],
    ['00', '00'],
    ['02', '00'],
    ['03', '01'],
    ['fe', '00'],
    ['ff', '01'],
  ])('hands on no flag but "sampled": %s becomes %s', (flags, next) => {
    expect(nextTraceparent(`00-${TRACE}-${PARENT}-${flags}`, fakeRandom).slice(-2)).toBe(next);
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
