import { describe, expect, it } from 'vitest';
import { lineDiff } from '../../../bin/terminal/line-diff.ts';

const lines = (...given: readonly (string | number)[]) => given.join('\n');

describe('lineDiff', () => {
  it.each([
    ['nothing', lines('a', 'b'), lines('a', 'b'), []],
    ['a line that changed', lines('a', 'b', 'c'), lines('a', 'x', 'c'), ['  a', '- b', '+ x', '  c']],
    ['a line more', lines('a', 'c'), lines('a', 'b', 'c'), ['  a', '+ b', '  c']],
    ['a line less at the end', lines('a', 'b'), lines('a'), ['  a', '- b']],
    ['all', 'a', 'b', ['- a', '+ b']],
    ['what is common in between', lines('x', 'm', 'n', 'y'), lines('m', 'z', 'n'), ['- x', '  m', '+ z', '  n', '- y']],
    [
      'little of what is far away',
      lines(1, 2, 3, 4, 5, 6, 7, 8, 9),
      lines(1, 2, 3, 4, 'x', 6, 7, 8, 9),
      ['...', '  3', '  4', '- 5', '+ x', '  6', '  7', '...'],
    ],
  ])('shows %s', (_, was, is, shown) => expect(lineDiff(was, is)).toEqual(shown));

  it('takes long texts that have nothing in common in its stride', () => {
    const many = (letter: string) => Array.from({ length: 20_000 }, (_, i) => `${letter}${i}`).join('\n');
    expect(lineDiff(many('a'), many('b'))).toHaveLength(40_000);
  });
});
