import { expect, test } from 'vitest';
import { parsePattern } from '../../../lib/local/logs/filter-pattern.ts';

const JSON_LINE = JSON.stringify({
  level: 'error',
  count: 7,
  ok: true,
  nothing: null,
  user: { name: 'ada lovelace', roles: ['admin'] },
});

test.each<[string, string, boolean]>([
  ['', 'anything', true],
  ['ERROR', '[ERROR] it broke', true],
  ['ERROR', 'all is well', false],
  ['ERROR broke', '[ERROR] it broke', true],
  ['"it broke"', '[ERROR] it broke', true],
  ['"broke it"', '[ERROR] it broke', false],
  ['?ERROR ?WARN', '[WARN] hm', true],
  ['?ERROR ?WARN', '[INFO] fine', false],
  ['ERROR -Exiting', '[ERROR] it broke', true],
  ['ERROR -Exiting', '[ERROR] Exiting', false],
  ['{ $.level = "error" }', JSON_LINE, true],
  ['{ $.level = "err*" }', JSON_LINE, true],
  ['{ $.level = "e.ror" }', JSON_LINE, false],
  ['{ $.level != "info" }', JSON_LINE, true],
  ['{ $.count > 6 && $.count <= 7 }', JSON_LINE, true],
  ['{ $.count = 8 || $.level = error }', JSON_LINE, true],
  ['{ $.count < 7 }', JSON_LINE, false],
  ['{ $.user.name = "ada*" }', JSON_LINE, true],
  ['{ $.user.roles[0] = "admin" }', JSON_LINE, true],
  ['{ $.ok IS TRUE }', JSON_LINE, true],
  ['{ $.nothing IS NULL }', JSON_LINE, true],
  ['{ $.missing NOT EXISTS }', JSON_LINE, true],
  ['{ $.level EXISTS }', 'no JSON', false],
])('%s on %s: %s', (pattern, line, passes) => expect(parsePattern(pattern)(line)).toBe(passes));

test.each(['[ip, user]', '%ERR.*%', '{ $.level = ', '{ level = "x" }', '{ ($.a = 1) }'])('refused: %s', (pattern) => {
  expect(() => parsePattern(pattern)).toThrow();
});
