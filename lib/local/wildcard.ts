/**
 * Whole-text match where `*` stands for any text. A regular expression with as many stars as somebody likes could take for ever; this takes
 * at most the length of the pattern times that of the text.
 * @param one a character of the pattern that stands for any single one. @default none
 */
export function wildcardMatches(pattern: string, text: string, one?: string): boolean {
  let inPattern = 0;
  let inText = 0;
  let star = -1;
  /** Where the text goes on behind what the last star stands for. */
  let behindStar = 0;
  while (inText < text.length) {
    const wanted = pattern[inPattern];
    if (wanted === '*') {
      star = inPattern++;
      behindStar = inText;
    } else if (wanted !== undefined && (wanted === text[inText] || wanted === one)) {
      inPattern++;
      inText++;
    } else if (star >= 0) {
      inPattern = star + 1;
      inText = ++behindStar;
    } else {
      return false;
    }
  }
  while (pattern[inPattern] === '*') inPattern++;
  return inPattern === pattern.length;
}
