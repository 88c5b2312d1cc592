/**
 * Cuts a text into the matches of a sticky pattern, one after the other.
 * @param fail makes the error for a rest that the pattern does not match
 * @throws what `fail` makes
 */
export function matchesIn(source: string, pattern: RegExp, fail: (rest: string) => Error): RegExpExecArray[] {
  const matches: RegExpExecArray[] = [];
  const text = source.trimEnd();
  pattern.lastIndex = 0;
  while (pattern.lastIndex < text.length) {
    const from = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) throw fail(text.slice(from));
    matches.push(match);
  }
  return matches;
}
