/** Lines around a change that are shown. */
const CONTEXT = 2;
/** Pairs of lines that are compared at most; beyond that, all of the middle counts as changed. */
const MAX_PAIRS = 4_000_000;

/**
 * What differs between two texts, line by line: `- ` was, `+ ` is, two spaces stand before lines that both have, `...` for those left out.
 * @returns nothing when they are equal
 */
export function lineDiff(was: string, is: string): string[] {
  const [a, b] = [was.split('\n'), is.split('\n')];
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  if (start === a.length && start === b.length) return [];
  const before = a.slice(0, start).map((line) => `  ${line}`);
  const after = a.slice(a.length - end).map((line) => `  ${line}`);
  const middle = changed(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return shortened([...before, ...middle, ...after]);
}

/** The longest common lines stay, by the lengths of what is common behind each pair. */
function changed(a: readonly string[], b: readonly string[]): string[] {
  const minus = (lines: readonly string[]) => lines.map((line) => `- ${line}`);
  const plus = (lines: readonly string[]) => lines.map((line) => `+ ${line}`);
  if (a.length * b.length > MAX_PAIRS) return [...minus(a), ...plus(b)];
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      lines.push(`  ${a[i]}`);
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) lines.push(`- ${a[i++]}`);
    else lines.push(`+ ${b[j++]}`);
  }
  return [...lines, ...minus(a.slice(i)), ...plus(b.slice(j))];
}

function shortened(lines: readonly string[]): string[] {
  const isChange = (line: string | undefined) => line !== undefined && !line.startsWith('  ');
  const shown = lines.map((_, i) => lines.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some(isChange));
  return lines.flatMap((line, i) => (shown[i] ? [line] : shown[i - 1] || i === 0 ? ['...'] : []));
}
