import fc from 'fast-check';
import { expect, it } from 'vitest';
import { wildcardMatches } from '../../../lib/local/wildcard.ts';

it.each([
  ['', '', true],
  ['', 'a', false],
  ['*', '', true],
  ['a*', 'a', true],
  ['a*b', 'ab', true],
  ['a*b', 'abc', false],
  ['*b', 'abab', true],
  ['a*b*c', 'a-b-b-c', true],
  ['a*b*c', 'a-c-b', false],
  ['**a**', 'a', true],
  ['a.c', 'abc', false],
  ['a?c', 'abc', false],
  ['a*\nb', 'a\n\nb', true],
])('%j and %j: %s', (pattern, text, expected) => {
  expect(wildcardMatches(pattern, text)).toBe(expected);
});

it('agrees with the regular expression, with one character for any', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
  fc.assert(
    fc.property(texts, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 }), (pattern, text) => {
      const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
      expect(wildcardMatches(pattern, text, '?')).toBe(expression.test(text));
    }),
    { numRuns: 2000 },
  );
});
