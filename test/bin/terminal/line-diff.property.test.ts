import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineDiff } from '../../../bin/terminal/line-diff.ts';

/** Few lines, of few kinds, so that much is common in many ways. */
const texts = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 8 });

/** The length of the longest common lines, the plain way. */
function common(a: readonly string[], b: readonly string[]): number {
  const [first, ...rest] = a;
  if (first === undefined || b.length === 0) return 0;
  const at = b.indexOf(first);
  return Math.max(common(rest, b), at < 0 ? 0 : 1 + common(rest, b.slice(at + 1)));
}

/** The lines that stand in what is shown under one of the signs. */
const of = (shown: readonly string[], ...signs: readonly string[]): string[] =>
  shown.filter((line) => signs.includes(line.slice(0, 2))).map((line) => line.slice(2));

describe('lineDiff', () => {
  it('shows as few changes as there can be', () => {
    fc.assert(
      fc.property(texts, texts, (was, is) => {
        const shown = lineDiff(was.join('\n'), is.join('\n'));
        const same = common(was, is);
        expect([of(shown, '- ').length, of(shown, '+ ').length]).toEqual([was.length - same, is.length - same]);
      }),
      { numRuns: 500 },
    );
  });

  it('holds both texts, as far as it leaves nothing out, and nothing else', () => {
    fc.assert(
      fc.property(texts, texts, (was, is) => {
        const shown = lineDiff(was.join('\n'), is.join('\n'));
        if (shown.length === 0) expect(was).toEqual(is);
        else if (!shown.includes('...')) {
          expect(of(shown, '  ', '- ')).toEqual(was);
          expect(of(shown, '  ', '+ ')).toEqual(is);
        }
      }),
      { numRuns: 500 },
    );
  });
});
